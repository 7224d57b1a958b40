import { beforeEach, describe, expect, it, vi } from "vitest";
import { useFakeLocks } from "./fakeLocks";
import { Tabs } from "./tabs";

beforeEach(useFakeLocks);

async function openTab(scope = "project user") {
  const log = { others: [] as number[], gone: [] as string[] };
  const tab = new Tabs(scope, {
    onOthers: (numOthers) => log.others.push(numOthers),
    onGone: (tabId) => log.gone.push(tabId),
  });
  await tab.open();
  return { tab, log };
}

describe("Tabs", () => {
  it("know of each other, whichever came first, and of those in other projects nothing", async () => {
    const first = await openTab();
    const second = await openTab();
    const elsewhere = await openTab("other user");
    await vi.waitFor(() => expect(first.log.others).toEqual([1]));
    expect([second.tab.numOthers, elsewhere.tab.numOthers]).toEqual([1, 0]);
    expect(second.tab.isAlive(first.tab.id)).toBe(true);
    for (const { tab } of [first, second, elsewhere]) tab.close();
  });

  it("learn when another is gone", async () => {
    const first = await openTab();
    const second = await openTab();
    first.tab.close();
    await vi.waitFor(() => expect(second.log.gone).toEqual([first.tab.id]));
    expect(second.tab.isAlive(first.tab.id)).toBe(false);
    expect(second.tab.numOthers).toBe(0);
    second.tab.close();
  });

  it("take themselves for the only one where there are no locks", async () => {
    Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
    const { tab } = await openTab();
    expect([tab.numOthers, tab.isAlive("another"), tab.isAlive(tab.id)]).toEqual([0, false, true]);
    tab.close();
  });
});
