import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { options } from "@/api/queries";
import type { Project, Round } from "@/api/types";
import { texts } from "@/texts";
import { Empty, RoundBadge, Skeleton } from "@/ui/bits";
import { ago, count, percent, share } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { PageHead, ProjectFrame } from "@/ui/shell";
import { DEFAULT_BUDGET } from "./budgetFields";
import { isBusy } from "./rounds/liveRound";
import { RoundDetail } from "./rounds/roundDetail";
import { StartRoundDialog } from "./startRoundDialog";

const words = texts.rounds;

function RoundsTable({
  rounds,
  selected,
  onSelect,
}: {
  rounds: Round[];
  selected: Round;
  onSelect(id: string): void;
}) {
  const { columns } = words;
  return (
    <div className="card table-scroll">
      <table>
        <thead>
          <tr>
            <th>{columns.number}</th>
            <th>{columns.state}</th>
            <th className="num">{columns.labelled}</th>
            <th className="num">{columns.regions}</th>
            <th className="num">{columns.iou}</th>
            <th className="num">{columns.started}</th>
          </tr>
        </thead>
        <tbody>
          {rounds.map((round) => (
            <tr
              key={round.id}
              className={`clickable ${round.id === selected.id ? "selected" : ""}`}
              onClick={() => onSelect(round.id)}
            >
              <td>
                <button type="button" className="link" aria-pressed={round.id === selected.id}>
                  {round.number}
                </button>
              </td>
              <td>
                <RoundBadge state={round.state} />
              </td>
              <td className="num">{share(round.labelled_fraction)}</td>
              <td className="num">
                {count(round.annotated_regions)}
                {round.budget_regions ? (
                  <span className="faint"> / {count(round.budget_regions)}</span>
                ) : null}
              </td>
              <td className="num">{round.metrics ? percent(round.metrics.mean_iou) : texts.common.none}</td>
              <td className="num faint">{ago(round.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Rounds({ project }: { project: Project }) {
  const { data } = useQuery({ ...options.rounds(project.id), refetchInterval: 15_000 });
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const [isStarting, setStarting] = useState(false);
  const rounds = data?.items.toSorted((a, b) => b.number - a.number) ?? [];
  const selected = rounds.find((round) => round.id === selectedId) ?? rounds[0];
  const canStart =
    project.role === "owner" && project.num_images.pool > 0 && !rounds.some((r) => isBusy(r.state));
  const start = project.role === "owner" && (
    <button
      type="button"
      className="button primary"
      data-testid="start-round"
      disabled={!canStart}
      onClick={() => setStarting(true)}
    >
      <Icon name="play" size={14} />
      {rounds.length > 0 ? texts.overview.startNext : texts.overview.start}
    </button>
  );
  return (
    <main className="page" id="content">
      <PageHead title={words.title}>{rounds.length > 0 && start}</PageHead>
      {!data && <Skeleton height={240} />}
      {data && !selected && (
        <div className="card">
          <Empty icon="chart" title={words.empty}>
            <p>{project.num_images.pool > 0 ? words.emptyBody : texts.overview.needImages}</p>
            {start}
          </Empty>
        </div>
      )}
      {selected && (
        <div className="split">
          <RoundsTable rounds={rounds} selected={selected} onSelect={setSelectedId} />
          <RoundDetail key={selected.id} project={project} round={selected} />
        </div>
      )}
      {isStarting && (
        <StartRoundDialog
          project={project}
          rounds={rounds}
          budget={DEFAULT_BUDGET}
          onClose={() => setStarting(false)}
        />
      )}
    </main>
  );
}

export default function RoundsPage({ id }: { id: string }) {
  return (
    <ProjectFrame id={id} title={words.title}>
      {(project) => <Rounds project={project} />}
    </ProjectFrame>
  );
}
