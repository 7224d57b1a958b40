import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, NetworkError } from "@/api/http";
import type { AnnotationBody } from "@/api/types";
import { useFakeLocks } from "./fakeLocks";
import { isRefusal, mayPass, Outbox, type OutboxState } from "./outbox";
import type { Pending } from "./records";
import { LocalStore } from "./store";

const BODY: AnnotationBody = {
  label_map_png: "AA==",
  seconds_spent: 1,
  num_clicks: 2,
  num_strokes: 3,
  num_keys: 4,
  kind: "exact",
};

let store: LocalStore;
let numStores = 0;

beforeEach(() => {
  useFakeLocks();
  store = new LocalStore(`outbox-${numStores++}`);
});
afterEach(() => store.close());

const answer = (assignmentId: string, userId = "user") => ({
  assignmentId,
  projectId: "p",
  userId,
  what: { kind: "answer", body: BODY, isRevision: false, queryId: "q", filename: "a.png", bbox: [] } as const,
});

/** An outbox on a server that answers with what `answers` holds, in turn. */
function outboxOn(answers: (null | Error)[]) {
  const log = { sent: [] as string[], refused: [] as string[], states: [] as OutboxState[] };
  const send = async ({ assignmentId }: Pending) => {
    const outcome = answers.shift();
    if (outcome) throw outcome;
    log.sent.push(assignmentId);
  };
  const outbox = new Outbox(store, "user", send, {
    onState: (state) => log.states.push(state),
    onSent: () => {},
    onRefused: async ({ assignmentId }) => {
      log.refused.push(assignmentId);
    },
  });
  const settled = (state: OutboxState) => vi.waitFor(() => expect(log.states.at(-1)).toBe(state));
  return { outbox, log, settled };
}

describe("Outbox", () => {
  it("sends in order and keeps nothing that was sent", async () => {
    for (const id of ["a", "b", "c"]) await store.queue(answer(id));
    const { outbox, log, settled } = outboxOn([]);
    outbox.kick();
    await settled("saved");
    expect(log.sent).toEqual(["a", "b", "c"]);
    expect(await store.pending("user")).toEqual([]);
    outbox.dispose();
  });

  it("sends two answers to the same region one after the other, as they were given", async () => {
    await store.queue(answer("a"));
    await store.queue({ ...answer("a"), what: { ...answer("a").what, isRevision: true } });
    const { outbox, log, settled } = outboxOn([]);
    outbox.kick();
    await settled("saved");
    expect(log.sent).toEqual(["a", "a"]);
    outbox.dispose();
  });

  it("keeps an answer that the network swallowed, with all behind it, and sends them when woken", async () => {
    await store.queue(answer("a"));
    await store.queue(answer("b"));
    const { outbox, log, settled } = outboxOn([new NetworkError()]);
    outbox.kick();
    await settled("offline");
    expect(log.sent).toEqual([]);
    expect(await store.pending("user")).toHaveLength(2);
    outbox.kick();
    await settled("saved");
    expect(log.sent).toEqual(["a", "b"]);
    outbox.dispose();
  });

  it("hands over what the server refuses and goes on with the next", async () => {
    for (const id of ["a", "b", "c"]) await store.queue(answer(id));
    const { outbox, log, settled } = outboxOn([new ApiError(409, "taken"), null, new ApiError(422, "wrong")]);
    outbox.kick();
    await settled("saved");
    expect(log).toMatchObject({ sent: ["b"], refused: ["a", "c"] });
    outbox.dispose();
  });

  it("lets others pass an answer at which the server itself stumbles, and keeps it", async () => {
    await store.queue(answer("a"));
    await store.queue(answer("b"));
    const stumble = () => new ApiError(500, "");
    const { outbox, log } = outboxOn([stumble(), stumble(), stumble(), null]);
    for (let round = 1; round <= 3; round++) {
      outbox.kick();
      await vi.waitFor(() => expect(log.states.filter((state) => state === "offline")).toHaveLength(round));
    }
    expect(log.sent).toEqual(["b"]);
    expect((await store.pending("user")).map(({ assignmentId }) => assignmentId)).toEqual(["a"]);
    outbox.dispose();
  });

  it("never sends another person's answers", async () => {
    await store.queue(answer("a", "other"));
    const { outbox, log, settled } = outboxOn([]);
    outbox.kick();
    await settled("saved");
    expect(log.sent).toEqual([]);
    outbox.dispose();
  });

  it("sends each answer once when two tabs try at the same time", async () => {
    for (const id of ["a", "b", "c", "d"]) await store.queue(answer(id));
    const tabs = [outboxOn([]), outboxOn([])];
    for (const { outbox } of tabs) outbox.kick();
    for (const { settled } of tabs) await settled("saved");
    expect(tabs.flatMap(({ log }) => log.sent).sort()).toEqual(["a", "b", "c", "d"]);
    for (const { outbox } of tabs) outbox.dispose();
  });

  it("says whether the server could be reached, whatever it said", async () => {
    await store.queue(answer("a"));
    const { outbox } = outboxOn([new NetworkError(), new ApiError(409, "")]);
    expect([await outbox.flush(), await outbox.flush()]).toEqual([false, true]);
    outbox.dispose();
  });

  it("sends what comes in while it sends", async () => {
    const { outbox, log, settled } = outboxOn([]);
    await Promise.all([outbox.add(answer("a")), outbox.add(answer("b")), outbox.add(answer("c"))]);
    await settled("saved");
    await vi.waitFor(() => expect(log.sent).toEqual(["a", "b", "c"]));
    outbox.dispose();
  });
});

describe("what a failure means", () => {
  it("tries again what may pass, and only that", () => {
    const passing = [
      new NetworkError(),
      ...[401, 408, 429, 500, 503].map((status) => new ApiError(status, "")),
    ];
    const final = [403, 404, 409, 413, 422].map((status) => new ApiError(status, ""));
    expect(passing.map(mayPass)).toEqual(passing.map(() => true));
    expect(final.map(isRefusal)).toEqual(final.map(() => true));
    expect([...passing.map(isRefusal), ...final.map(mayPass)]).not.toContain(true);
    expect(mayPass(new TypeError("a mistake of ours"))).toBe(false);
  });
});
