import { type KeyboardEvent, useEffect, useRef } from "react";
import { useAnnotate } from "@/annotating/state";
import type { LabelClass } from "@/api/types";
import { texts } from "@/texts";
import { clamp } from "@/viewer/geometry";

const words = texts.annotate;
const set = useAnnotate.setState;
const close = () => set({ search: null, searchAt: 0 });
const toCanvas = () => document.querySelector<HTMLElement>("canvas[role=application]")?.focus();

/** Classes by what is typed of their names; those that begin with it first. */
export function matching(classes: readonly LabelClass[], typed: string): LabelClass[] {
  const wanted = typed.trim().toLowerCase();
  const at = (label_class: LabelClass) => label_class.name.toLowerCase().indexOf(wanted);
  const found = classes.filter((label_class) => at(label_class) >= 0);
  return wanted ? found.sort((a, b) => Math.sign(at(a)) - Math.sign(at(b))) : found;
}

interface ClassSearchProps {
  matches: readonly LabelClass[];
  onPick(value: number): void;
}

/** Type, choose with the arrows, Enter. */
export function ClassSearch({ matches, onPick }: ClassSearchProps) {
  const ref = useRef<HTMLInputElement>(null);
  const search = useAnnotate((state) => state.search ?? "");
  const searchAt = useAnnotate((state) => state.searchAt);
  useEffect(() => ref.current?.focus(), []);
  const down = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) set({ searchAt: clamp(searchAt + step, 0, Math.max(0, matches.length - 1)) });
    else if (event.key === "Enter") {
      const found = matches[searchAt];
      if (found) onPick(found.index);
      toCanvas();
      close();
    } else if (event.key === "Escape") {
      toCanvas();
      close();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <>
      <input
        ref={ref}
        className="input"
        type="search"
        value={search}
        placeholder={words.searchClasses}
        aria-label={words.searchClasses}
        data-testid="class-search"
        onChange={(event) => set({ search: event.target.value, searchAt: 0 })}
        onKeyDown={down}
        onBlur={() => setTimeout(close, 150)}
      />
      <span className="sr-only" role="status">
        {words.matches(matches.length)} {matches[searchAt]?.name}
      </span>
    </>
  );
}
