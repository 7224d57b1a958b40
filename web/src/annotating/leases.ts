import { assignments } from "@/api/endpoints";
import { isRefusal } from "./outbox";
import type { RegionWork } from "./regionWork";

const FIRST_RENEW_MS = 30_000;
const MAX_RENEW_MS = 120_000;
const MIN_RENEW_MS = 4_000;
/** A page nobody works at lets its leases run out after this time. */
const ABSENT_AFTER_MS = 15 * 60_000;

/** Keeps leased regions leased while a person is there. */
export class Leases {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isStopped = true;
  private isRenewing = false;
  private lastActivity = Date.now();

  constructor(
    private readonly held: () => readonly RegionWork[],
    private readonly onLost: (work: RegionWork) => void,
  ) {}

  start(): void {
    this.isStopped = false;
    this.schedule(FIRST_RENEW_MS);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  /** A person is here: leases are worth renewing; at once when nobody was here for long. */
  touch(): void {
    const wasAbsent = Date.now() - this.lastActivity >= ABSENT_AFTER_MS;
    this.lastActivity = Date.now();
    if (wasAbsent) this.renewNow();
  }

  /** After a time without a server, or without a person, nobody knows what became of the leases: ask. */
  renewNow(): void {
    if (!this.isStopped) void this.renewAll();
  }

  private schedule(milliseconds: number): void {
    clearTimeout(this.timer);
    if (!this.isStopped) this.timer = setTimeout(() => void this.renewAll(), milliseconds);
  }

  private async renewAll(): Promise<void> {
    if (this.isRenewing) return;
    this.isRenewing = true;
    let wait = MAX_RENEW_MS;
    if (Date.now() - this.lastActivity < ABSENT_AFTER_MS) {
      for (const work of this.held()) {
        if (!work.isSubmitted && !work.isLeaseLost) wait = Math.min(wait, await this.renew(work));
      }
    }
    this.isRenewing = false;
    this.schedule(Math.max(MIN_RENEW_MS, wait));
  }

  /** Returns the milliseconds until this lease should be renewed again. */
  private async renew(work: RegionWork): Promise<number> {
    try {
      const { lease_expires_at } = await assignments.renew(work.id);
      const left = Date.parse(lease_expires_at) - Date.now();
      return left > 0 ? left / 3 : MAX_RENEW_MS;
    } catch (error) {
      if (!isRefusal(error)) return MIN_RENEW_MS;
      if (!work.isSubmitted) this.onLost(work);
      return MAX_RENEW_MS;
    }
  }
}
