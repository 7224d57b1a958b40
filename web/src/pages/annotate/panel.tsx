import type { AnnotateController } from "@/annotating/controller";
import { useAnnotate } from "@/annotating/state";
import type { Project } from "@/api/types";
import { texts } from "@/texts";
import { count, percent } from "@/ui/format";
import { Slider } from "@/ui/slider";
import { Welcome } from "./helpDialogs";
import { Palette } from "./palette";
import { Why } from "./why";

const words = texts.annotate;

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
          text={words.sizeInPixels(count(brushSize))}
          onChange={(size) => page.setBrushSize(size)}
        />
      )}
      {tool === "wand" && (
        <Slider
          label={words.tolerance}
          value={tolerance}
          min={0}
          max={120}
          text={count(tolerance)}
          onChange={(value) => page.setTolerance(value)}
        />
      )}
      <Slider
        label={words.opacity}
        value={Math.round(100 * opacity)}
        min={0}
        max={100}
        text={percent(opacity, 0)}
        onChange={(value) => page.looks.setOpacity(value / 100)}
      />
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
      <Why project={project} />
    </aside>
  );
}
