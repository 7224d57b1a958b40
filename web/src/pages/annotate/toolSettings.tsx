import type { Desk } from "@/annotating/desk";
import { useAnnotate } from "@/annotating/state";
import { setToolOptions, TOOL_CHOICES, type ToolSwitch, useToolOptions } from "@/annotating/toolOptions";
import { texts } from "@/texts";
import { count, percent } from "@/ui/format";
import { Slider } from "@/ui/slider";
import { keepFocus } from "./toolbar";

const words = texts.annotate;

interface SwitchProps {
  name: ToolSwitch;
  help?: string;
  /** Choices that make no sense for the region on the table. */
  disabled?: readonly string[];
}

/** One of the tools' switches: every position to be seen, the chosen one pressed. */
function Switch({ name, help, disabled = [] }: SwitchProps) {
  const chosen = useToolOptions((options) => options[name]);
  const { label, choices } = words.toolOptions[name];
  return (
    <fieldset className="switch" title={help}>
      <legend className="muted">{label}</legend>
      {TOOL_CHOICES[name].map((choice) => (
        <button
          key={choice}
          type="button"
          data-testid={`${name}-${choice}`}
          aria-pressed={chosen === choice}
          disabled={disabled.includes(choice)}
          onPointerDown={keepFocus}
          onClick={() => setToolOptions({ [name]: choice })}
        >
          {(choices as Record<string, string>)[choice]}
        </button>
      ))}
    </fieldset>
  );
}

function WandTolerance({ desk }: { desk: Desk }) {
  const { wandBasis, certaintyTolerance } = useToolOptions();
  const tolerance = useAnnotate((state) => state.tolerance);
  const hasPrediction = useAnnotate((state) => state.facts?.hasPrediction === true);
  const isOnProbability = wandBasis === "probability" && hasPrediction;
  return isOnProbability ? (
    <Slider
      label={words.tolerance}
      value={certaintyTolerance}
      min={0}
      max={100}
      text={percent(certaintyTolerance / 100, 0)}
      onChange={(value) => setToolOptions({ certaintyTolerance: value })}
    />
  ) : (
    <Slider
      label={words.tolerance}
      value={tolerance}
      min={0}
      max={120}
      text={count(tolerance)}
      onChange={(value) => desk.setTolerance(value)}
    />
  );
}

/** What can be set of the tool in hand. */
export function ToolSettings({ desk }: { desk: Desk }) {
  const tool = useAnnotate((state) => state.tool);
  const brushSize = useAnnotate((state) => state.brushSize);
  const hasPrediction = useAnnotate((state) => state.facts?.hasPrediction === true);
  const isStroke = tool === "brush" || tool === "eraser";
  return (
    <>
      {tool === "eraser" && <Switch name="eraseTo" disabled={hasPrediction ? [] : ["prediction"]} />}
      {isStroke && (
        <>
          <Slider
            label={words.brushSize}
            value={brushSize}
            min={1}
            max={120}
            text={words.sizeInPixels(count(brushSize))}
            onChange={(size) => desk.setBrushSize(size)}
          />
          <Switch name="brushShape" />
          <Switch name="penPressure" help={words.penHelp} />
        </>
      )}
      {tool === "wand" && (
        <>
          <Switch name="wandBasis" disabled={hasPrediction ? [] : ["probability"]} />
          <WandTolerance desk={desk} />
        </>
      )}
    </>
  );
}
