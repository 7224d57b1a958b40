import { useEffect, useRef, useState } from "react";
import { images as imagesApi } from "@/api/endpoints";
import { ApiError, request } from "@/api/http";
import { invalidate, keys } from "@/api/queries";
import type { ImageItem, Project } from "@/api/types";
import { decodePng } from "@/editing/png";
import { texts } from "@/texts";
import { Segmented } from "@/ui/bits";
import { Dialog } from "@/ui/dialog";
import { share } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { toastError } from "@/ui/toasts";
import { heatPalette, makePalette, stretched } from "@/viewer/colors";
import { ImageView } from "@/viewer/imageView";
import { MapLayer } from "@/viewer/layers";

const words = texts.images;
const LAYERS = ["none", "labels", "prediction", "heat"] as const;
type LayerName = (typeof LAYERS)[number];
const LAYER_OPTIONS = LAYERS.map((name) => [name, words.layers[name]] as const);
const PATHS = { labels: "label_map", prediction: "prediction", heat: "scores" } as const;

/** One of the image's maps; or why there is none. */
async function loadLayer(
  project: Project,
  image: ImageItem,
  name: Exclude<LayerName, "none">,
): Promise<MapLayer | string> {
  try {
    const response = await request(imagesApi.url(image.id, PATHS[name]));
    if (response.status === 202) return words.making;
    const { samples, width, height } = await decodePng(new Uint8Array(await response.arrayBuffer()));
    const palette = name === "heat" ? heatPalette() : makePalette(project.label_classes.map((c) => c.color));
    const map = Uint8Array.from(samples);
    return new MapLayer(name === "heat" ? stretched(map) : map, { x: 0, y: 0, width, height }, palette);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return words.layerMissing;
    throw error;
  }
}

/** The picture on its canvas, with the layer that is wanted over it. Returns what to say when there is none. */
function useImageView(project: Project, image: ImageItem, name: LayerName, opacity: number) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<ImageView | null>(null);
  const [message, setMessage] = useState("");
  const latestOpacity = useRef(opacity);
  latestOpacity.current = opacity;

  useEffect(() => {
    if (!canvas.current) return;
    const created = new ImageView(canvas.current);
    setView(created);
    request(imagesApi.url(image.id, "file"))
      .then((response) => response.blob())
      .then(createImageBitmap)
      .then((bitmap) => created.show(bitmap))
      .catch(toastError);
    return () => created.dispose();
  }, [image.id]);

  useEffect(() => {
    setMessage("");
    view?.setOverlay(null);
    if (!view || name === "none") return;
    let isWanted = true;
    loadLayer(project, image, name)
      .then((layer) => {
        if (!isWanted) return;
        if (typeof layer === "string") return setMessage(layer);
        layer.opacity = latestOpacity.current;
        view.setOverlay(layer);
      })
      .catch(toastError);
    return () => {
      isWanted = false;
    };
  }, [view, project, image, name]);

  useEffect(() => view?.setOpacity(opacity), [view, opacity]);
  return { canvas, message };
}

interface ImageViewerProps {
  project: Project;
  image: ImageItem;
  hasPrevious: boolean;
  hasNext: boolean;
  onStep(step: 1 | -1): void;
  onClose(): void;
}

export function ImageViewer({ project, image, hasPrevious, hasNext, onStep, onClose }: ImageViewerProps) {
  const [name, setName] = useState<LayerName>(project.active_model_version_id ? "prediction" : "labels");
  const [opacity, setOpacity] = useState(0.6);
  const { canvas, message } = useImageView(project, image, name, opacity);
  useEffect(() => {
    const step = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement) return;
      if (event.key === "ArrowLeft" && hasPrevious) onStep(-1);
      if (event.key === "ArrowRight" && hasNext) onStep(1);
    };
    window.addEventListener("keydown", step);
    return () => window.removeEventListener("keydown", step);
  }, [hasPrevious, hasNext, onStep]);
  const hide = async () => {
    if (!window.confirm(words.removeConfirm)) return;
    try {
      await imagesApi.remove(image.id);
      invalidate(...keys.project(project.id));
      onClose();
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <Dialog title={image.filename} className="viewer" onClose={onClose}>
      <div className="viewer-body">
        <canvas ref={canvas} key={image.id} aria-label={image.filename} role="img" />
        <aside className="stack">
          <Segmented label={words.opacity} value={name} options={LAYER_OPTIONS} onChange={setName} />
          {message && <p className="small muted">{message}</p>}
          {name !== "none" && (
            <label className="field">
              <span className="small muted">{words.opacity}</span>
              <input
                type="range"
                min={0}
                max={100}
                value={Math.round(100 * opacity)}
                onChange={(event) => setOpacity(Number(event.target.value) / 100)}
              />
            </label>
          )}
          {(name === "prediction" || name === "labels") && (
            <ul className="stack tight small">
              {project.label_classes.map((label_class) => (
                <li key={label_class.index} className="row">
                  <span className="swatch" style={{ background: label_class.color }} />
                  <span className="truncate">{label_class.name}</span>
                </li>
              ))}
            </ul>
          )}
          <dl className="facts small">
            <dt>{texts.upload.split}</dt>
            <dd>{texts.common.splits[image.split]}</dd>
            <dt>{words.sizeLabel}</dt>
            <dd>{words.size(image.width, image.height)}</dd>
            <dt>{texts.overview.stats.labelled}</dt>
            <dd>{share(image.labelled_fraction)}</dd>
          </dl>
          <div className="row">
            <button
              type="button"
              className="button small icon"
              disabled={!hasPrevious}
              aria-label={words.previous}
              onClick={() => onStep(-1)}
            >
              <Icon name="left" size={16} />
            </button>
            <button
              type="button"
              className="button small icon"
              disabled={!hasNext}
              aria-label={words.next}
              onClick={() => onStep(1)}
            >
              <Icon name="right" size={16} />
            </button>
            <span className="grow" />
            {project.role === "owner" && (
              <button type="button" className="button small danger" onClick={hide}>
                {words.remove}
              </button>
            )}
          </div>
        </aside>
      </div>
    </Dialog>
  );
}
