import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { AnnotationDetail, Project, Role } from "@/api/types";
import { texts } from "@/texts";
import { Segmented, Skeleton } from "@/ui/bits";
import { ago, count, duration, roughShare } from "@/ui/format";
import type { LinkedViews } from "@/viewer/linkedViews";
import { loadMaterial, type Material } from "./material";
import { Panes, type Picture } from "./panes";
import { StateBadge } from "./queue";

const words = texts.review;

/** An answer with all its pictures; loaded again when something is said of it. */
export function useMaterial(annotationId: string | null) {
  return useQuery({
    queryKey: ["material", annotationId],
    queryFn: () => loadMaterial(annotationId as string),
    enabled: annotationId !== null,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}

interface Compared {
  readonly id: string;
  readonly name: string;
  readonly map: Uint8Array;
}

/** What the answer can be compared with: the model then and now, and what else was said of the region. */
function comparable(material: Material): Compared[] {
  const { detail, before, now, saidOf } = material;
  const found: Compared[] = [];
  if (before) found.push({ id: "before", name: words.panes.before, map: before });
  if (now) found.push({ id: "now", name: words.panes.now, map: now });
  for (const item of detail.history) {
    const map = saidOf.get(item.id);
    if (map && item.id !== detail.id) found.push({ id: item.id, name: nameOf(item), map });
  }
  return found;
}

function nameOf(item: AnnotationDetail["history"][number]): string {
  return item.fixes_annotation_id ? words.fixBy(item.username) : words.versionBy(item.username, item.version);
}

function picturesOf(material: Material): Picture[] {
  const { detail, before, now, answer } = material;
  return [
    { id: "image", title: words.panes.image, map: null },
    { id: "before", title: words.panes.before, map: before, missing: words.noModelThen },
    { id: "answer", title: nameOf(detail), map: answer },
    { id: "now", title: words.panes.now, map: now, missing: words.noModelNow },
  ];
}

/** Everything said of the region so far, and of this answer what it cost where the viewer may know. */
export function Story({ detail, role }: { detail: AnnotationDetail; role: Role }) {
  return (
    <div className="story small">
      <h2>{words.story}</h2>
      <ol className="stack tight">
        {detail.history.map((item) => (
          <li key={item.id} aria-current={item.id === detail.id ? "true" : undefined}>
            <span className="row">
              <b className="grow truncate">{nameOf(item)}</b>
              <StateBadge state={item.state} />
            </span>
            <span className="faint">
              {[
                ago(item.created_at),
                item.purpose === "agreement" && role !== "annotator" ? words.askedSecond : "",
                item.num_void_px > 0 ? words.void(count(item.num_void_px)) : "",
                item.annotation_seconds === null || role !== "owner"
                  ? ""
                  : words.cost(duration(item.annotation_seconds), count(item.num_clicks)),
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
            {item.reviews.map((review) => (
              <span key={review.created_at} className="said">
                {words.verdictBy(words.verdicts[review.verdict], review.reviewer)}
                {review.comment && <q>{review.comment}</q>}
              </span>
            ))}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The classes of an answer, largest first. */
export function Legend({ project, material }: { project: Project; material: Material }) {
  const used = useMemo(() => {
    const counts = new Map<number, number>();
    let area = 0;
    for (const value of material.answer) {
      if (value === 255) continue;
      area++;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1]).map(([value, pixels]) => [value, pixels / area] as const);
  }, [material]);
  return (
    <ul className="review-legend small">
      {used.map(([value, part]) => {
        const label = project.label_classes.find(({ index }) => index === value);
        return (
          <li key={value} className="row">
            <span className={label ? "swatch" : "swatch void"} style={{ background: label?.color }} />
            {label?.name ?? texts.annotate.voidClass} <span className="faint">{roughShare(part)}</span>
          </li>
        );
      })}
    </ul>
  );
}

interface AnswerViewProps {
  project: Project;
  annotationId: string;
  areLabelsVisible: boolean;
  onViews(views: LinkedViews): void;
}

/** One answer beside what the model said then and says now, and where they differ. */
export function AnswerView({ project, annotationId, areLabelsVisible, onViews }: AnswerViewProps) {
  const { data: material } = useMaterial(annotationId);
  const [comparedId, setComparedId] = useState("before");
  const colors = useMemo(() => project.label_classes.map(({ color }) => color), [project.label_classes]);
  const pictures = useMemo(() => material && picturesOf(material), [material]);
  const others = useMemo(() => (material ? comparable(material) : []), [material]);
  const other = others.find(({ id }) => id === comparedId) ?? others[0];
  const compared = useMemo(
    () =>
      material && other ? { title: words.differenceTo(other.name), a: material.answer, b: other.map } : null,
    [material, other],
  );
  if (!material || !pictures) return <Skeleton height={420} />;
  return (
    <Panes {...{ material, colors, pictures, compared, areLabelsVisible, onViews }}>
      <div className="pane text" data-testid="review-story">
        {others.length > 1 && other && (
          <Segmented
            label={words.compareWith}
            value={other.id}
            options={others.map(({ id, name }) => [id, name] as const)}
            onChange={setComparedId}
          />
        )}
        <Legend project={project} material={material} />
        <Story detail={material.detail} role={project.role} />
      </div>
    </Panes>
  );
}
