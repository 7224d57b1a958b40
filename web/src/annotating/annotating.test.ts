import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiError, NetworkError } from "@/api/http";
import type { AnnotationBody, Assignment } from "@/api/types";
import { ClassDigits } from "./classDigits";
import { holderOf, shortcutOf, withOverrides } from "./keymap";
import { Outbox, type OutboxState } from "./outbox";
import { saveStateOf } from "./state";
import { LocalStore, type PendingSubmit } from "./store";
import { IDLE_AFTER_MS, WorkTimer } from "./workTimer";

const BODY: AnnotationBody = { label_map_png: "AA==", seconds_spent: 1, num_clicks: 2, kind: "exact" };

let store: LocalStore;
let numStores = 0;

beforeEach(async () => {
  store = await LocalStore.open(`test-${numStores++}`);
});
afterEach(() => store.close());

/** An outbox on a server that answers with what `answers` holds, in turn. */
function outboxOn(answers: (null | Error)[]) {
  const log = { sent: [] as string[], refused: [] as number[], states: [] as OutboxState[] };
  let settle: () => void = () => {};
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const outbox = new Outbox(
    store,
    "user",
    async (id) => {
      const answer = answers.shift();
      if (answer) throw answer;
      log.sent.push(id);
    },
    {
      onState: (state) => {
        log.states.push(state);
        if (state !== "saving") settle();
      },
      onSent: () => {},
      onRefused: (_: PendingSubmit, error) => log.refused.push(error.status),
    },
  );
  return { outbox, log, settled };
}

describe("Outbox", () => {
  it("sends answers in order and keeps none of them", async () => {
    await store.queueSubmit({ assignmentId: "a", projectId: "p", userId: "user", body: BODY, queuedAt: 1 });
    await store.queueSubmit({ assignmentId: "b", projectId: "p", userId: "user", body: BODY, queuedAt: 2 });
    const { outbox, log, settled } = outboxOn([]);
    outbox.kick();
    await settled;
    expect(log.sent).toEqual(["a", "b"]);
    expect(await store.pendingSubmits("user")).toEqual([]);
    outbox.dispose();
  });

  it("keeps an answer that the network swallowed, and sends it when woken", async () => {
    const { outbox, log, settled } = outboxOn([new NetworkError()]);
    await outbox.add({ assignmentId: "a", projectId: "p", body: BODY });
    await settled;
    expect(log.states.at(-1)).toBe("offline");
    expect(await store.pendingSubmits("user")).toHaveLength(1);
    outbox.dispose();
    const later = outboxOn([]);
    later.outbox.kick();
    await later.settled;
    expect(later.log.sent).toEqual(["a"]);
    later.outbox.dispose();
  });

  it("tells of an answer the server refuses and goes on with the next", async () => {
    await store.queueSubmit({ assignmentId: "a", projectId: "p", userId: "user", body: BODY, queuedAt: 1 });
    await store.queueSubmit({ assignmentId: "b", projectId: "p", userId: "user", body: BODY, queuedAt: 2 });
    const { outbox, log, settled } = outboxOn([new ApiError(409, "lease lost")]);
    outbox.kick();
    await settled;
    expect(log.refused).toEqual([409]);
    expect(log.sent).toEqual(["b"]);
    outbox.dispose();
  });

  it("never sends another person's answers", async () => {
    await store.queueSubmit({ assignmentId: "a", projectId: "p", userId: "other", body: BODY, queuedAt: 1 });
    const { outbox, log, settled } = outboxOn([]);
    outbox.kick();
    await settled;
    expect(log.sent).toEqual([]);
    outbox.dispose();
  });
});

