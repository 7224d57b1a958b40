const PAUSE_MS = 1_500;
const NUM_DIGITS = 2;

/** The number of a class beyond those with a key each: a key of its own, then two digits. */
export class ClassDigits {
  private digits: string | null = null;
  private lastPress = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Whether the next digit is one of the number. */
  get isWaiting(): boolean {
    return this.digits !== null && this.now() - this.lastPress <= PAUSE_MS;
  }

  start(): void {
    this.digits = "";
    this.lastPress = this.now();
  }

  /** Take a digit. Gives the number (from 1) that is complete with it, or null. */
  press(digit: string): number | null {
    if (!this.isWaiting) return null;
    this.lastPress = this.now();
    this.digits += digit;
    if ((this.digits?.length ?? 0) < NUM_DIGITS) return null;
    const number = Number(this.digits);
    this.cancel();
    return number;
  }

  cancel(): void {
    this.digits = null;
  }
}
