import { randomId } from "./store";

/** How long a tab that has just been left may seem alive. */
const GHOST_MS = 300;

export interface TabEvents {
  /** Another tab of the same person on the same project was opened or closed. */
  onOthers(numOthers: number): void;
  /** That tab is gone, closed or crashed: what it held is free to be taken over. */
  onGone(tabId: string): void;
}

/**
 * The tabs of one person on one project in this browser.
 *
 * Each holds a lock of its own as long as it lives, which the browser lets go even when the tab crashes. Tabs wait
 * for each other's locks: whoever gets one knows that its tab is gone. A channel tells them of newcomers.
 * Where there are no locks (plain http from another machine) a tab takes itself for the only one.
 */
export class Tabs {
  readonly id = randomId();
  private readonly others = new Set<string>();
  private readonly closing = new AbortController();
  private channel: BroadcastChannel | null = null;

  constructor(
    private readonly scope: string,
    private readonly events: TabEvents,
  ) {}

  /** Take this tab's lock, find the others, tell them. */
  async open(): Promise<void> {
    if (!navigator.locks) return;
    await this.holdOwnLock();
    this.channel = new BroadcastChannel(this.nameOf(""));
    this.channel.onmessage = (event: MessageEvent<string>) => this.watch(event.data);
    const { held = [] } = await navigator.locks.query();
    for (const { name } of held) {
      if (name?.startsWith(this.nameOf(""))) this.watch(name.slice(this.nameOf("").length));
    }
    this.channel.postMessage(this.id);
    await this.letGhostsGo();
  }

  isAlive(tabId: string): boolean {
    return tabId === this.id || this.others.has(tabId);
  }

  get numOthers(): number {
    return this.others.size;
  }

  close(): void {
    this.closing.abort();
    this.channel?.close();
  }

  private nameOf(tabId: string): string {
    return `segloop-tab ${this.scope} ${tabId}`;
  }

  /** After a reload the page that was there before still holds its lock for a moment. */
  private async letGhostsGo(): Promise<void> {
    const until = performance.now() + GHOST_MS;
    while (this.others.size > 0 && performance.now() < until) {
      await new Promise((next) => setTimeout(next, GHOST_MS / 10));
    }
  }

  private holdOwnLock(): Promise<void> {
    return new Promise((taken) => {
      const untilClosed = new Promise<void>((closed) =>
        this.closing.signal.addEventListener("abort", () => closed()),
      );
      void navigator.locks.request(this.nameOf(this.id), async () => {
        taken();
        await untilClosed;
      });
    });
  }

  private watch(tabId: string): void {
    if (this.isAlive(tabId) || this.closing.signal.aborted) return;
    this.others.add(tabId);
    this.events.onOthers(this.others.size);
    navigator.locks
      .request(this.nameOf(tabId), { signal: this.closing.signal }, () => this.gone(tabId))
      .catch(() => {}); // aborted: this tab closes
  }

  private gone(tabId: string): void {
    this.others.delete(tabId);
    this.events.onOthers(this.others.size);
    this.events.onGone(tabId);
  }
}

/** Run one after the other, whatever tab asks: where there are no locks, at once. */
export async function oneAtATime(name: string, run: () => Promise<void>): Promise<void> {
  if (navigator.locks) await navigator.locks.request(name, run);
  else await run();
}
