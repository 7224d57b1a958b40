import { useEffect, useRef } from "react";
import type { AnnotateController } from "@/annotating/controller";
import { useAnnotate } from "@/annotating/state";
import type { LabelClass } from "@/api/types";
import { VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import { roughShare } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { keepFocus } from "./toolbar";

const words = texts.annotate;
const set = useAnnotate.setState;

/** The key of a class by its place in the list: 1-9, then 0 and two digits. */
function keyOf(place: number): string {
  return place < 9 ? String(place + 1) : `0${String(place + 1).padStart(2, "0")}`;
}

function shareText(pixels: number, area: number): string {
  if (!pixels || !area) return "";
  return roughShare(pixels / area);
}

interface ItemProps {
  value: number;
  name: string;
  color?: string;
  keyText: string;
  help?: string;
  testId: string;
  onPick(value: number): void;
}

function ClassItem({ value, name, color, keyText, help, testId, onPick }: ItemProps) {
  const isPressed = useAnnotate((state) => state.paintValue === value);
  const pixels = useAnnotate((state) =>
    value === VOID ? (state.counts.at(-1) ?? 0) : (state.counts[value] ?? 0),
  );
  const area = useAnnotate((state) => state.facts?.area ?? 0);
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isPressed) ref.current?.scrollIntoView({ block: "nearest" });
  }, [isPressed]);
  return (
    <li>
      <button
        ref={ref}
        type="button"
        className="class-item"
        data-testid={testId}
        aria-pressed={isPressed}
        title={help || name}
        onPointerDown={keepFocus}
        onClick={() => onPick(value)}
      >
        <span className={color ? "swatch" : "swatch void"} style={{ background: color }} />
        <span className="truncate">{name}</span>
        <span className="share">{shareText(pixels, area)}</span>
        <kbd>{keyText}</kbd>
      </button>
    </li>
  );
}

function Search({ matches, onPick }: { matches: LabelClass[]; onPick(value: number): void }) {
  const ref = useRef<HTMLInputElement>(null);
  const search = useAnnotate((state) => state.search ?? "");
  useEffect(() => ref.current?.focus(), []);
  return (
    <input
      ref={ref}
      className="input"
      type="search"
      value={search}
      placeholder={words.searchClasses}
      aria-label={words.searchClasses}
      onChange={(event) => set({ search: event.target.value })}
      onKeyDown={(event) => {
        if (event.key === "Escape") set({ search: null });
        if (event.key !== "Enter") return;
        event.preventDefault();
        event.stopPropagation();
        if (matches[0]) onPick(matches[0].index);
        set({ search: null });
      }}
      onBlur={() => setTimeout(() => set({ search: null }), 150)}
    />
  );
}

export function Palette({ page, classes }: { page: AnnotateController; classes: LabelClass[] }) {
  const search = useAnnotate((state) => state.search);
  const wanted = (search ?? "").trim().toLowerCase();
  const places = new Map(classes.map((label_class, place) => [label_class.index, place]));
  const matches = classes.filter((label_class) => label_class.name.toLowerCase().includes(wanted));
  const pick = (value: number) => page.setPaintValue(value);
  return (
    <section className="palette" aria-label={words.classes}>
      {search === null ? (
        <div className="row">
          <h3 className="grow">{words.classes}</h3>
          <button
            type="button"
            className="button ghost small icon"
            aria-label={words.searchClasses}
            title={`${words.searchClasses} (/)`}
            onClick={() => set({ search: "" })}
          >
            <Icon name="search" size={15} />
          </button>
        </div>
      ) : (
        <Search matches={matches} onPick={pick} />
      )}
      <ul>
        {matches.map((label_class) => (
          <ClassItem
            key={label_class.index}
            value={label_class.index}
            name={label_class.name}
            color={label_class.color}
            keyText={keyOf(places.get(label_class.index) ?? 0)}
            help={label_class.description ?? undefined}
            testId={`class-${label_class.index}`}
            onPick={pick}
          />
        ))}
        {matches.length === 0 && <li className="muted small">{words.noSuchClass}</li>}
        {!wanted && (
          <ClassItem value={VOID} name={words.voidClass} keyText="V" testId={`class-${VOID}`} onPick={pick} />
        )}
      </ul>
    </section>
  );
}
