import { useEffect, useRef } from "react";
import type { Desk } from "@/annotating/desk";
import { useAnnotate } from "@/annotating/state";
import { images } from "@/api/endpoints";
import { texts } from "@/texts";

const WIDTH_PX = 300;
const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;

/** What people said elsewhere, over the small image. */
function Answers({ desk, height }: { desk: Desk; height: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const state = useAnnotate(({ answers, facts }) => `${answers} ${facts?.assignmentId}`);
  useEffect(() => {
    if (canvas.current && state.startsWith("on")) desk.looks.drawAnswers(canvas.current);
  }, [desk, state]);
  return <canvas ref={canvas} width={WIDTH_PX} height={height} />;
}

/** The whole image, small, with the region marked: what the close-up cannot show. */
export function MiniMap({ desk }: { desk: Desk }) {
  const facts = useAnnotate((state) => state.facts);
  const areAnswersOn = useAnnotate((state) => state.answers === "on");
  if (!facts) return null;
  const { width, height } = facts.image;
  const [x, y, w, h] = facts.bbox.split(",").map(Number);
  return (
    <div className="minimap" style={{ aspectRatio: `${width} / ${height}` }}>
      <img src={images.url(facts.imageId, "thumbnail")} alt={texts.annotate.minimap} />
      {areAnswersOn && (
        <Answers
          key={facts.assignmentId}
          desk={desk}
          height={Math.max(1, Math.round((WIDTH_PX * height) / width))}
        />
      )}
      <span
        style={{
          left: percent(x, width),
          top: percent(y, height),
          width: percent(w, width),
          height: percent(h, height),
        }}
      />
    </div>
  );
}
