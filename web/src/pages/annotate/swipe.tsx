import { useRef } from "react";
import type { Desk } from "@/annotating/desk";
import { useAnnotate } from "@/annotating/state";
import { texts } from "@/texts";
import { percent } from "@/ui/format";

const words = texts.annotate;
const STEP = 0.05;
const STEPS: Record<string, number> = {
  ArrowLeft: -STEP,
  ArrowDown: -STEP,
  ArrowRight: STEP,
  ArrowUp: STEP,
  Home: -1,
  End: 1,
};

/** The divider over the region: the model's answer to its left, the person's to its right. */
export function SwipeDivider({ desk }: { desk: Desk }) {
  const isOn = useAnnotate((state) => state.phase === "working" && state.compare === "swipe");
  const at = useAnnotate((state) => state.swipeAt);
  const frame = useRef<HTMLDivElement>(null);
  if (!isOn) return null;
  const drag = (clientX: number) => {
    const box = frame.current?.getBoundingClientRect();
    if (box && box.width > 0) desk.looks.moveSwipe((clientX - box.left) / box.width);
  };
  return (
    <div className="swipe" ref={frame}>
      <div
        className="divider"
        style={{ left: `${100 * at}%` }}
        role="slider"
        tabIndex={0}
        aria-label={words.divider}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * at)}
        aria-valuetext={words.dividerAt(percent(at, 0))}
        data-testid="swipe-divider"
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => event.buttons > 0 && drag(event.clientX)}
        onKeyDown={(event) => {
          const step = STEPS[event.key];
          if (step === undefined) return;
          event.preventDefault();
          event.stopPropagation();
          desk.looks.moveSwipe(at + step);
        }}
      >
        <span className="side left" aria-hidden="true">
          {words.sides.prediction}
        </span>
        <span className="side right" aria-hidden="true">
          {words.sides.answer}
        </span>
      </div>
    </div>
  );
}
