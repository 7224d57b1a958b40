const PAUSE_MS = 1_500;

/**
 * Digits as class numbers: 1-9 at once, 0 and then two digits for the classes beyond.
 *
 * `press` gives the number (from 1) that is complete with this digit, or null while more are awaited.
 */
export class ClassDigits {
  private digits: string | null = null;
  private lastPress = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  get isWaiting(): boolean {
    return this.digits !== null && this.now() - this.lastPress <= PAUSE_MS;
  }

  press(digit: string): number | null {
    if (!this.isWaiting) this.digits = null;
    this.lastPress = this.now();
    if (this.digits === null) {
      if (digit !== "0") return Number(digit);
      this.digits = "";
      return null;
    }
    this.digits += digit;
    if (this.digits.length < 2) return null;
    const number = Number(this.digits);
    this.digits = null;
    return number;
  }

  cancel(): void {
    this.digits = null;
  }
}
