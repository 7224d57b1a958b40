import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { AnnotateController } from "@/annotating/controller";
import type { Desk } from "@/annotating/desk";
import { useAnnotate } from "@/annotating/state";
import { options } from "@/api/queries";
import type { LabelClass, Queue } from "@/api/types";
import { VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import { Empty, Progress } from "@/ui/bits";
import { duration } from "@/ui/format";
import { LeaseLostBanner } from "./safetyBanners";
import { keepFocus } from "./toolbar";
import { useKeyText } from "./useKeys";

const words = texts.annotate;

function emptyTexts(queue: Queue | undefined): { title: string; body: string } {
  switch (queue?.state) {
    case "training":
      return {
        title: words.empty.trainingTitle,
        body: [
          words.empty.training,
          queue.eta_seconds ? words.empty.eta(duration(queue.eta_seconds)) : "",
        ].join(" "),
      };
    case "closed":
      return { title: words.empty.closedTitle, body: words.empty.closed };
    default:
      return (queue?.leased ?? 0) > 0
        ? { title: words.empty.readyTitle, body: words.empty.ready }
        : { title: words.empty.emptyTitle, body: words.empty.empty };
  }
}

/** Why there is nothing to label, as long as there is nothing. It goes away by itself. */
export function WaitingOverlay({ projectId }: { projectId: string }) {
  const phase = useAnnotate((state) => state.phase);
  const numDone = useAnnotate((state) => state.numDone);
  const numPending = useAnnotate((state) => state.numPending);
  const isEmpty = phase === "empty";
  const { data: queue } = useQuery({ ...options.queue(projectId), refetchInterval: isEmpty ? 3_000 : false });
  if (phase === "working") return null;
  if (phase === "unreachable") {
    return (
      <div className="overlay" role="status" data-testid="unreachable">
        <Empty icon="flag" title={texts.saving.unreachableTitle}>
          <p>{texts.saving.unreachable}</p>
          {numPending > 0 && <p className="faint">{texts.saving.waiting(numPending)}</p>}
        </Empty>
      </div>
    );
  }
  if (!isEmpty) {
    return (
      <div className="overlay" role="status">
        <div className="stack" style={{ width: 240, textAlign: "center" }}>
          <Progress fraction={null} label={words.empty.loading} />
          <span className="muted">{words.empty.loading}</span>
        </div>
      </div>
    );
  }
  const { title, body } = emptyTexts(queue);
  return (
    <div className="overlay" role="status">
      <Empty icon={queue?.state === "training" ? "chart" : "check"} title={title}>
        <p>{body}</p>
        {numDone > 0 && <p className="faint">{words.empty.done(numDone)}</p>}
        {queue?.state === "training" && (
          <div style={{ width: 200, marginTop: 6 }}>
            <Progress fraction={null} label={title} />
          </div>
        )}
        <Link href={`/projects/${projectId}`} className="button">
          {words.empty.overview}
        </Link>
      </Empty>
    </div>
  );
}

/** Messages about the region on the table, one at a time, the most pressing first. */
export function Banners({ page, classes }: { page: AnnotateController; classes: LabelClass[] }) {
  const { phase, needsFix, isLeaseLost, facts, numDone, compare } = useAnnotate();
  const key = useKeyText();
  if (phase !== "working" || !facts) return null;
  if (needsFix) return <FixBanner desk={page.desk} classes={classes} />;
  if (isLeaseLost) return <LeaseLostBanner page={page} />;
  if (compare === "prediction")
    return (
      <div className="banner" role="status">
        {words.showsPrediction}
      </div>
    );
  if (facts.returned && !facts.isRevisit) {
    return (
      <div className="banner" role="status" data-testid="returned-banner">
        <div>
          <b>{words.returnedBy(facts.returned.reviewer)}</b>
          {facts.returned.comment}
        </div>
      </div>
    );
  }
  if (facts.isRevisit) return <div className="banner">{words.revisit}</div>;
  if (!facts.hasPrediction && numDone === 0) return <div className="banner">{words.coldHint(key)}</div>;
  return null;
}

/** Pixels without a class, and the ways to give them one. */
export function FixBanner({ desk, classes }: { desk: Desk; classes: LabelClass[] }) {
  const paintValue = useAnnotate((state) => state.paintValue);
  const hasPrediction = useAnnotate((state) => state.facts?.hasPrediction === true);
  const key = useKeyText();
  const name = paintValue === VOID ? null : classes.find((c) => c.index === paintValue)?.name;
  const button = (text: string, keyText: string, perform: () => void) => (
    <button type="button" className="button small" onPointerDown={keepFocus} onClick={perform}>
      {text} {keyText && <kbd>{keyText}</kbd>}
    </button>
  );
  return (
    <div className="banner alert" role="alert" data-testid="unlabelled-banner">
      <div>
        <b>{words.fixTitle}</b>
        <span className="small muted">{words.fixBody}</span>
      </div>
      {name && button(words.fixFill(name), key("fill"), () => desk.editor.fillRest(paintValue))}
      {button(words.fixVoid, key("void"), () => desk.editor.fillRest(VOID))}
      {hasPrediction && button(words.fixPrediction, "", () => desk.editor.acceptPrediction(true))}
    </div>
  );
}
