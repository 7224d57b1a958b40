import type { AnnotateController } from "@/annotating/controller";
import { useAnnotate } from "@/annotating/state";
import type { LabelClass, Project } from "@/api/types";
import { texts, wordFor } from "@/texts";
import { Progress } from "@/ui/bits";
import { decimal, percent } from "@/ui/format";
import { Welcome } from "./helpDialogs";
import { Palette } from "./palette";

const words = texts.annotate;

interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  unit: string;
  onChange(value: number): void;
}

function Slider({ label, value, min, max, unit, onChange }: SliderProps) {
  return (
    <label className="slider">
      <span className="muted">{label}</span>
      <input
        type="range"
        min={min}
        max={max}
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
        onPointerUp={(event) => event.currentTarget.blur()}
      />
      <output>
        {value} {unit}
      </output>
    </label>
  );
}

function ToolSettings({ page }: { page: AnnotateController }) {
  const { tool, brushSize, tolerance, opacity } = useAnnotate();
  return (
    <section className="stack tight">
      {(tool === "brush" || tool === "eraser") && (
        <Slider
          label={words.brushSize}
          value={brushSize}
          min={1}
          max={120}
          unit={words.pixels}
          onChange={(size) => page.setBrushSize(size)}
        />
      )}
      {tool === "wand" && (
        <Slider
          label={words.tolerance}
          value={tolerance}
          min={0}
          max={120}
          unit=""
          onChange={(value) => page.setTolerance(value)}
        />
      )}
      <Slider
        label={words.opacity}
        value={Math.round(100 * opacity)}
        min={0}
        max={100}
        unit="%"
        onChange={(value) => page.setOpacity(value / 100)}
      />
    </section>
  );
}

function Why({ classes }: { classes: LabelClass[] }) {
  const facts = useAnnotate((state) => state.facts);
  if (!facts) return null;
  const names = facts.topClasses.map((index) => classes.find((c) => c.index === index)?.name ?? `${index}`);
  const reason = !facts.hasPrediction
    ? words.purposes.coldStart
    : names.length >= 2 && facts.probs.length >= 2 && facts.probs[0] - facts.probs[1] < 0.25
      ? words.torn(names[0], names[1])
      : names.length >= 1
        ? words.prefers(names[0])
        : wordFor(words.purposes, facts.purpose);
  return (
    <section className="stack tight">
      <div className="row">
        <h3 className="grow">{words.why}</h3>
        <span className="small faint">
          {words.rank(facts.rank)}
          {facts.score !== null && facts.hasPrediction ? ` · ${words.score} ${decimal(facts.score, 2)}` : ""}
        </span>
      </div>
      <p className="small muted">{reason}</p>
      {names.slice(0, 2).map((name, i) => (
        <div className="prob" key={name}>
          <span className="truncate">{name}</span>
          <Progress fraction={facts.probs[i] ?? 0} label={name} />
          <span className="num faint">{percent(facts.probs[i] ?? 0, 0)}</span>
        </div>
      ))}
      {facts.filename && (
        <p className="small faint truncate" title={facts.filename}>
          {facts.filename} · {words.area(facts.area)}
        </p>
      )}
    </section>
  );
}

export function Panel({ page, project }: { page: AnnotateController; project: Project }) {
  const classes = project.label_classes;
  return (
    <aside className="panel">
      <Welcome project={project} />
      <Palette page={page} classes={classes.filter((c) => c.merged_into === null)} />
      <ToolSettings page={page} />
      <Why classes={classes} />
    </aside>
  );
}
