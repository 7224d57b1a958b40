import { useAnnotate } from "@/annotating/state";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import type { ActionId } from "@/tools/editorKeys";
import { TOOL_IDS } from "@/tools/tool";
import { Icon, type IconName } from "@/ui/icons";
import { keyText } from "./keyText";
import { useKeyText } from "./useKeys";

const words = texts.annotate;
/** What works on the whole region at once. */
const COMMANDS = ["fill", "fillRegion", "fillHoles", "smooth"] as const;

/** Clicks leave the focus where it was, so that Enter goes on submitting. */
export const keepFocus = (event: { preventDefault(): void }) => event.preventDefault();

interface ToolButtonProps {
  action: Action;
  icon: IconName;
  testId: string;
  label?: string;
  hint?: string;
  isPressed?: boolean;
}

export function ToolButton({ action, icon, testId, label, hint, isPressed }: ToolButtonProps) {
  const key = action.shortcuts[0] ? keyText(action.shortcuts[0]) : "";
  const name = label ?? action.label;
  return (
    <button
      type="button"
      className="tool"
      data-testid={testId}
      aria-pressed={isPressed}
      aria-label={name}
      aria-keyshortcuts={key}
      title={hint ? `${name} (${key}): ${hint}` : `${name} (${key})`}
      disabled={!action.isAvailable()}
      onPointerDown={keepFocus}
      onClick={() => action.perform()}
    >
      <Icon name={icon} />
      {key.length === 1 && <span className="key">{key}</span>}
    </button>
  );
}

export function Toolbar({ action }: { action(id: ActionId): Action }) {
  const keys = useKeyText();
  const tool = useAnnotate((state) => state.tool);
  // Availability follows these; reading them renders the bar again when they change.
  useAnnotate(
    (state) =>
      `${state.phase} ${state.facts?.hasPrediction} ${state.canUndo} ${state.canRedo} ${state.numUnlabelled > 0}`,
  );
  const { canUndo, canRedo } = useAnnotate.getState();
  return (
    <div className="toolbar" role="toolbar" aria-label={words.tools} aria-orientation="vertical">
      {TOOL_IDS.map((id) => (
        <ToolButton
          key={id}
          action={action(id)}
          icon={id}
          testId={`tool-${id}`}
          label={words.toolNames[id]}
          hint={words.toolHints[id](keys)}
          isPressed={tool === id}
        />
      ))}
      <hr />
      {COMMANDS.map((id) => (
        <ToolButton
          key={id}
          action={action(id)}
          icon={id}
          testId={`tool-${id}`}
          label={words.toolNames[id]}
          hint={words.toolHints[id]()}
        />
      ))}
      <hr />
      <ToolButton action={{ ...action("undo"), isAvailable: () => canUndo }} icon="undo" testId="undo" />
      <ToolButton action={{ ...action("redo"), isAvailable: () => canRedo }} icon="redo" testId="redo" />
    </div>
  );
}
