import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { exportsApi } from "@/api/endpoints";
import { invalidate, keys, options } from "@/api/queries";
import type { Export, Project } from "@/api/types";
import { texts, wordFor } from "@/texts";
import { Field } from "@/ui/bits";
import { ago, bytes } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { toastError } from "@/ui/toasts";

const words = texts.overview;
const SHOWN = 4;
const isMaking = (item: Export) => item.state === "queued" || item.state === "running";

function ExportRow({ item }: { item: Export }) {
  return (
    <li className="row small" data-testid="export-item">
      <span className="grow truncate">
        {wordFor(words.formats, item.format)} <span className="faint">· {ago(item.created_at)}</span>
      </span>
      {item.state === "done" ? (
        <a className="button small" href={exportsApi.fileUrl(item.id)} download data-testid="export-download">
          <Icon name="download" size={14} />
          {item.size_bytes ? bytes(item.size_bytes) : texts.common.download}
        </a>
      ) : (
        <span
          className={`badge ${item.state === "failed" ? "danger" : "busy"}`}
          title={item.error ?? undefined}
        >
          {texts.common.jobStates[item.state]}
        </span>
      )}
    </li>
  );
}

export function ExportCard({ project }: { project: Project }) {
  const { data } = useQuery({
    ...options.exports(project.id),
    refetchInterval: (query) => (query.state.data?.items.some(isMaking) ? 1_500 : false),
  });
  const [format, setFormat] = useState("index_png");
  const [content, setContent] = useState<"annotations" | "predictions" | "both">("annotations");
  const start = async () => {
    try {
      await exportsApi.create(project.id, format, content);
    } catch (error) {
      toastError(error);
    }
    invalidate(...keys.part(project.id, "exports"));
  };
  const items = data?.items.toSorted((a, b) => b.created_at.localeCompare(a.created_at)) ?? [];
  return (
    <section className="card">
      <header>
        <h2>{words.exports}</h2>
      </header>
      <div className="body stack">
        <div className="settings-grid">
          <Field label={words.exportFormat}>
            <select
              className="input"
              value={format}
              onChange={(event) => setFormat(event.target.value)}
              data-testid="export-format"
            >
              {Object.entries(words.formats).map(([id, name]) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </Field>
          <Field label={words.exportContent}>
            <select
              className="input"
              value={content}
              onChange={(event) => setContent(event.target.value as typeof content)}
              data-testid="export-content"
            >
              {Object.entries(words.contents).map(([id, name]) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </Field>
        </div>
        <button type="button" className="button" data-testid="export" onClick={start}>
          <Icon name="download" size={15} />
          {words.exportStart}
        </button>
        {items.length > 0 && (
          <ul className="stack tight">
            {items.slice(0, SHOWN).map((item) => (
              <ExportRow key={item.id} item={item} />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
