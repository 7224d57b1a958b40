import { ApiError, NetworkError } from "@/api/http";
import type { AnnotationBody } from "@/api/types";
import type { LocalStore, PendingSubmit } from "./store";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export type OutboxState = "saved" | "saving" | "offline";

export interface OutboxEvents {
  onState(state: OutboxState, numPending: number): void;
  onSent(submit: PendingSubmit): void;
  /** The server will not take this answer, now or later. */
  onRefused(submit: PendingSubmit, error: ApiError): void;
}

/**
 * Answers on their way to the server: sent one after the other in the background, kept in the browser until the
 * server has them, sent again after failures. Sending twice is harmless: the server knows the same answer.
 */
export class Outbox {
  private isSending = false;
  private isClosed = false;
  private isWoken = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private retryMs = FIRST_RETRY_MS;
  private readonly wake = () => this.kick();

  constructor(
    private readonly store: LocalStore,
    private readonly userId: string,
    private readonly send: (assignmentId: string, body: AnnotationBody) => Promise<unknown>,
    private readonly events: OutboxEvents,
  ) {
    globalThis.addEventListener?.("online", this.wake);
  }

  async add(submit: Omit<PendingSubmit, "userId" | "queuedAt">): Promise<void> {
    await this.store.queueSubmit({ ...submit, userId: this.userId, queuedAt: Date.now() });
    this.kick();
  }

  /** Try now, not when the next retry is due. */
  kick(): void {
    clearTimeout(this.timer);
    void this.drain();
  }

  dispose(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    globalThis.removeEventListener?.("online", this.wake);
  }

  private async drain(): Promise<void> {
    if (this.isClosed) return;
    if (this.isSending) {
      this.isWoken = true;
      return;
    }
    this.isSending = true;
    try {
      for (;;) {
        const pending = await this.store.pendingSubmits(this.userId);
        if (pending.length === 0) break;
        this.events.onState("saving", pending.length);
        if (!(await this.deliver(pending[0], pending.length))) return;
      }
      this.events.onState("saved", 0);
    } finally {
      this.isSending = false;
      if (this.isWoken) {
        this.isWoken = false;
        void this.drain();
      }
    }
  }

  /** Returns false when the rest has to wait. */
  private async deliver(submit: PendingSubmit, numPending: number): Promise<boolean> {
    try {
      await this.send(submit.assignmentId, submit.body);
    } catch (error) {
      if (mayPass(error)) {
        this.events.onState("offline", numPending);
        this.retryLater();
        return false;
      }
      await this.store.dropSubmit(submit);
      this.events.onRefused(submit, error as ApiError);
      return true;
    }
    this.retryMs = FIRST_RETRY_MS;
    await this.store.dropSubmit(submit);
    this.events.onSent(submit);
    return true;
  }

  private retryLater(): void {
    if (this.isClosed) return;
    this.timer = setTimeout(() => void this.drain(), this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, LONGEST_RETRY_MS);
  }
}

/** Worth sending again: no network, a server in trouble, too many requests, signed out. */
function mayPass(error: unknown): boolean {
  if (error instanceof NetworkError) return true;
  if (!(error instanceof ApiError)) return true;
  return error.status >= 500 || [0, 401, 408, 429].includes(error.status);
}
