import { WorkTimer } from "./workTimer";

/** What a region cost a person. What counts as what is said in docs/glossary.md under "cost", and nowhere else. */
export interface Cost {
  readonly seconds: number;
  readonly numClicks: number;
  readonly numStrokes: number;
  readonly numKeys: number;
}

export const NO_COST: Cost = { seconds: 0, numClicks: 0, numStrokes: 0, numKeys: 0 };

/** Counts what one region costs, from where it stood when the region was kept. */
export class CostMeter {
  readonly timer: WorkTimer;
  private numClicks: number;
  private numKeys: number;

  constructor(
    private readonly before: Cost = NO_COST,
    /** Strokes so far in this document. */
    private readonly strokes: () => number = () => 0,
    now?: () => number,
  ) {
    this.timer = new WorkTimer(before.seconds, now);
    this.numClicks = before.numClicks;
    this.numKeys = before.numKeys;
  }

  click(): void {
    this.numClicks++;
    this.timer.touch();
  }

  key(): void {
    this.numKeys++;
    this.timer.touch();
  }

  get cost(): Cost {
    return {
      seconds: Math.round(this.timer.seconds * 10) / 10,
      numClicks: this.numClicks,
      numStrokes: this.before.numStrokes + this.strokes(),
      numKeys: this.numKeys,
    };
  }
}

/** Under the names the server has for them. */
export function costFields({ seconds, numClicks, numStrokes, numKeys }: Cost) {
  return { seconds_spent: seconds, num_clicks: numClicks, num_strokes: numStrokes, num_keys: numKeys };
}

const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock"];

/**
 * Counts the clicks and key presses of the whole page for whatever region is on the table at that moment.
 *
 * It listens before anything else does, so that the press that submits a region still counts for it.
 */
export class EffortWatch {
  /** When the last click or key press happened, on the clock of `performance.now`. */
  lastInputAt = 0;
  private readonly listeners = new AbortController();

  constructor(target: Window, meter: () => CostMeter | null) {
    const options = { capture: true, signal: this.listeners.signal };
    target.addEventListener(
      "pointerdown",
      (event) => {
        this.lastInputAt = event.timeStamp;
        meter()?.click();
      },
      options,
    );
    target.addEventListener(
      "keydown",
      (event) => {
        if (event.repeat || MODIFIERS.includes(event.key)) return;
        this.lastInputAt = event.timeStamp;
        meter()?.key();
      },
      options,
    );
    target.document.addEventListener(
      "visibilitychange",
      () => {
        if (target.document.hidden) meter()?.timer.pause();
        else meter()?.timer.touch();
      },
      options,
    );
  }

  dispose(): void {
    this.listeners.abort();
  }
}
