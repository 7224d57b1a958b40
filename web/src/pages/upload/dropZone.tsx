import { type DragEvent, useRef, useState } from "react";
import type { Project, Split } from "@/api/types";
import { texts } from "@/texts";
import { Progress, Segmented } from "@/ui/bits";
import { Icon } from "@/ui/icons";
import { toastError } from "@/ui/toasts";
import { type FoundFile, filesOfDrop, filesOfInput } from "./droppedFiles";
import { addUploads, clearUploads, type UploadRow, useUploads } from "./uploads";

const words = texts.upload;
const SHOWN = 60;
const SPLITS: (readonly [Split, string])[] = [
  ["pool", texts.common.splits.pool],
  ["validation", texts.common.splits.validation],
  ["test", texts.common.splits.test],
];
const TONES: Record<UploadRow["state"], string> = {
  waiting: "",
  sending: "accent",
  created: "ok",
  existing: "",
  rejected: "danger",
  processing: "accent",
};

function Row({ row }: { row: UploadRow }) {
  return (
    <li>
      <span className="truncate" title={row.path}>
        {row.path}
      </span>
      <span className={`badge ${TONES[row.state]}`}>{words.states[row.state]}</span>
      {row.state === "sending" && <Progress fraction={row.fraction} label={row.path} />}
      {row.reason && <span className="reason">{row.reason}</span>}
    </li>
  );
}

function UploadList() {
  const rows = useUploads((state) => state.rows);
  if (rows.length === 0) return null;
  const num = (state: UploadRow["state"]) => rows.filter((row) => row.state === state).length;
  const numDone = rows.length - num("waiting") - num("sending");
  const isDone = numDone === rows.length;
  const order = ["rejected", "sending", "processing", "waiting", "existing", "created"];
  const shown = rows.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).slice(0, SHOWN);
  return (
    <div className="stack tight" data-testid="upload-list">
      <div className="row small">
        <span className="grow" role="status">
          {isDone
            ? words.result(num("created") + num("processing"), num("existing"), num("rejected"))
            : words.progress(numDone, rows.length)}
        </span>
        {isDone && (
          <button type="button" className="button ghost small" onClick={clearUploads}>
            {words.clear}
          </button>
        )}
      </div>
      {!isDone && <Progress fraction={numDone / rows.length} label={words.progress(numDone, rows.length)} />}
      <ul className="upload-list">
        {shown.map((row) => (
          <Row key={row.id} row={row} />
        ))}
        {rows.length > SHOWN && <li className="faint">{words.andMore(rows.length - SHOWN)}</li>}
      </ul>
    </div>
  );
}

/** Where images come in: drop anything on it, or choose. */
export function DropZone({ project, isCompact = false }: { project: Project; isCompact?: boolean }) {
  const [isOver, setOver] = useState(false);
  const [split, setSplit] = useState<Split>("pool");
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const add = (found: FoundFile[]) => addUploads(project.id, split, found);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    filesOfDrop(event.dataTransfer).then(add, toastError);
  };
  const input = (ref: typeof files, extra: Record<string, unknown>) => (
    <input
      ref={ref}
      type="file"
      multiple
      hidden
      onChange={(event) => {
        if (event.target.files) add(filesOfInput(event.target.files));
        event.target.value = "";
      }}
      {...extra}
    />
  );
  return (
    <div className="stack">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping has no keyboard; the buttons inside do the same */}
      <div
        className={isOver ? "dropzone over" : "dropzone"}
        data-testid="dropzone"
        title={words.formats}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        {!isCompact && <Icon name="upload" size={22} />}
        <b>{isOver ? words.dropNow : words.drop}</b>
        <div className="row wrap" style={{ justifyContent: "center" }}>
          <button type="button" className="button small" onClick={() => files.current?.click()}>
            {words.files}
          </button>
          <button type="button" className="button small" onClick={() => folder.current?.click()}>
            {words.folder}
          </button>
        </div>
        {!isCompact && <span className="small faint">{words.formats}</span>}
        {input(files, { "data-testid": "file-input", "aria-label": words.files })}
        {input(folder, { webkitdirectory: "", "data-testid": "folder-input", "aria-label": words.folder })}
      </div>
      <div className="row small wrap">
        <span className="muted">{words.split}</span>
        <Segmented label={words.split} value={split} options={SPLITS} onChange={setSplit} />
        <span className="faint">{texts.common.splitHelp[split]}</span>
      </div>
      <UploadList />
    </div>
  );
}
