import { useQuery } from "@tanstack/react-query";
import { useAnnotate } from "@/annotating/state";
import { options } from "@/api/queries";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import type { ActionId } from "@/tools/editorKeys";
import { Progress } from "@/ui/bits";
import { roughShare } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { Menu } from "@/ui/menu";
import { keyText } from "./keyText";
import { keepFocus } from "./toolbar";
import { useKeyText } from "./useKeys";

const words = texts.annotate;

function QueueState({ projectId }: { projectId: string }) {
  const { data: queue } = useQuery({ ...options.queue(projectId), refetchInterval: 15_000 });
  if (!queue) return <div className="queue" />;
  const budget = queue.budget_regions ?? 0;
  const done = queue.annotated;
  return (
    <div className="queue small" title={words.queueTitle}>
      <span className="row">
        <b data-testid="queue-remaining">{queue.remaining}</b>
        <span className="muted">{words.remaining}</span>
      </span>
      {budget > 0 && (
        <span className="row optional">
          <Progress fraction={Math.min(1, done / budget)} label={words.progress(done, budget)} />
          <span className="muted">
            {queue.round_number !== null ? `${words.roundLabel(queue.round_number)} · ` : ""}
            {words.progress(done, budget)}
          </span>
        </span>
      )}
    </div>
  );
}

export function BarButton(props: {
  action: Action;
  testId: string;
  label: string;
  className?: string;
  isDisabled?: boolean;
  isPressed?: boolean;
}) {
  const key = keyText(props.action.shortcuts[0]);
  return (
    <button
      type="button"
      className={`button ${props.className ?? ""}`}
      data-testid={props.testId}
      title={`${props.action.label} (${key})`}
      aria-keyshortcuts={key}
      aria-pressed={props.isPressed}
      disabled={props.isDisabled}
      onPointerDown={keepFocus}
      onClick={() => props.action.perform()}
    >
      {props.label} <kbd>{key.replace("Enter", "↵").replace(words.keyNames.Space, "␣")}</kbd>
    </button>
  );
}

/** What the tool in hand does, and its keys. */
export function ToolHint() {
  const keys = useKeyText();
  const hint = useAnnotate((state) => (state.phase === "working" ? words.toolHints[state.tool](keys) : ""));
  return (
    <span className="tool-hint" title={hint}>
      <span className="truncate">{hint}</span>
    </span>
  );
}

interface ActionBarProps {
  projectId: string;
  action(id: ActionId): Action;
  onSkip(reason: string): void;
}

export function ActionBar({ projectId, action, onSkip }: ActionBarProps) {
  const isWorking = useAnnotate((state) => state.phase === "working");
  const hasPrediction = useAnnotate((state) => state.facts?.hasPrediction === true);
  const isRevisit = useAnnotate((state) => state.facts?.isRevisit === true);
  const isVoid = useAnnotate((state) => state.paintValue === 254);
  const left = useAnnotate((state) => (state.facts ? state.numUnlabelled / state.facts.area : 0));
  return (
    <div className="actionbar">
      <QueueState projectId={projectId} />
      <ToolHint />
      {isWorking && (
        <span className="small muted optional">
          {left > 0 ? words.left(roughShare(left)) : words.complete}
        </span>
      )}
      <BarButton
        action={action("void")}
        testId="void"
        label={words.void}
        className="ghost"
        isPressed={isVoid}
        isDisabled={!isWorking}
      />
      <div className="row" style={{ gap: 0 }}>
        <BarButton
          action={action("skip")}
          testId="skip"
          label={words.skip}
          className="ghost"
          isDisabled={!isWorking || isRevisit}
        />
        <Menu
          label={words.skipWhy}
          className="button ghost icon small"
          opensUp
          keepsFocus
          trigger={<Icon name="down" size={14} />}
        >
          {(close) =>
            Object.entries(words.skipReasons).map(([reason, text]) => (
              <button
                key={reason}
                type="button"
                disabled={!isWorking || isRevisit}
                onClick={() => {
                  close();
                  onSkip(reason);
                }}
              >
                {text}
              </button>
            ))
          }
        </Menu>
      </div>
      <BarButton
        action={action("accept")}
        testId="accept"
        label={words.accept}
        isDisabled={!isWorking || !hasPrediction}
      />
      <BarButton
        action={action("submit")}
        testId="submit"
        label={isRevisit ? words.resubmit : words.submit}
        className="primary"
        isDisabled={!isWorking}
      />
    </div>
  );
}
