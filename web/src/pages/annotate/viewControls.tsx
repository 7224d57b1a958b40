import { type MapState, useAnnotate } from "@/annotating/state";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import type { ActionId } from "@/tools/editorKeys";
import { Icon, type IconName } from "@/ui/icons";
import { heatGradient } from "@/viewer/colors";
import { keyText } from "./keyText";
import { keepFocus } from "./toolbar";

const words = texts.annotate;

interface ControlProps {
  action: Action;
  icon: IconName;
  testId?: string;
  isPressed?: boolean;
}

function Control({ action, icon, testId, isPressed }: ControlProps) {
  const key = keyText(action.shortcuts[0]);
  return (
    <button
      type="button"
      className="button ghost small icon"
      data-testid={testId}
      aria-label={action.label}
      aria-pressed={isPressed}
      aria-keyshortcuts={key}
      title={`${action.label} (${key})`}
      onPointerDown={keepFocus}
      onClick={() => action.perform()}
    >
      <Icon name={icon} size={16} />
    </button>
  );
}

const isOn = (state: MapState) => state !== "off";

/** What is shown on the canvas, at its lower right. */
export function ViewControls({ action }: { action(id: ActionId): Action }) {
  const { areLabelsVisible, heat, answers, isViewOpen } = useAnnotate();
  return (
    <div className="view-controls" role="toolbar" aria-label={words.view}>
      <Control action={action("labels")} icon="eye" testId="toggle-prediction" isPressed={areLabelsVisible} />
      <Control action={action("heat")} icon="heat" testId="toggle-uncertainty" isPressed={isOn(heat)} />
      <Control action={action("answers")} icon="layers" testId="toggle-answers" isPressed={isOn(answers)} />
      <Control action={action("viewPanel")} icon="sliders" testId="view-panel" isPressed={isViewOpen} />
      <Control action={action("fit")} icon="fit" />
      <Control action={action("guide")} icon="book" testId="guide" />
      <Control action={action("help")} icon="help" testId="help" />
    </div>
  );
}

/** What the colours of the heat map mean. */
export function HeatLegend() {
  const heat = useAnnotate((state) => (state.phase === "working" ? state.heat : "off"));
  if (heat === "off") return null;
  return (
    <div className="legend small" role="status" data-testid="heat-legend">
      <b>{heat === "loading" ? texts.common.loading : words.toggleUncertainty}</b>
      <div className="row">
        <span>{words.low}</span>
        <span className="gradient" style={{ background: heatGradient() }} />
        <span>{words.high}</span>
      </div>
      <span className="faint">{words.heatHelp}</span>
    </div>
  );
}
