import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Assignment } from "@/api/types";
import { type PackedMap, pack } from "@/editing/packedMap";
import { NO_COST } from "./cost";
import type { HeldWork, KeptWork } from "./records";
import type { StorageTrouble } from "./shelf";
import { LocalStore } from "./store";

const OWNER = { projectId: "p", userId: "user" };
let store: LocalStore;
let troubles: (StorageTrouble | null)[];
let numStores = 0;

const open = (name = `store-${numStores}`) => new LocalStore(name, (trouble) => troubles.push(trouble));

beforeEach(() => {
  numStores++;
  troubles = [];
  store = open();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store.close();
});

const held = (
  assignmentId: string,
  tabId: string,
  labelMap: PackedMap | null,
  savedAt: number,
): HeldWork => ({
  assignmentId,
  ...OWNER,
  tabId,
  assignment: { id: assignmentId } as Assignment,
  labelMap,
  cost: NO_COST,
  isRevision: false,
  savedAt,
});
const PAINTED = pack(Uint8Array.from([1, 255]), { width: 2, height: 1 });
const skip = (assignmentId: string) => ({
  assignmentId,
  ...OWNER,
  what: { kind: "skip", reason: "" } as const,
});
const kept = (assignmentId: string): KeptWork => ({
  assignmentId,
  ...OWNER,
  queryId: "q",
  filename: "a.png",
  bbox: [0, 0, 2, 1],
  labelMapPng: "AA==",
  cost: NO_COST,
  isRevision: false,
  reason: "taken",
  detail: "",
  keptAt: 1,
});

/** From now on the browser says that its storage is full. */
function fill() {
  return vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
    throw new DOMException("no room", "QuotaExceededError");
  });
}

describe("LocalStore", () => {
  it("gives what a closed tab left to one tab, what was painted last first", async () => {
    await store.hold(held("untouched", "gone", null, 9));
    await store.hold(held("early", "gone", PAINTED, 1));
    await store.hold(held("late", "gone", PAINTED, 2));
    await store.hold(held("others", "alive", PAINTED, 3));
    const isAlive = (tabId: string) => tabId !== "gone";
    const [first, second] = await Promise.all([
      store.takeOver(OWNER, "one", isAlive),
      store.takeOver(OWNER, "two", isAlive),
    ]);
    expect(first.map((work) => work.assignmentId)).toEqual(["late", "early", "untouched"]);
    expect(first[0].labelMap).toEqual(PAINTED);
    expect(second).toEqual([]);
  });

  it("leaves other people's work and other projects alone", async () => {
    await store.hold(held("a", "gone", PAINTED, 1));
    expect(await store.takeOver({ ...OWNER, userId: "other" }, "one", () => false)).toEqual([]);
    expect(await store.takeOver({ ...OWNER, projectId: "other" }, "one", () => false)).toEqual([]);
  });

  it("hands work over to the outbox in one step", async () => {
    await store.hold(held("a", "tab", PAINTED, 1));
    await store.queue(skip("a"));
    expect(await store.heldIds("p", "user")).toEqual([]);
    expect((await store.pending("user")).map(({ assignmentId }) => assignmentId)).toEqual(["a"]);
  });

  it("keeps the order in which answers were given, also within one millisecond", async () => {
    for (const id of ["a", "b", "c", "d"]) await store.queue(skip(id));
    expect((await store.pending("user")).map(({ assignmentId }) => assignmentId)).toEqual([
      "a",
      "b",
      "c",
      "d",
    ]);
  });

  it("goes on in memory while the storage is full, says so, and moves it all back once there is room", async () => {
    await store.hold(held("a", "tab", PAINTED, 1));
    const full = fill();
    await store.hold(held("b", "tab", PAINTED, 2));
    await store.queue(skip("a"));
    await store.keep(kept("c"));
    expect(troubles).toEqual(["full"]);
    expect(store.numInMemory).toBe(3);
    expect(await store.pending("user")).toHaveLength(1);
    expect(await store.keptOf("p", "user")).toHaveLength(1);

    full.mockRestore();
    await store.hold(held("d", "tab", PAINTED, 3));
    expect(troubles).toEqual(["full", null]);
    expect(store.numInMemory).toBe(0);
    const later = open();
    expect(await later.pending("user")).toHaveLength(1);
    expect((await later.heldIds("p", "user")).sort()).toEqual(["b", "d"]);
    await later.close();
  });

  it("works in memory where the browser has no storage at all", async () => {
    vi.spyOn(indexedDB, "open").mockImplementation(() => {
      throw new DOMException("not for you", "SecurityError");
    });
    const without = open("none");
    await without.hold(held("a", "tab", PAINTED, 1));
    await without.queue(skip("a"));
    expect(await without.pending("user")).toHaveLength(1);
    expect(await without.takeOver(OWNER, "tab", () => false)).toEqual([]);
    expect(troubles).toEqual(["unavailable"]);
  });

  it("keeps work aside until it is dropped", async () => {
    await store.hold(held("a", "tab", PAINTED, 1));
    await store.keep(kept("a"));
    expect(await store.heldIds("p", "user")).toEqual([]);
    expect((await store.keptOf("p", "user")).map(({ reason }) => reason)).toEqual(["taken"]);
    await store.dropKept("a");
    expect(await store.keptOf("p", "user")).toEqual([]);
  });
});
