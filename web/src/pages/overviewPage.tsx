import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { options } from "@/api/queries";
import type { Job, Project } from "@/api/types";
import { texts } from "@/texts";
import { Progress, Skeleton } from "@/ui/bits";
import { Icon } from "@/ui/icons";
import { PageHead, ProjectFrame } from "@/ui/shell";
import { CostCard } from "./overview/costCard";
import { CurveCard } from "./overview/curveCard";
import { ExportCard } from "./overview/exportCard";
import { RoundCard, SimulatedCard } from "./overview/roundCard";
import { ProjectDialog } from "./project/projectDialog";
import { DropZone } from "./upload/dropZone";

const words = texts.overview;

/** Images that are still being prepared. */
function IngestProgress({ jobs }: { jobs: Job[] }) {
  const ingests = jobs.filter((job) => job.kind === "ingest");
  if (ingests.length === 0) return null;
  const fraction = ingests.reduce((sum, job) => sum + (job.progress_fraction ?? 0), 0) / ingests.length;
  return (
    <div className="stack tight small">
      <span className="muted">{words.preparing}</span>
      <Progress fraction={fraction} label={words.preparing} />
    </div>
  );
}

function ImagesCard({ project }: { project: Project }) {
  const { data: jobs } = useQuery({
    ...options.jobs(project.id),
    refetchInterval: (query) => (query.state.data?.items.length ? 2_000 : false),
  });
  const { pool, validation, test } = project.num_images;
  const canAdd = project.role === "owner";
  return (
    <section className="card">
      <header>
        <h2>{texts.images.title}</h2>
        <Link href={`/projects/${project.id}/images`} className="small">
          {texts.projects.images(pool + validation + test)}
        </Link>
      </header>
      <div className="body stack">
        <dl className="row facts-row wrap small">
          {(["pool", "validation", "test"] as const).map((split) => (
            <div key={split} className="row" title={texts.common.splitHelp[split]}>
              <dt className="faint">{texts.common.splits[split]}</dt>
              <dd>{project.num_images[split]}</dd>
            </div>
          ))}
        </dl>
        <IngestProgress jobs={jobs?.items ?? []} />
        {canAdd && <DropZone project={project} isCompact={pool + validation + test > 0} />}
      </div>
    </section>
  );
}

function MembersCard({ project }: { project: Project }) {
  const { data } = useQuery(options.members(project.id));
  return (
    <section className="card">
      <header>
        <h2>{words.members}</h2>
        <Link href={`/projects/${project.id}/people`} className="small">
          {words.allMembers}
        </Link>
      </header>
      <ul className="body stack tight">
        {data?.items.slice(0, 6).map((member) => (
          <li key={member.user_id} className="row">
            <span className="grow truncate">{member.username}</span>
            <span className="small faint">{texts.common.roles[member.role]}</span>
          </li>
        ))}
        {!data && <Skeleton height={18} />}
      </ul>
    </section>
  );
}

function Overview({ project }: { project: Project }) {
  const { data: curve } = useQuery(options.curve(project.id));
  const { data: rounds } = useQuery({ ...options.rounds(project.id), refetchInterval: 20_000 });
  const numRegions = rounds?.items.reduce((sum, round) => sum + round.annotated_regions, 0) ?? 0;
  const images = <ImagesCard project={project} />;
  const isNew = project.num_images.pool === 0;
  const mayExport = project.role === "owner" || project.role === "reviewer";
  const [isEditing, setEditing] = useState(false);
  return (
    <main className="page" id="content">
      <PageHead title={project.name}>
        {project.role === "owner" && (
          <button
            type="button"
            className="button"
            data-testid="project-settings"
            onClick={() => setEditing(true)}
          >
            <Icon name="sliders" size={16} />
            {texts.projects.edit.open}
          </button>
        )}
      </PageHead>
      <div className="overview">
        <div className="stack wide">
          {isNew && images}
          <CurveCard
            project={project}
            rows={curve?.items}
            suggestion={curve?.suggestion}
            numRegions={numRegions}
          />
          {project.role === "owner" && <CostCard project={project} />}
          <div className="halves">
            {!isNew && images}
            {mayExport && <ExportCard project={project} />}
          </div>
        </div>
        <div className="stack wide">
          {rounds ? <RoundCard project={project} rounds={rounds.items} /> : <Skeleton height={180} />}
          <SimulatedCard project={project} />
          <MembersCard project={project} />
        </div>
      </div>
      {isEditing && <ProjectDialog project={project} onClose={() => setEditing(false)} />}
    </main>
  );
}

export default function OverviewPage({ id }: { id: string }) {
  return (
    <ProjectFrame id={id} title={texts.common.nav.overview}>
      {(project) => <Overview project={project} />}
    </ProjectFrame>
  );
}
