import { useQuery } from "@tanstack/react-query";
import { models as modelsApi } from "@/api/endpoints";
import { invalidate, keys, options } from "@/api/queries";
import type { ModelVersion, Project } from "@/api/types";
import { texts } from "@/texts";
import { Empty, Skeleton } from "@/ui/bits";
import { ago, count, duration, percent, share } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { PageHead, ProjectFrame } from "@/ui/shell";
import { toast, toastError } from "@/ui/toasts";

const words = texts.models;

function accuracyOf({ metrics }: ModelVersion): number | null {
  const on = metrics?.on;
  return on === "validation" || on === "test" ? (metrics?.[on]?.pixel_accuracy ?? null) : null;
}

function Row({ project, model, best }: { project: Project; model: ModelVersion; best: number | null }) {
  const iou = model.metrics?.mean_iou ?? null;
  const activate = async () => {
    try {
      await modelsApi.activate(model.id);
      toast("ok", words.activated(model.number));
    } catch (error) {
      toastError(error);
    }
    invalidate(...keys.project(project.id));
  };
  return (
    <tr data-testid={`model-${model.number}`}>
      <td>
        <span className="row">
          <b>{words.version(model.number)}</b>
          {model.is_active && <span className="badge ok">{words.active}</span>}
        </span>
      </td>
      <td className="num">{model.round ?? texts.common.none}</td>
      <td className="num">{iou !== null && iou === best ? <b>{percent(iou)}</b> : percent(iou)}</td>
      <td className="num">{percent(accuracyOf(model))}</td>
      <td className="num">{share(model.labelled_fraction)}</td>
      <td>
        {model.method.replaceAll("_", " ")} <span className="faint">· {model.encoder}</span>
      </td>
      <td className="num">{count(model.image_steps)}</td>
      <td className="num">{duration(model.compute_seconds)}</td>
      <td className="num faint">{ago(model.created_at)}</td>
      <td>
        <span className="row" style={{ justifyContent: "flex-end" }}>
          {!model.is_active && project.role === "owner" && (
            <button type="button" className="button small" onClick={activate}>
              {words.activate}
            </button>
          )}
          <a className="button small" href={modelsApi.weightsUrl(model.id)} download>
            <Icon name="download" size={14} />
            {words.weights}
          </a>
        </span>
      </td>
    </tr>
  );
}

function Models({ project }: { project: Project }) {
  const { data } = useQuery(options.models(project.id));
  const models = data?.items.toSorted((a, b) => b.number - a.number) ?? [];
  const measured = models.map((model) => model.metrics?.mean_iou ?? null).filter((iou) => iou !== null);
  const best = measured.length > 0 ? Math.max(...measured) : null;
  const { columns } = words;
  return (
    <main className="page" id="content">
      <PageHead title={words.title} />
      {!data && <Skeleton height={200} />}
      {data && models.length === 0 && (
        <div className="card">
          <Empty icon="layers" title={words.empty}>
            <p>{words.emptyBody}</p>
          </Empty>
        </div>
      )}
      {models.length > 0 && (
        <div className="card table-scroll">
          <table>
            <thead>
              <tr>
                <th>{columns.version}</th>
                <th className="num">{columns.round}</th>
                <th className="num">{columns.iou}</th>
                <th className="num">{columns.accuracy}</th>
                <th className="num">{columns.labelled}</th>
                <th>{columns.method}</th>
                <th className="num">{columns.steps}</th>
                <th className="num">{columns.time}</th>
                <th className="num">{columns.created}</th>
                <th>
                  <span className="sr-only">{words.weights}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {models.map((model) => (
                <Row key={model.id} project={project} model={model} best={best} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </main>
  );
}

export default function ModelsPage({ id }: { id: string }) {
  return (
    <ProjectFrame id={id} title={words.title}>
      {(project) => <Models project={project} />}
    </ProjectFrame>
  );
}
