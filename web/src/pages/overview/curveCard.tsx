import { useState } from "react";
import type { CurveRow, Project, Suggestion } from "@/api/types";
import { texts } from "@/texts";
import { Empty, Segmented, Switch } from "@/ui/bits";
import { Chart, type Series } from "@/ui/chart";
import { count, difference, duration, hours, percent, points, share } from "@/ui/format";

const words = texts.overview;

const AXES = {
  fraction: { at: (row: CurveRow) => row.labelled_fraction, text: (value: number) => share(value) },
  regions: {
    at: (row: CurveRow) => row.annotated_regions,
    text: (value: number) => count(Math.round(value)),
  },
  clicks: { at: (row: CurveRow) => row.clicks, text: (value: number) => count(Math.round(value)) },
  hours: {
    at: (row: CurveRow) => (row.annotation_seconds === null ? null : row.annotation_seconds / 3600),
    text: (value: number) => hours(value),
  },
} as const;
type AxisName = keyof typeof AXES;
const AXIS_NAMES = Object.keys(AXES) as AxisName[];

const AXIS_OPTIONS: (readonly [AxisName, string])[] = AXIS_NAMES.map((name) => [name, words.axis[name]]);
/** What answers cost is for owners. */
const FREE_AXES = AXIS_OPTIONS.filter(([name]) => name !== "clicks" && name !== "hours");

function seriesOf(rows: CurveRow[], project: Project, isPerClass: boolean): Series[] {
  const mean: Series = {
    label: texts.common.meanIou,
    values: rows.map((row) => row.mean_iou),
    color: "--accent",
    width: isPerClass ? 3 : 2,
  };
  if (!isPerClass) return [mean];
  const classes = project.label_classes.map((label_class) => ({
    label: label_class.name,
    values: rows.map((row) => row.iou_per_class?.[label_class.index] ?? null),
    color: label_class.color,
    width: 1.5,
  }));
  return [mean, ...classes];
}

/** What the regions of the last measured round were worth. */
function Bought({ rows }: { rows: CurveRow[] }) {
  if (rows.length < 2) return null;
  const [before, last] = rows.slice(-2);
  const gain = (last.mean_iou ?? 0) - (before.mean_iou ?? 0);
  const regions = last.annotated_regions - before.annotated_regions;
  const text = gain > 0 ? words.bought(regions, points(gain)) : words.boughtNothing(regions, points(gain));
  return <p className="small muted">{text}</p>;
}

function Stats({
  rows,
  measured,
  numRegions,
  seesCost,
}: {
  rows: CurveRow[];
  measured: CurveRow[];
  numRegions: number;
  seesCost: boolean;
}) {
  const last = rows.at(-1);
  const newest = measured.at(-1);
  const now = newest?.mean_iou ?? null;
  const interval =
    newest && newest.low !== null && newest.high !== null
      ? words.interval(percent(newest.low), percent(newest.high))
      : undefined;
  const before = measured.at(-2)?.mean_iou ?? null;
  const gain = now !== null && before !== null ? now - before : null;
  const stat = (name: keyof typeof words.stats, value: string, extra?: number | null, title?: string) => (
    <div className="stat" title={title}>
      <dt>{words.stats[name]}</dt>
      <dd>
        {value}{" "}
        {extra !== null && extra !== undefined && (
          <small className={extra >= 0 ? "gain" : "loss"}>{difference(extra)}</small>
        )}
      </dd>
    </div>
  );
  return (
    <dl className="stats">
      {stat("iou", percent(now), gain, interval)}
      {stat("labelled", share(last?.labelled_fraction ?? null))}
      {stat("regions", count(numRegions))}
      {seesCost && stat("clicks", count(last?.clicks ?? null))}
      {seesCost && stat("time", last ? duration(last.annotation_seconds || null) : texts.common.none)}
    </dl>
  );
}

/** Why asking on is not expected to pay, when it is not. */
function Advice({ suggestion }: { suggestion: Suggestion | undefined }) {
  if (!suggestion?.rule) return null;
  const value = suggestion.value ?? 0;
  const reasons = {
    budget: () => words.stop.budget(share(value), share(suggestion.limit ?? 0)),
    plateau: () => words.stop.plateau(points(value)),
    certainty: () => words.stop.certainty(percent(value, 0)),
  };
  return (
    <p className="small" data-testid="suggestion">
      <strong>{words.stop.title}</strong> {reasons[suggestion.rule]()}
    </p>
  );
}

interface CurveCardProps {
  project: Project;
  rows: CurveRow[] | undefined;
  suggestion: Suggestion | undefined;
  /** Regions answered so far, those since the last training too. */
  numRegions: number;
}

export function CurveCard({ project, rows = [], suggestion, numRegions }: CurveCardProps) {
  const [axis, setAxis] = useState<AxisName>("fraction");
  const [isPerClass, setPerClass] = useState(false);
  const measured = rows.filter((row) => row.mean_iou !== null && AXES[axis].at(row) !== null);
  const seesCost = project.role === "owner";
  const isTrained = rows.some((row) => row.model_version_id !== null);
  return (
    <section className="card" data-testid="learning-curve" aria-label={words.curve}>
      <header>
        <h2>{words.curve}</h2>
        <Switch label={words.perClass} checked={isPerClass} onChange={setPerClass} />
        <Segmented
          label={words.axisLabel}
          value={axis}
          options={seesCost ? AXIS_OPTIONS : FREE_AXES}
          onChange={setAxis}
        />
      </header>
      <Stats rows={rows} measured={measured} numRegions={numRegions} seesCost={seesCost} />
      <div className="body stack">
        {measured.length > 0 ? (
          <>
            <Chart
              label={words.curve}
              x={measured.map((row) => AXES[axis].at(row) ?? 0)}
              series={seriesOf(measured, project, isPerClass)}
              xLabel={words.axis[axis]}
              formatX={AXES[axis].text}
              formatY={(value) => percent(value, 0)}
              height={(isPerClass ? 300 : 230) - (window.innerHeight < 800 ? 78 : 0)}
            />
            <Bought rows={measured} />
            <Advice suggestion={suggestion} />
          </>
        ) : (
          <Empty icon="chart" title={words.noCurve}>
            <p>{isTrained ? words.curveNoMetric : words.curveEmpty}</p>
          </Empty>
        )}
      </div>
    </section>
  );
}
