/** Name of the measures of the page's timeline: from the press that submitted to the next region on the screen. */
export const ENTER_TO_PAINTED = "segloop:enter-to-painted";
/** The browser keeps every measure until it is told to forget: a day's work must not fill its memory. */
const MAX_MEASURES = 1_000;

/**
 * How long a person waits for the next region, measured in the page: `performance.getEntriesByName` gives each one,
 * its `detail.isWarm` whether the region had been loaded before it was asked for.
 */
export class PaintTiming {
  private since: number | null = null;
  private numMeasures = 0;

  /** The region on the table was submitted by a press at this time. */
  submitted(pressedAt: number): void {
    this.since = pressedAt;
  }

  /** The next region was put on the table: it is drawn in the coming frame. */
  shown(isWarm: boolean): void {
    const start = this.since;
    this.since = null;
    if (start === null || document.hidden) return;
    afterNextFrame(() => {
      if (++this.numMeasures % MAX_MEASURES === 0) performance.clearMeasures(ENTER_TO_PAINTED);
      performance.measure(ENTER_TO_PAINTED, { start, end: performance.now(), detail: { isWarm } });
    });
  }
}

/** A frame's callbacks run before it is painted; a message sent from one of them arrives right after. */
function afterNextFrame(run: () => void): void {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      run();
    };
    port2.postMessage(null);
  });
}
