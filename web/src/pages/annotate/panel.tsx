import type { AnnotateController } from "@/annotating/controller";
import { useAnnotate } from "@/annotating/state";
import type { Project } from "@/api/types";
import { texts } from "@/texts";
import { percent } from "@/ui/format";
import { Slider } from "@/ui/slider";
import { Welcome } from "./helpDialogs";
import { Palette } from "./palette";
import { ToolSettings } from "./toolSettings";
import { Why } from "./why";

const words = texts.annotate;

function PaintSettings({ page }: { page: AnnotateController }) {
  const opacity = useAnnotate((state) => state.opacity);
  return (
    <section className="stack tight">
      <ToolSettings page={page} />
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
      <PaintSettings page={page} />
      <Why project={project} />
    </aside>
  );
}
