import { useCallback, useState } from "react";
import { useRoundEvents } from "@/api/events";
import { invalidate, keys, queryClient } from "@/api/queries";
import type { Page, Round, RoundProgress, RoundState } from "@/api/types";
import { texts, wordFor } from "@/texts";

/** States in which a round works by itself. */
export const isBusy = (state: RoundState) => ["queued", "training", "scoring", "selecting"].includes(state);

export interface LossPoint {
  /** Counted on through the phases of a training, which each count from 1. */
  readonly step: number;
  readonly loss: number;
}

interface LivePoint extends LossPoint {
  readonly phase: string;
  /** Steps of the phases before. */
  readonly before: number;
}

const MAX_POINTS = 3000;

/** The curve with one more event; events may come twice after a reconnect. */
export function withLoss(curve: readonly LivePoint[], event: RoundProgress): readonly LivePoint[] {
  const { loss, step, phase } = event;
  if (typeof loss !== "number" || typeof step !== "number") return curve;
  const last = curve.at(-1);
  const before = !last ? 0 : last.phase === (phase ?? "") ? last.before : last.step;
  const point = { step: before + step, loss, phase: phase ?? "", before };
  return last && point.step <= last.step ? curve : [...curve, point].slice(-MAX_POINTS);
}

export interface LiveProgress {
  readonly fraction: number | null;
  readonly phase: string | null;
  readonly kind: string | null;
  readonly step: number | null;
  readonly num_steps: number | null;
  readonly eta_seconds: number | null;
  readonly waiting: string | null;
}

/** The running job as the round's own JSON tells of it: what is shown until the first event comes. */
function progressOf(round: Round): LiveProgress | null {
  const job =
    round.jobs.find((each) => each.state === "running") ?? round.jobs.find((each) => each.state === "queued");
  if (!job) return null;
  return {
    fraction: job.state === "running" ? (job.progress_fraction ?? null) : null,
    kind: job.kind,
    phase: job.progress?.phase ?? null,
    step: job.progress?.step ?? null,
    num_steps: job.progress?.num_steps ?? null,
    eta_seconds: job.progress?.eta_seconds ?? null,
    waiting: job.waiting_reason ?? null,
  };
}

/** A phase as people read it: "generation 1" in the page's language. */
export function phaseText(phase: string): string {
  const [, name, number] = /^(.*?)( \d+)?$/.exec(phase) ?? [];
  return wordFor(texts.rounds.phases, name ?? phase) + (number ?? "");
}

/** Follow a round while it works: its state goes into the cache, its progress and losses come back. */
export function useLiveRound(round: Round): { progress: LiveProgress | null; losses: readonly LossPoint[] } {
  const [progress, setProgress] = useState<LiveProgress | null>(null);
  const [losses, setLosses] = useState<readonly LivePoint[]>([]);

  const onState = useCallback((changed: Round) => {
    const projectId = projectOf(changed.id);
    if (!projectId) return;
    const key = keys.part(projectId, "rounds");
    queryClient.setQueryData<Page<Round>>(key, (page) =>
      page ? { ...page, items: page.items.map((each) => (each.id === changed.id ? changed : each)) } : page,
    );
    if (!isBusy(changed.state)) invalidate("project", projectId);
  }, []);

  const onProgress = useCallback((event: RoundProgress) => {
    setProgress({
      fraction: event.fraction,
      kind: event.kind,
      phase: event.phase ?? null,
      step: event.step ?? null,
      num_steps: event.num_steps ?? null,
      eta_seconds: event.eta_seconds ?? null,
      waiting: null,
    });
    setLosses((curve) => withLoss(curve, event));
  }, []);

  useRoundEvents(isBusy(round.state) ? round.id : null, { onState, onProgress });
  return { progress: isBusy(round.state) ? (progress ?? progressOf(round)) : null, losses };
}

/** Which cached list of rounds holds this one. */
function projectOf(roundId: string): string | undefined {
  for (const [key, page] of queryClient.getQueriesData<Page<Round>>({ queryKey: ["project"] })) {
    if (key[2] === "rounds" && page?.items.some((each) => each.id === roundId)) return key[1] as string;
  }
  return undefined;
}
