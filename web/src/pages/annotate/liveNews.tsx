import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useAnnotate } from "@/annotating/state";
import { options } from "@/api/queries";
import type { Project } from "@/api/types";
import { texts } from "@/texts";
import { roughShare } from "@/ui/format";
import { saveSentence } from "./saveState";

const words = texts.annotate;
/** Strokes come fast: what changes with them is said once they have come to rest. */
const REST_MS = 1_200;

/** A text once it has stayed the same for a while. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}

/** What eyes see change, for ears: another region, what is left of it, whether it is saved. */
export function LiveNews({ project }: { project: Project }) {
  const { facts, numUnlabelled, phase } = useAnnotate();
  const sentence = useAnnotate(saveSentence);
  const { data: queue } = useQuery(options.queue(project.id));
  const left = facts ? numUnlabelled / facts.area : 0;
  const rest = useRested(
    phase !== "working" ? "" : left > 0 ? words.news.left(roughShare(left)) : words.complete,
  );
  const saved = useRested(sentence);
  const names = (facts?.topClasses ?? [])
    .slice(0, 2)
    .map((index) => project.label_classes.find((each) => each.index === index)?.name ?? "");
  const place = facts ? words.rank(facts.rank + 1, Math.max(queue?.budget_regions ?? 0, facts.rank + 1)) : "";
  return (
    <div className="sr-only" data-testid="live-news">
      <p role="status">
        {facts && words.news.region(place, facts.filename)}{" "}
        {facts?.hasPrediction && names.length > 1 && words.news.doubt(names.join(", "))}
      </p>
      <p role="status">{rest}</p>
      <p role="status">{saved}</p>
    </div>
  );
}
