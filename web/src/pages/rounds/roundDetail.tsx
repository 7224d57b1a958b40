import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { models, rounds as roundsApi } from "@/api/endpoints";
import { invalidate, keys } from "@/api/queries";
import type { Job, Project, Round } from "@/api/types";
import { texts, wordFor } from "@/texts";
import { Progress, RoundBadge } from "@/ui/bits";
import { Chart } from "@/ui/chart";
import { count, decimal, duration, percent } from "@/ui/format";
import { toastError } from "@/ui/toasts";
import { isBusy, type LossPoint, phaseText, useLiveRound } from "./liveRound";
import { Pipeline } from "./pipeline";

const words = texts.rounds;

function Commands({ project, round }: { project: Project; round: Round }) {
  const [isSending, setSending] = useState(false);
  const send = async (name: "cancel" | "close" | "retry", question?: string) => {
    if (question && !window.confirm(question)) return;
    setSending(true);
    try {
      await roundsApi.command(round.id, name);
    } catch (error) {
      toastError(error);
    }
    invalidate(...keys.project(project.id));
    setSending(false);
  };
  if (project.role !== "owner") return null;
  const button = (text: string, testId: string, run: () => void, tone = "") => (
    <button
      type="button"
      className={`button small ${tone}`}
      data-testid={testId}
      disabled={isSending}
      onClick={run}
    >
      {text}
    </button>
  );
  return (
    <>
      {isBusy(round.state) &&
        button(words.cancel, "cancel-round", () => send("cancel", words.cancelConfirm), "danger")}
      {round.state === "failed" && button(words.retry, "retry-round", () => send("retry"), "primary")}
      {round.state === "annotating" &&
        button(words.closeRound, "close-round", () => send("close", words.closeConfirm))}
    </>
  );
}

/** The loss of the model a round has trained; while it trains, what the events told so far. */
function LossCurve({ round, live }: { round: Round; live: readonly LossPoint[] }) {
  const id = round.model_version_id;
  const { data: model } = useQuery({
    queryKey: ["model_version", id],
    queryFn: () => models.get(id ?? ""),
    enabled: id !== null && live.length === 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const curve =
    live.length > 0 ? live : (model?.loss_curve ?? []).map(lossPoint).filter((point) => point !== null);
  if (curve.length < 2) return isBusy(round.state) ? <p className="small faint">{words.lossEmpty}</p> : null;
  return (
    <div className="stack tight">
      <h3>{words.loss}</h3>
      <Chart
        label={words.loss}
        x={curve.map((point) => point.step)}
        series={[
          { label: words.loss, values: curve.map((point) => point.loss), color: "--accent", width: 1.5 },
        ]}
        xLabel={words.stepAxis}
        formatX={(value) => count(Math.round(value))}
        formatY={(value) => decimal(value, 2)}
        height={150}
        showPoints={false}
      />
    </div>
  );
}

/** Curves are kept as pairs or as objects. */
function lossPoint(point: unknown, index: number): LossPoint | null {
  if (typeof point === "number") return { step: index, loss: point };
  if (Array.isArray(point) && point.length >= 2) return { step: Number(point[0]), loss: Number(point[1]) };
  const { step, loss } = (point ?? {}) as { step?: number; loss?: number };
  return typeof step === "number" && typeof loss === "number" ? { step, loss } : null;
}

const JOB_TONES: Record<Job["state"], string> = {
  queued: "warn",
  running: "accent busy",
  done: "ok",
  failed: "danger",
  cancelled: "",
};

function Jobs({ jobs }: { jobs: Job[] }) {
  if (jobs.length === 0) return null;
  return (
    <ul className="row wrap">
      {jobs.map((job) => (
        <li
          key={job.id}
          className={`badge ${JOB_TONES[job.state]}`}
          title={[texts.common.jobStates[job.state], job.waiting_reason, job.error]
            .filter(Boolean)
            .join(": ")}
        >
          {wordFor(words.jobKinds, job.kind)}
          <span className="sr-only">{texts.common.jobStates[job.state]}</span>
        </li>
      ))}
    </ul>
  );
}

function PerClass({ project, round }: { project: Project; round: Round }) {
  const on = round.metrics?.on;
  const split = on === "validation" || on === "test" ? round.metrics?.[on] : null;
  if (!split) return null;
  return (
    <div className="stack tight">
      <h3>{words.perClass}</h3>
      <div className="per-class">
        {project.label_classes.map((label_class) => {
          const iou = split.iou_per_class?.[label_class.index] ?? null;
          return (
            <div className="prob" key={label_class.index}>
              <span className="row">
                <span className="swatch" style={{ background: label_class.color }} />
                <span className="truncate">{label_class.name}</span>
              </span>
              <Progress fraction={iou ?? 0} label={label_class.name} />
              <span className="num muted">{iou === null ? texts.common.none : percent(iou, 0)}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

export function RoundDetail({ project, round }: { project: Project; round: Round }) {
  const { progress, losses } = useLiveRound(round);
  const step = progress?.step && progress.num_steps ? words.step(progress.step, progress.num_steps) : "";
  return (
    <section className="card" aria-label={texts.annotate.roundLabel(round.number)}>
      <header>
        <h2>{texts.annotate.roundLabel(round.number)}</h2>
        <Commands project={project} round={round} />
        <RoundBadge state={round.state} testId="round-state" />
      </header>
      <div className="body stack">
        <Pipeline round={round} />
        {round.error && (
          <p className="form-error" role="alert">
            {round.error}
          </p>
        )}
        {progress && (
          <div className="stack tight">
            <Progress fraction={progress.fraction} label={words.live} testId="round-progress" />
            <div className="row small muted">
              <span className="grow">
                {[
                  progress.phase ? phaseText(progress.phase) : wordFor(words.jobKinds, progress.kind ?? ""),
                  step,
                  progress.waiting,
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
              {progress.eta_seconds ? <span>{words.eta(duration(progress.eta_seconds))}</span> : null}
            </div>
          </div>
        )}
        <LossCurve round={round} live={losses} />
        <PerClass project={project} round={round} />
        <Jobs jobs={round.jobs} />
      </div>
    </section>
  );
}
