/** Without a sign of life for this long a person is not working: the time after it does not count. */
export const IDLE_AFTER_MS = 20_000;

/**
 * Seconds a person spent on a region, idle time cut.
 *
 * Each sign of life counts the time since the last one, at most `IDLE_AFTER_MS` of it.
 */
export class WorkTimer {
  private countedMs: number;
  private last: number | null = null;

  constructor(
    startSeconds = 0,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.countedMs = startSeconds * 1000;
  }

  /** The region is on the screen and a person is there. */
  touch(): void {
    const now = this.now();
    if (this.last !== null) this.countedMs += Math.min(now - this.last, IDLE_AFTER_MS);
    this.last = now;
  }

  /** The region is no longer before the person's eyes. */
  pause(): void {
    if (this.last !== null) this.touch();
    this.last = null;
  }

  get seconds(): number {
    const open = this.last === null ? 0 : Math.min(this.now() - this.last, IDLE_AFTER_MS);
    return (this.countedMs + open) / 1000;
  }
}
