import { useState } from "react";
import type { AnnotateController } from "@/annotating/controller";
import type { KeptWork } from "@/annotating/records";
import { useAnnotate } from "@/annotating/state";
import { texts } from "@/texts";
import { Dialog } from "@/ui/dialog";
import { ago } from "@/ui/format";

const words = texts.saving.kept;
const close = () => useAnnotate.setState({ panel: "none" });

/** Work that was not sent: why, and what to do with it. */
export function KeptWorkDialog({ page }: { page: AnnotateController }) {
  const kept = useAnnotate((state) => state.kept);
  return (
    <Dialog title={words.title} onClose={close}>
      <div className="content stack">
        <p className="muted">{kept.length > 0 ? words.lead : words.none}</p>
        <ul className="stack kept-list">
          {kept.map((work) => (
            <KeptItem key={work.assignmentId} work={work} page={page} />
          ))}
        </ul>
      </div>
    </Dialog>
  );
}

function KeptItem({ work, page }: { work: KeptWork; page: AnnotateController }) {
  const [isAsking, setAsking] = useState(false);
  const hasDetail = work.detail !== "" && work.reason === "refused";
  return (
    <li className="stack tight" data-testid="kept-item" data-reason={work.reason}>
      <div>
        <b>{words.region(work.filename)}</b>{" "}
        <span className="small muted">{ago(new Date(work.keptAt).toISOString())}</span>
      </div>
      <p>{words.reasons[work.reason]}</p>
      {hasDetail && <p className="small muted">{words.detail(work.detail)}</p>}
      <div className="row">
        {work.reason !== "gone" && (
          <button type="button" className="button small primary" onClick={() => void page.takeUp(work)}>
            {words.takeUp}
          </button>
        )}
        {isAsking ? (
          <>
            <button type="button" className="button small danger" onClick={() => void page.discard(work)}>
              {words.confirm}
            </button>
            <button type="button" className="button small ghost" onClick={() => setAsking(false)}>
              {words.keepIt}
            </button>
          </>
        ) : (
          <button type="button" className="button small ghost" onClick={() => setAsking(true)}>
            {words.discard}
          </button>
        )}
      </div>
    </li>
  );
}
