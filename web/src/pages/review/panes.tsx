import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { differenceOf } from "@/editing/difference";
import type { Rect } from "@/editing/labelMap";
import { texts } from "@/texts";
import { roughShare } from "@/ui/format";
import { makePalette, type Palette } from "@/viewer/colors";
import { LinkedViews } from "@/viewer/linkedViews";
import { differencePalette, layersOf, type Material } from "./material";

const words = texts.review;

/** One picture: a map over the image, or null for the image alone. */
export interface Picture {
  readonly id: string;
  readonly title: string;
  readonly map: Readonly<Uint8Array> | null;
  /** What is said instead where there is no such map. */
  readonly missing?: string;
}

interface PaneProps {
  views: LinkedViews;
  material: Material;
  id: string;
  title: string;
  note?: string;
  map: Readonly<Uint8Array> | null;
  palette: Palette;
  opacity: number;
}

function Pane({ views, material, id, title, note, map, palette, opacity }: PaneProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!canvas.current) return;
    return views.attach(canvas.current, layersOf(material, map, palette, opacity));
  }, [views, material, map, palette, opacity]);
  return (
    <figure className="pane" data-testid={`pane-${id}`}>
      <figcaption className="row">
        <span className="grow truncate">{title}</span>
        {note && <span className="faint">{note}</span>}
      </figcaption>
      <canvas ref={canvas} role="img" aria-label={note ? `${title}, ${note}` : title} />
    </figure>
  );
}

/** Share of the region's longer side that is shown around it. */
const CONTEXT = 0.3;

function around({ x, y, width, height }: Rect): Rect {
  const margin = CONTEXT * Math.max(width, height);
  return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
}

interface PanesProps {
  material: Material;
  colors: readonly string[];
  pictures: readonly Picture[];
  /** Two maps whose difference is shown, and what to call it. */
  compared: { title: string; a: Readonly<Uint8Array>; b: Readonly<Uint8Array> } | null;
  areLabelsVisible: boolean;
  onViews(views: LinkedViews): void;
  children?: ReactNode;
}

/** Pictures of one region side by side, all looking at the same place. */
export function Panes({
  material,
  colors,
  pictures,
  compared,
  areLabelsVisible,
  onViews,
  children,
}: PanesProps) {
  const views = useMemo(() => new LinkedViews(around(material.box)), [material]);
  const palette = useMemo(() => makePalette(colors), [colors]);
  useEffect(() => onViews(views), [views, onViews]);
  const opacity = areLabelsVisible ? 0.55 : 0;
  const difference = useMemo(
    () => compared && differenceOf(compared.a, compared.b, material.mask),
    [compared, material],
  );
  return (
    <div className="panes">
      {pictures.map(({ id, title, map, missing }) =>
        map || id === "image" ? (
          <Pane key={id} {...{ views, material, id, title, map, palette, opacity }} />
        ) : (
          <div key={id} className="pane missing" data-testid={`pane-${id}`}>
            <span>{title}</span>
            <p className="faint small">{missing}</p>
          </div>
        ),
      )}
      {compared && difference && (
        <Pane
          {...{ views, material, palette: differencePalette }}
          id="difference"
          title={compared.title}
          note={difference.numChanged === 0 ? words.same : words.differs(roughShare(difference.fraction))}
          map={difference.map}
          opacity={0.8}
        />
      )}
      {children}
    </div>
  );
}
