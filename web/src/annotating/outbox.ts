import { ApiError, NetworkError } from "@/api/http";
import type { Pending } from "./records";
import type { LocalStore } from "./store";
import { oneAtATime } from "./tabs";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 8_000;
/** An answer at which the server itself stumbles this often lets the ones behind it pass. */
const MAX_STUMBLES = 3;

export type OutboxState = "saved" | "saving" | "offline";

export interface OutboxEvents {
  onState(state: OutboxState, numPending: number): void;
  onSent(pending: Pending): void;
  /** The server will not take this, now or later. It leaves the outbox once this is done. */
  onRefused(pending: Pending, error: ApiError): Promise<void>;
}

/**
 * Answers on their way to the server: sent one after the other in the background, in the order they were given, kept
 * in the browser until the server has them, sent again after failures.
 *
 * All tabs share what is pending, and only one sends at a time. Should an answer's receipt get lost, sending it
 * again is harmless: the server knows the same answer.
 */
export class Outbox {
  private isAsking = false;
  private isAskedAgain = false;
  private isClosed = false;
  private isFinishing = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private retryMs = FIRST_RETRY_MS;
  private readonly lock: string;
  private readonly stumbles = new Map<string, number>();

  constructor(
    private readonly store: LocalStore,
    private readonly userId: string,
    private readonly send: (pending: Pending) => Promise<unknown>,
    private readonly events: OutboxEvents,
  ) {
    this.lock = `segloop-outbox ${userId}`;
  }

  async add(pending: Omit<Pending, "id" | "sequence">): Promise<void> {
    await this.store.queue(pending);
    this.kick();
  }

  /** Try now, not when the next retry is due. */
  kick(): void {
    clearTimeout(this.timer);
    void this.drain();
  }

  /** Send everything now. Returns false when the server cannot be reached. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    let isReachable = true;
    await oneAtATime(this.lock, async () => {
      isReachable = await this.sendAll();
    });
    return isReachable;
  }

  /** The page is left for another of this program: send what is left, then rest. */
  finish(): void {
    this.isFinishing = true;
    this.kick();
  }

  dispose(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  /** One request for the lock at a time: whatever comes meanwhile is looked at when it is granted, or after. */
  private async drain(): Promise<void> {
    if (this.isClosed) return;
    if (this.isAsking) {
      this.isAskedAgain = true;
      return;
    }
    this.isAsking = true;
    try {
      do {
        this.isAskedAgain = false;
        await oneAtATime(this.lock, async () => {
          await this.sendAll();
        });
      } while (this.isAskedAgain && !this.isClosed);
    } finally {
      this.isAsking = false;
    }
  }

  /** Returns false when the rest has to wait for the server. */
  private async sendAll(): Promise<boolean> {
    const passed = new Set<string>();
    for (;;) {
      const all = await this.store.pending(this.userId);
      const next = all.find(({ id }) => !passed.has(id));
      if (this.isClosed) return true;
      if (!next) {
        this.events.onState(all.length > 0 ? "offline" : "saved", all.length);
        if (all.length > 0) this.retryLater();
        else if (this.isFinishing) this.dispose();
        return true;
      }
      this.events.onState("saving", all.length);
      const outcome = await this.deliver(next);
      if (outcome === "pass") passed.add(next.id);
      if (outcome === "wait") {
        this.events.onState("offline", all.length);
        this.retryLater();
        return false;
      }
    }
  }

  private async deliver(pending: Pending): Promise<"done" | "wait" | "pass"> {
    try {
      await this.send(pending);
    } catch (error) {
      if (!isRefusal(error)) return this.stumbled(pending, error) ? "pass" : "wait";
      await this.events.onRefused(pending, error);
      await this.store.sent(pending);
      return "done";
    }
    this.retryMs = FIRST_RETRY_MS;
    this.stumbles.delete(pending.id);
    await this.store.sent(pending);
    this.events.onSent(pending);
    return "done";
  }

  /** True when the server has failed on this very answer so often that others should not wait for it. */
  private stumbled(pending: Pending, error: unknown): boolean {
    if (!(error instanceof ApiError) || error.status !== 500) return false;
    const times = (this.stumbles.get(pending.id) ?? 0) + 1;
    this.stumbles.set(pending.id, times);
    return times >= MAX_STUMBLES;
  }

  private retryLater(): void {
    if (this.isClosed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.drain(), this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, LONGEST_RETRY_MS);
  }
}

/** The server has understood and says no: asking again will not help. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError && isFinal(error.status);
}

/** Worth trying again by itself: no network, a server in trouble, too many requests, signed out. */
export function mayPass(error: unknown): boolean {
  return error instanceof NetworkError || (error instanceof ApiError && !isFinal(error.status));
}

const isFinal = (status: number) => status >= 400 && status < 500 && ![401, 408, 429].includes(status);
