import { useAnnotate } from "@/annotating/state";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import { Icon, type IconName } from "@/ui/icons";
import { keyText } from "./keyText";

const words = texts.annotate;
const TOOLS = ["brush", "eraser", "polygon", "superpixel", "wand", "pick"] as const;

/** Clicks leave the focus where it was, so that Enter goes on submitting. */
export const keepFocus = (event: { preventDefault(): void }) => event.preventDefault();

interface ToolButtonProps {
  action: Action;
  icon: IconName;
  testId: string;
  label?: string;
  isPressed?: boolean;
}

export function ToolButton({ action, icon, testId, label, isPressed }: ToolButtonProps) {
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
      title={`${name} (${key})`}
      disabled={!action.isAvailable()}
      onPointerDown={keepFocus}
      onClick={() => action.perform()}
    >
      <Icon name={icon} />
      {key.length === 1 && <span className="key">{key}</span>}
    </button>
  );
}

export function Toolbar({ action }: { action(id: string): Action }) {
  const tool = useAnnotate((state) => state.tool);
  // Availability follows these; reading them renders the bar again when they change.
  useAnnotate((state) => `${state.phase} ${state.canUndo} ${state.canRedo} ${state.numUnlabelled > 0}`);
  const { canUndo, canRedo } = useAnnotate.getState();
  return (
    <div className="toolbar" role="toolbar" aria-label={words.tools} aria-orientation="vertical">
      {TOOLS.map((id) => (
        <ToolButton
          key={id}
          action={action(id)}
          icon={id}
          testId={`tool-${id}`}
          label={words.toolNames[id]}
          isPressed={tool === id}
        />
      ))}
      <hr />
      <ToolButton action={action("fill")} icon="fill" testId="tool-fill" label={words.toolNames.fill} />
      <hr />
      <ToolButton action={{ ...action("undo"), isAvailable: () => canUndo }} icon="undo" testId="undo" />
      <ToolButton action={{ ...action("redo"), isAvailable: () => canRedo }} icon="redo" testId="redo" />
    </div>
  );
}
