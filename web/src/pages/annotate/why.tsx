import { useQuery } from "@tanstack/react-query";
import { type RegionFacts, useAnnotate } from "@/annotating/state";
import { options } from "@/api/queries";
import type { LabelClass, Project } from "@/api/types";
import { texts } from "@/texts";
import { Progress } from "@/ui/bits";
import { decimal, percent } from "@/ui/format";

const words = texts.annotate;
/** Two classes this close are a doubt between both. */
const CLOSE = 0.25;

/**
 * Why the model asks. Never the query's purpose: who knows that an answer is only compared or measured with may give
 * it another care than the rest.
 */
function reasonOf(facts: RegionFacts, names: readonly string[]): string {
  if (!facts.hasPrediction) return words.coldStart;
  const [first, second] = facts.probs;
  if (names.length >= 2 && first - second < CLOSE) return words.torn(names[0], names[1]);
  return names.length >= 1 ? words.prefers(names[0]) : words.chosen;
}

function Doubts({ classes, probs }: { classes: readonly LabelClass[]; probs: readonly number[] }) {
  return (
    <ul className="stack tight">
      {classes.map(({ index, name, color }, i) => (
        <li className="prob" key={index}>
          <span className="row">
            <span className="swatch" style={{ background: color }} />
            <span className="truncate">{name}</span>
          </span>
          <Progress fraction={probs[i] ?? 0} label={name} />
          <span className="num">{percent(probs[i] ?? 0, 0)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Whose answer it is that lies in the region. Opens beside the page, so that work stays where it is. */
function Model({ project, id }: { project: Project; id: string }) {
  const { data } = useQuery({ ...options.models(project.id), staleTime: 60_000 });
  const model = data?.items.find((each) => each.id === id);
  if (!model) return null;
  const iou = model.metrics?.mean_iou;
  return (
    <a className="truncate push" href={`/projects/${project.id}/models`} target="_blank" rel="noreferrer">
      {texts.models.version(model.number)}
      {typeof iou === "number" && ` · ${words.modelIou} ${percent(iou)}`}
    </a>
  );
}

/** Why this region is asked: score and rank, the classes in doubt, the model that doubts. */
export function Why({ project }: { project: Project }) {
  const facts = useAnnotate((state) => state.facts);
  const { data: queue } = useQuery(options.queue(project.id));
  if (!facts) return null;
  const inDoubt = facts.topClasses
    .slice(0, 2)
    .map((index) => project.label_classes.find((each) => each.index === index))
    .filter((each) => each !== undefined);
  const names = inDoubt.map((each) => each.name);
  const all = Math.max(queue?.budget_regions ?? 0, facts.rank + 1);
  return (
    <section className="stack tight" aria-label={words.why} data-testid="why">
      <div className="row">
        <h2 className="grow">{words.why}</h2>
        <span className="small faint">{words.rank(facts.rank + 1, all)}</span>
      </div>
      <p className="small muted">{reasonOf(facts, names)}</p>
      {facts.hasPrediction && <Doubts classes={inDoubt} probs={facts.probs} />}
      <div className="row small faint">
        <span className="truncate grow" title={facts.filename}>
          {facts.filename} · {words.area(facts.area)}
        </span>
      </div>
      {facts.hasPrediction && (
        <div className="row small faint">
          <span className="nowrap">
            {facts.score !== null && `${words.score} ${decimal(facts.score, 2)}`}
          </span>
          {facts.modelVersionId && <Model project={project} id={facts.modelVersionId} />}
        </div>
      )}
    </section>
  );
}
