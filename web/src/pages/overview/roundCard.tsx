import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { projects, rounds as roundsApi } from "@/api/endpoints";
import { invalidate, keys, options, queryClient } from "@/api/queries";
import type { Project, Queue, Round } from "@/api/types";
import { texts } from "@/texts";
import { Progress, RoundBadge, Switch } from "@/ui/bits";
import { count, duration } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { toastError } from "@/ui/toasts";
import { BudgetFields, budgetOf, DEFAULT_BUDGET } from "../budgetFields";
import { isBusy, phaseText, useLiveRound } from "../rounds/liveRound";
import { Pipeline } from "../rounds/pipeline";
import { StartRoundDialog } from "../startRoundDialog";

const words = texts.overview;

function Running({ round }: { round: Round }) {
  const { progress } = useLiveRound(round);
  return (
    <div className="stack tight">
      <Pipeline round={round} />
      <Progress
        fraction={progress?.fraction ?? null}
        label={texts.common.roundStates[round.state]}
        testId="round-progress"
      />
      <div className="row small muted">
        <span className="grow truncate">
          {progress?.phase ? phaseText(progress.phase) : (progress?.waiting ?? "")}
        </span>
        {progress?.eta_seconds ? <span>{texts.rounds.eta(duration(progress.eta_seconds))}</span> : null}
      </div>
    </div>
  );
}

function QueueFacts({ queue }: { queue: Queue }) {
  const budget = queue.budget_regions ?? 0;
  const done = queue.annotated;
  return (
    <div className="stack tight">
      {budget > 0 && <Progress fraction={Math.min(1, done / budget)} label={words.queue} />}
      <dl className="facts small">
        <dt>{words.remaining}</dt>
        <dd data-testid="queue-remaining">{count(queue.remaining)}</dd>
        <dt>{words.leased}</dt>
        <dd>{count(queue.leased)}</dd>
        <dt>{words.annotated}</dt>
        <dd>{budget > 0 ? `${count(done)} / ${count(budget)}` : count(done)}</dd>
      </dl>
    </div>
  );
}

/** Start with the budget that is set here, or open everything else a round can be told. */
function StartRound({ project, rounds, isMain }: { project: Project; rounds: Round[]; isMain: boolean }) {
  const [budget, setBudget] = useState(DEFAULT_BUDGET);
  const [isOpen, setOpen] = useState(false);
  const [isSending, setSending] = useState(false);
  const last = rounds.toSorted((a, b) => b.number - a.number)[0];
  const start = async () => {
    setSending(true);
    try {
      await roundsApi.start(project.id, {
        ...budgetOf(budget),
        ...(last ? { method: last.method, settings: last.settings ?? {} } : {}),
      });
      await queryClient.invalidateQueries({ queryKey: keys.project(project.id) });
    } catch (error) {
      toastError(error);
    }
    setSending(false);
  };
  return (
    <div className="stack start-round">
      <BudgetFields budget={budget} onChange={setBudget} />
      <div className="row">
        <button
          type="button"
          className={`button grow ${isMain ? "primary" : ""}`}
          data-testid="start-round"
          disabled={project.num_images.pool === 0 || isSending}
          onClick={start}
        >
          <Icon name="play" size={14} />
          {last ? words.startNext : words.start}
        </button>
        <button
          type="button"
          className="button"
          data-testid="round-settings"
          disabled={project.num_images.pool === 0}
          onClick={() => setOpen(true)}
        >
          {words.settings}
        </button>
      </div>
      {isOpen && (
        <StartRoundDialog project={project} rounds={rounds} budget={budget} onClose={() => setOpen(false)} />
      )}
    </div>
  );
}

/** The state of the loop and what can be done next. */
export function RoundCard({ project, rounds }: { project: Project; rounds: Round[] }) {
  const { data: queue } = useQuery({ ...options.queue(project.id), refetchInterval: 15_000 });
  const newest = rounds.toSorted((a, b) => b.number - a.number)[0];
  const isRunning = newest !== undefined && isBusy(newest.state);
  const hasWork = (queue?.remaining ?? 0) > 0;
  return (
    <section className="card">
      <header>
        <h2>{newest ? texts.annotate.roundLabel(newest.number) : words.current}</h2>
        {newest && <RoundBadge state={newest.state} testId="round-state" />}
      </header>
      <div className="body stack">
        {!newest && (
          <p className="muted small">{project.num_images.pool > 0 ? words.noRoundBody : words.needImages}</p>
        )}
        {newest?.error && <p className="form-error small">{newest.error}</p>}
        {isRunning && <Running round={newest} />}
        {queue && newest && <QueueFacts queue={queue} />}
        {newest && (
          <Link
            href={`/projects/${project.id}/annotate`}
            className={`button ${hasWork ? "primary" : ""}`}
            data-testid="go-annotate"
          >
            {words.annotate}
          </Link>
        )}
        {project.role === "owner" && !isRunning && (
          <StartRound project={project} rounds={rounds} isMain={!hasWork} />
        )}
      </div>
    </section>
  );
}

/** The demo's switch: a script that answers through the same API, round after round. */
export function SimulatedCard({ project }: { project: Project }) {
  if (project.simulated_annotator === null) return null;
  const change = async (isOn: boolean) => {
    const simulated_annotator = isOn ? "on" : "off";
    const show = (shown: Project) => queryClient.setQueryData(keys.project(project.id), shown);
    show({ ...project, simulated_annotator });
    try {
      show(await projects.update(project.id, { simulated_annotator }));
      invalidate(...keys.part(project.id, "rounds"));
    } catch (error) {
      show(project);
      toastError(error);
    }
  };
  return (
    <section className="card" data-testid="simulated-annotator">
      <div className="body stack tight">
        <Switch
          label={words.simulated}
          checked={project.simulated_annotator === "on"}
          disabled={project.role !== "owner"}
          onChange={change}
        />
        <p className="small muted">{words.simulatedHelp}</p>
      </div>
    </section>
  );
}
