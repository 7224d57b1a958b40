import { assignments } from "@/api/endpoints";
import { ApiError } from "@/api/http";
import type { RegionWork } from "./regionWork";

const FIRST_RENEW_MS = 30_000;
const MAX_RENEW_MS = 120_000;
const MIN_RENEW_MS = 4_000;
/** A page nobody works at lets its leases run out after this time. */
const ABSENT_AFTER_MS = 15 * 60_000;

/** Keeps leased regions leased while a person is there. */
export class Leases {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isStopped = false;
  private lastActivity = Date.now();

  constructor(
    private readonly held: () => readonly RegionWork[],
    private readonly onLost: (work: RegionWork) => void,
  ) {}

  start(): void {
    this.schedule(FIRST_RENEW_MS);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  /** A person is here: leases are worth renewing. */
  touch(): void {
    this.lastActivity = Date.now();
  }

  private schedule(milliseconds: number): void {
    clearTimeout(this.timer);
    if (!this.isStopped) this.timer = setTimeout(() => void this.renewAll(), milliseconds);
  }

  private async renewAll(): Promise<void> {
    let wait = MAX_RENEW_MS;
    if (Date.now() - this.lastActivity < ABSENT_AFTER_MS) {
      for (const work of this.held()) {
        if (!work.isSubmitted && !work.isLeaseLost) wait = Math.min(wait, await this.renew(work));
      }
    }
    this.schedule(Math.max(MIN_RENEW_MS, wait));
  }

  /** Returns the milliseconds until this lease should be renewed again. */
  private async renew(work: RegionWork): Promise<number> {
    try {
      const { lease_expires_at } = await assignments.renew(work.id);
      const left = Date.parse(lease_expires_at) - Date.now();
      return left > 0 ? left / 3 : MAX_RENEW_MS;
    } catch (error) {
      if (!(error instanceof ApiError) || ![404, 409].includes(error.status)) return MIN_RENEW_MS;
      this.onLost(work);
      return MAX_RENEW_MS;
    }
  }
}

/** A second tab must not open what the first one works on. The lock is held until `released`. */
export function isOnlyTab(name: string, released: Promise<void>): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
      resolve(lock !== null);
      if (lock) await released;
    });
  });
}
