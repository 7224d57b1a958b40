import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { options } from "@/api/queries";
import type { Project } from "@/api/types";
import { texts } from "@/texts";
import { Empty, Skeleton } from "@/ui/bits";
import { ago } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { NotFound } from "@/ui/notFound";
import { PageHead, TopBar } from "@/ui/shell";
import { NewProjectDialog } from "./newProjectDialog";
import { restoreProject } from "./project/projectDialog";

const words = texts.projects;

function ProjectCard({ project }: { project: Project }) {
  const numImages = Object.values(project.num_images).reduce((sum, n) => sum + n, 0);
  return (
    <Link href={`/projects/${project.id}`} className="card project-card">
      <div className="row">
        <h2 className="grow truncate">{project.name}</h2>
        {project.role && <span className="badge">{texts.common.roles[project.role]}</span>}
      </div>
      <div className="class-strip" aria-hidden="true">
        {project.label_classes.map((label_class) => (
          <span key={label_class.index} style={{ background: label_class.color }} />
        ))}
      </div>
      <div className="row small muted">
        <span>{words.images(numImages)}</span>
        <span className="faint">·</span>
        <span className="grow">{words.classes(project.label_classes.length)}</span>
        <span className="faint">{ago(project.created_at)}</span>
      </div>
    </Link>
  );
}

/** What was deleted, for those who may bring it back. */
function DeletedProjects() {
  const { data } = useQuery(options.deletedProjects);
  const own = data?.items.filter((project) => project.role === "owner") ?? [];
  if (own.length === 0) return null;
  return (
    <details data-testid="deleted-projects" style={{ marginTop: 20 }}>
      <summary>{words.edit.deletedProjects(own.length)}</summary>
      <ul className="stack tight" style={{ marginTop: 12 }}>
        {own.map((project) => (
          <li key={project.id} className="row">
            <span className="grow truncate">{project.name}</span>
            <button
              type="button"
              className="button small"
              data-testid="restore-project"
              onClick={() => restoreProject(project)}
            >
              <Icon name="undo" size={14} />
              {words.edit.restore}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

export default function ProjectsPage() {
  const { data, error } = useQuery(options.projects);
  const [isCreating, setCreating] = useState(false);
  useEffect(() => {
    document.title = `${words.title} · ${texts.common.product}`;
  }, []);
  if (error) return <NotFound error={error} />;
  const create = (
    <button
      type="button"
      className="button primary"
      data-testid="new-project"
      onClick={() => setCreating(true)}
    >
      <Icon name="plus" size={16} />
      {words.create}
    </button>
  );
  return (
    <>
      <TopBar />
      <main className="page" id="content">
        <PageHead title={words.title}>{data && data.items.length > 0 && create}</PageHead>
        {!data && (
          <div className="project-grid">
            <Skeleton height={104} />
            <Skeleton height={104} />
            <Skeleton height={104} />
          </div>
        )}
        {data?.items.length === 0 && (
          <div className="card">
            <Empty icon="layers" title={words.empty}>
              <p>{words.emptyBody}</p>
              {create}
            </Empty>
          </div>
        )}
        <div className="project-grid">
          {data?.items.map((project) => (
            <ProjectCard key={project.id} project={project} />
          ))}
        </div>
        <DeletedProjects />
        {isCreating && <NewProjectDialog onClose={() => setCreating(false)} />}
      </main>
    </>
  );
}
