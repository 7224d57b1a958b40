import { useEffect } from "react";
import { projectEventsUrl, rounds } from "./endpoints";
import { invalidate, keys, queryClient } from "./queries";
import type { Round, RoundProgress } from "./types";

/** What each notice of the project's stream makes stale. */
const STALE_PARTS: Record<string, string[]> = {
  round: ["rounds", "queue", "curve", "models"],
  queue: ["queue"],
  annotation: ["queue", "curve", "rounds", "costs", "agreement", "annotation_counts"],
  job: ["jobs", "exports", "rounds", "images"],
};

/** At most one refetch of a part in this time, however many events come. */
const CALM_MS = 700;
const PROGRESS_CALM_MS = 2_500;

/** Listen to a project: whatever changes on the server is fetched again. Reconnects by itself. */
export function useProjectEvents(projectId: string): void {
  useEffect(() => {
    const stale = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      for (const part of stale) invalidate(...keys.part(projectId, part));
      if (stale.has("rounds"))
        void queryClient.invalidateQueries({ queryKey: keys.project(projectId), exact: true });
      stale.clear();
    };
    const source = new EventSource(projectEventsUrl(projectId));
    for (const [name, parts] of Object.entries(STALE_PARTS)) {
      source.addEventListener(name, (event) => {
        const isProgress = event.data.includes('"job.progress"');
        for (const part of isProgress ? ["jobs"] : parts) stale.add(part);
        timer ??= setTimeout(flush, isProgress ? PROGRESS_CALM_MS : CALM_MS);
      });
    }
    return () => {
      clearTimeout(timer);
      source.close();
    };
  }, [projectId]);
}

/** Listen to one round while it runs. */
export function useRoundEvents(
  roundId: string | null,
  handlers: { onState(round: Round): void; onProgress(progress: RoundProgress): void },
): void {
  const { onState, onProgress } = handlers;
  useEffect(() => {
    if (!roundId) return;
    const source = new EventSource(rounds.eventsUrl(roundId));
    source.addEventListener("state", (event) => onState(JSON.parse(event.data) as Round));
    source.addEventListener("metrics", () => invalidate("project"));
    source.addEventListener("progress", (event) => onProgress(JSON.parse(event.data) as RoundProgress));
    return () => source.close();
  }, [roundId, onState, onProgress]);
}
