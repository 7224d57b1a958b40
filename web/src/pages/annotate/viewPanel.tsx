import type { Desk } from "@/annotating/desk";
import { useAnnotate } from "@/annotating/state";
import { texts } from "@/texts";
import { Segmented, Switch } from "@/ui/bits";
import { decimal } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { Slider } from "@/ui/slider";
import { isAsItIs } from "@/viewer/adjustment";
import { keepFocus } from "./toolbar";

const words = texts.annotate;
const SLIDERS = [
  ["brightness", 100, 1],
  ["contrast", 100, 1],
  ["gamma", 20, 10],
] as const;

function Picture({ desk }: { desk: Desk }) {
  const adjustment = useAnnotate((state) => state.adjustment);
  return (
    <div className="stack tight">
      <div className="row">
        <h2 className="grow">{words.picture}</h2>
        <button
          type="button"
          className="button ghost small"
          data-testid="reset-picture"
          disabled={isAsItIs(adjustment)}
          onPointerDown={keepFocus}
          onClick={() => desk.looks.resetAdjustment()}
        >
          {words.resetPicture}
        </button>
      </div>
      {SLIDERS.map(([name, limit, steps]) => (
        <Slider
          key={name}
          label={words.adjustments[name]}
          value={Math.round(adjustment[name] * steps)}
          min={-limit}
          max={limit}
          text={name === "gamma" ? decimal(2 ** adjustment.gamma, 2) : decimal(adjustment[name], 0)}
          testId={`picture-${name}`}
          onChange={(value) => desk.looks.setAdjustment({ [name]: value / steps })}
        />
      ))}
    </div>
  );
}

/** How the region is shown, beside the canvas's corner: nothing in it changes a pixel of the answer. */
export function ViewPanel({ desk }: { desk: Desk }) {
  const { isViewOpen, hasPatterns, compare, facts } = useAnnotate();
  if (!isViewOpen) return null;
  const { looks } = desk;
  const sides = [
    ["off", words.sides.answer],
    ["prediction", words.sides.prediction],
    ["swipe", words.sides.both],
  ] as const;
  return (
    <section className="view-panel stack" aria-label={words.view} data-testid="view-settings">
      <button
        type="button"
        className="button ghost small icon close"
        aria-label={texts.common.close}
        onClick={() => useAnnotate.setState({ isViewOpen: false })}
      >
        <Icon name="close" size={14} />
      </button>
      <Picture desk={desk} />
      {facts?.hasPrediction && (
        <div className="stack tight">
          <h2>{words.shown}</h2>
          <Segmented
            label={words.shown}
            value={compare}
            options={sides}
            onChange={(side) => looks.compare(side)}
          />
        </div>
      )}
      <Switch label={words.patterns} checked={hasPatterns} onChange={() => looks.togglePatterns()} />
    </section>
  );
}