describe("LocalStore", () => {
  const kept = (assignmentId: string, savedAt: number) => ({
    assignmentId,
    projectId: "p",
    userId: "user",
    assignment: { id: assignmentId } as Assignment,
    labelMap: Uint8Array.from([1, 255]),
    seconds: 3,
    numClicks: 1,
    savedAt,
  });

  it("gives back work as it was painted, the latest first", async () => {
    await store.keepWork(kept("a", 1));
    await store.keepWork(kept("b", 2));
    const works = await store.workOf("p", "user");
    expect(works.map((work) => work.assignmentId)).toEqual(["b", "a"]);
    expect([...works[0].labelMap]).toEqual([1, 255]);
    expect(await store.workOf("other project", "user")).toEqual([]);
  });

  it("hands work over to the outbox in one step", async () => {
    await store.keepWork(kept("a", 1));
    await store.queueSubmit({ assignmentId: "a", projectId: "p", userId: "user", body: BODY, queuedAt: 1 });
    expect(await store.workOf("p", "user")).toEqual([]);
    expect(await store.pendingSubmits("user")).toHaveLength(1);
  });

  it("does not drop a newer answer to the same region when the older one has been sent", async () => {
    const older = { assignmentId: "a", projectId: "p", userId: "user", body: BODY, queuedAt: 1 };
    await store.queueSubmit(older);
    await store.queueSubmit({ ...older, queuedAt: 2 });
    await store.dropSubmit(older);
    expect((await store.pendingSubmits("user")).map((submit) => submit.queuedAt)).toEqual([2]);
  });
});

describe("WorkTimer", () => {
  it("counts work and cuts idle time", () => {
    let now = 0;
    const timer = new WorkTimer(2, () => now);
    timer.touch();
    now = 5_000;
    timer.touch();
    now += 10 * IDLE_AFTER_MS;
    expect(timer.seconds).toBe(2 + 5 + IDLE_AFTER_MS / 1000);
  });

  it("counts nothing while paused", () => {
    let now = 0;
    const timer = new WorkTimer(0, () => now);
    timer.touch();
    now = 1_000;
    timer.pause();
    now = 9_000;
    timer.touch();
    expect(timer.seconds).toBe(1);
  });
});

describe("ClassDigits", () => {
  it("takes 1-9 at once and two digits after 0", () => {
    const digits = new ClassDigits(() => 0);
    expect(digits.press("7")).toBe(7);
    expect(["0", "1", "2"].map((digit) => digits.press(digit))).toEqual([null, null, 12]);
    expect(digits.press("3")).toBe(3);
  });

  it("forgets a 0 that nothing followed", () => {
    let now = 0;
    const digits = new ClassDigits(() => now);
    digits.press("0");
    now = 5_000;
    expect(digits.press("4")).toBe(4);
  });
});

describe("keymap", () => {
  const press = (key: string, code: string, mods = {}) =>
    shortcutOf({ key, code, ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, ...mods });

  it("writes key presses as shortcuts, and keeps digits, Space and modifiers for themselves", () => {
    expect(press("q", "KeyQ")).toBe("q");
    expect(press("Q", "KeyQ", { shiftKey: true })).toBe("Shift+q");
    expect(press("z", "KeyY", { ctrlKey: true })).toBe("Control+z");
    expect(press("Enter", "Enter", { ctrlKey: true })).toBe("Control+Enter");
    expect([press("3", "Digit3"), press(" ", "Space"), press("Shift", "ShiftLeft")]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it("lets a person's key win over the default", () => {
    const action = {
      id: "brush",
      label: "",
      group: "",
      shortcuts: ["b"],
      isAvailable: () => true,
      perform: () => {},
    };
    expect(withOverrides([action], { brush: ["q"] })[0].shortcuts).toEqual(["q"]);
    expect(withOverrides([action], {})[0].shortcuts).toEqual(["b"]);
  });

  it("knows who has a key, however it is written", () => {
    const action = (id: string, ...shortcuts: string[]) => ({
      id,
      label: id,
      shortcuts,
      group: "g",
      isAvailable: () => true,
      perform() {},
    });
    const actions = [
      action("undo", "$mod+z"),
      action("fit", "Shift+Digit1"),
      action("smaller", "BracketLeft"),
      action("help", "Shift+?", "?"),
    ];
    const holder = (shortcut: string) => holderOf(actions, "brush", shortcut)?.id ?? null;
    expect(["Control+z", "Control+KeyZ", "Shift+1", "[", "?", "z"].map(holder)).toEqual([
      "undo",
      "undo",
      "fit",
      "smaller",
      "help",
      null,
    ]);
    expect(holderOf(actions, "undo", "Control+z")).toBeNull();
  });
});

describe("small rules", () => {
  it("is only saved when both the answers and the draft are", () => {
    expect(saveStateOf({ outbox: "saved", draft: "saved" })).toBe("saved");
    expect(saveStateOf({ outbox: "saving", draft: "saved" })).toBe("saving");
    expect(saveStateOf({ outbox: "saving", draft: "offline" })).toBe("offline");
  });
});
