import type { Desk } from "@/annotating/desk";
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

function PaintSettings({ desk }: { desk: Desk }) {
  const opacity = useAnnotate((state) => state.opacity);
  return (
    <section className="stack tight">
      <ToolSettings desk={desk} />
      <Slider
        label={words.opacity}
        value={Math.round(100 * opacity)}
        min={0}
        max={100}
        text={percent(opacity, 0)}
        onChange={(value) => desk.looks.setOpacity(value / 100)}
      />
    </section>
  );
}

/** What is painted and how: classes, the tool in hand, how strongly labels are drawn. */
export function PaintPanel({ desk, project }: { desk: Desk; project: Project }) {
  return (
    <>
      <Palette desk={desk} classes={project.label_classes.filter((c) => c.merged_into === null)} />
      <PaintSettings desk={desk} />
    </>
  );
}

export function Panel({ desk, project }: { desk: Desk; project: Project }) {
  return (
    <aside className="panel">
      <Welcome project={project} />
      <PaintPanel desk={desk} project={project} />
      <Why project={project} />
    </aside>
  );
}
