import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { projects } from "@/api/endpoints";
import { keys } from "@/api/queries";
import type { Agreement, AnsweredTwice, Project } from "@/api/types";
import { texts } from "@/texts";
import { Empty, Skeleton } from "@/ui/bits";
import { count, decimal, percent } from "@/ui/format";
import type { LinkedViews } from "@/viewer/linkedViews";
import { Legend, Story, useMaterial } from "./answerView";
import { Panes } from "./panes";

const words = texts.review.agreement;

const kappaText = (kappa: number | null) => (kappa === null ? texts.common.none : decimal(kappa, 2));

function Numbers({ project, agreement }: { project: Project; agreement: Agreement }) {
  return (
    <div className="agreement-numbers stack">
      <dl className="row facts-row wrap">
        <div className="row" title={words.kappaHelp}>
          <dt className="faint">{words.kappa}</dt>
          <dd data-testid="agreement-kappa">{kappaText(agreement.kappa)}</dd>
        </div>
        <div className="row">
          <dt className="faint">{words.pixels}</dt>
          <dd data-testid="agreement-pixels">{percent(agreement.pixel_agreement)}</dd>
        </div>
        <div className="row">
          <dt className="faint">{words.regions}</dt>
          <dd>{count(agreement.num_regions)}</dd>
        </div>
      </dl>
      {agreement.num_waiting > 0 && <p className="small muted">{words.waiting(agreement.num_waiting)}</p>}
      <table className="compact">
        <thead>
          <tr>
            <th>{words.perClass}</th>
            <th className="num">{words.iou}</th>
          </tr>
        </thead>
        <tbody>
          {project.label_classes
            .filter(({ index }) => agreement.iou_per_class[index] !== null)
            .map(({ index, name, color }) => (
              <tr key={index} data-testid={`agreement-class-${index}`}>
                <td>
                  <span className="row">
                    <span className="swatch" style={{ background: color }} />
                    {name}
                  </span>
                </td>
                <td className="num">{percent(agreement.iou_per_class[index])}</td>
              </tr>
            ))}
          {agreement.void_iou !== null && (
            <tr>
              <td>{texts.annotate.voidClass}</td>
              <td className="num">{percent(agreement.void_iou)}</td>
            </tr>
          )}
        </tbody>
      </table>
      <table className="compact">
        <thead>
          <tr>
            <th>{words.perAnnotator}</th>
            <th className="num">{words.kappa}</th>
            <th className="num">{words.pixels}</th>
          </tr>
        </thead>
        <tbody>
          {agreement.annotators.map((annotator) => (
            <tr key={annotator.user_id}>
              <td>
                {annotator.username}{" "}
                <span className="faint" title={words.regions}>
                  ({count(annotator.num_regions)})
                </span>
              </td>
              <td className="num">{kappaText(annotator.kappa)}</td>
              <td className="num">{percent(annotator.pixel_agreement)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface PairProps {
  project: Project;
  pair: AnsweredTwice;
  areLabelsVisible: boolean;
  onViews(views: LinkedViews): void;
}

/** Both answers to one region side by side, and where they differ. */
function Pair({ project, pair, areLabelsVisible, onViews }: PairProps) {
  const [firstId, secondId] = pair.annotation_ids;
  const { data: material } = useMaterial(firstId);
  const colors = useMemo(() => project.label_classes.map(({ color }) => color), [project.label_classes]);
  const shown = useMemo(() => {
    const a = material?.saidOf.get(firstId);
    const b = material?.saidOf.get(secondId);
    if (!material || !a || !b) return null;
    const [first, second] = pair.usernames;
    const pictures = [
      { id: "image", title: texts.review.panes.image, map: null },
      { id: "first", title: first, map: a },
      { id: "second", title: second, map: b },
      {
        id: "before",
        title: texts.review.panes.before,
        map: material.before,
        missing: texts.review.noModelThen,
      },
    ];
    return { material, pictures, compared: { title: words.difference, a, b } };
  }, [material, firstId, secondId, pair.usernames]);
  if (!shown) return <Skeleton height={420} />;
  return (
    <Panes {...shown} {...{ colors, areLabelsVisible, onViews }}>
      <div className="pane text">
        <Legend project={project} material={shown.material} />
        <Story detail={shown.material.detail} role={project.role} />
      </div>
    </Panes>
  );
}

interface AgreementViewProps {
  project: Project;
  areLabelsVisible: boolean;
  onViews(views: LinkedViews): void;
}

/** How well people agree, and the regions where they least do. */
export function AgreementView({ project, areLabelsVisible, onViews }: AgreementViewProps) {
  const { data, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: keys.part(project.id, "agreement"),
    queryFn: ({ pageParam }) => projects.agreement(project.id, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const [selected, setSelected] = useState<string | null>(null);
  if (!data) return <Skeleton height={240} />;
  const [agreement] = data.pages;
  const regions = data.pages.flatMap((page) => page.regions);
  const idOf = (pair: AnsweredTwice) => pair.annotation_ids.join(" ");
  const pair = regions.find((region) => idOf(region) === selected) ?? regions[0];
  if (!pair) {
    return (
      <div className="review-empty">
        <Empty icon="layers" title={words.none}>
          <p>{agreement.num_waiting > 0 ? words.waiting(agreement.num_waiting) : words.noneBody}</p>
        </Empty>
      </div>
    );
  }
  return (
    <>
      <aside className="review-side">
        <Numbers project={project} agreement={agreement} />
        <h2>{words.worst}</h2>
        <ul className="review-list" aria-label={words.worst}>
          {regions.map((region) => (
            <li key={idOf(region)}>
              <button
                type="button"
                className="review-item"
                data-testid="agreement-region"
                aria-current={region === pair ? "true" : undefined}
                onClick={() => setSelected(idOf(region))}
              >
                <span className="row">
                  <b className="grow truncate">{region.usernames.join(" · ")}</b>
                  {percent(region.pixel_agreement, 0)}
                </span>
                <span className="small faint truncate">{region.filename}</span>
              </button>
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <button type="button" className="button small" onClick={() => void fetchNextPage()}>
            {texts.common.more}
          </button>
        )}
      </aside>
      <Pair key={idOf(pair)} {...{ project, pair, areLabelsVisible, onViews }} />
      <div className="actionbar">
        <span className="small muted">{texts.review.lookingKeys}</span>
      </div>
    </>
  );
}
