import { useEffect, useRef } from "react";
import type { Desk } from "@/annotating/desk";
import { useAnnotate } from "@/annotating/state";
import type { LabelClass } from "@/api/types";
import { VOID } from "@/editing/labelMap";
import { texts } from "@/texts";
import { CLASS_IDS } from "@/tools/editorKeys";
import { roughShare } from "@/ui/format";
import { Icon } from "@/ui/icons";
import { ClassSearch, matching } from "./classSearch";
import { Swatch } from "./swatch";
import { keepFocus } from "./toolbar";
import { useKeyText } from "./useKeys";

const words = texts.annotate;
const set = useAnnotate.setState;

/** The key of a class by its place in the list: one of its own for the first nine, then one and two digits. */
function useClassKeys(): (place: number) => string {
  const key = useKeyText();
  return (place) => {
    const id = CLASS_IDS[place];
    return id ? key(id) : `${key("classNumber")}${String(place + 1).padStart(2, "0")}`;
  };
}

interface ItemProps {
  desk: Desk;
  value: number;
  name: string;
  color?: string;
  keyText: string;
  help?: string;
  isMarked: boolean;
}

/** How much of the region has this value. */
function Share({ value }: { value: number }) {
  const share = useAnnotate(({ counts, facts }) => {
    const pixels = (value === VOID ? counts.at(-1) : counts[value]) ?? 0;
    return facts && pixels > 0 ? pixels / facts.area : 0;
  });
  return <span className="share">{share > 0 && roughShare(share)}</span>;
}

function HideButton({ desk, value, name }: Pick<ItemProps, "desk" | "value" | "name">) {
  const isHidden = useAnnotate((state) => state.hidden.includes(value));
  const text = isHidden ? words.showClass(name) : words.hideClass(name);
  return (
    <button
      type="button"
      className="eye"
      aria-pressed={isHidden}
      aria-label={text}
      title={text}
      data-testid={`hide-class-${value}`}
      onPointerDown={keepFocus}
      onClick={(event) =>
        event.shiftKey
          ? desk.looks.toggleAlone(value, [...desk.classIndices, VOID])
          : desk.looks.toggleHidden(value)
      }
    >
      <Icon name={isHidden ? "eyeOff" : "eye"} size={14} />
    </button>
  );
}

function ClassItem({ desk, value, name, color, keyText, help, isMarked }: ItemProps) {
  const isPressed = useAnnotate((state) => state.paintValue === value);
  const ref = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isPressed || isMarked) ref.current?.scrollIntoView({ block: "nearest" });
  }, [isPressed, isMarked]);
  return (
    <li ref={ref} className={isMarked ? "marked" : undefined}>
      <button
        type="button"
        className="class-item"
        data-testid={`class-${value}`}
        aria-pressed={isPressed}
        title={help || name}
        onPointerDown={keepFocus}
        onClick={() => desk.setPaintValue(value)}
      >
        <Swatch value={value} color={color} />
        <span className="truncate">{name}</span>
        <Share value={value} />
        <kbd>{keyText}</kbd>
      </button>
      <HideButton desk={desk} value={value} name={name} />
    </li>
  );
}

function Head({ desk }: { desk: Desk }) {
  const key = useKeyText();
  const numHidden = useAnnotate((state) => state.hidden.length);
  return (
    <div className="row">
      <h2 className="grow">{words.classes}</h2>
      {numHidden > 0 && (
        <button
          type="button"
          className="button ghost small"
          data-testid="show-all-classes"
          onPointerDown={keepFocus}
          onClick={() => desk.looks.showAll()}
        >
          {words.showAllClasses}
        </button>
      )}
      <button
        type="button"
        className="button ghost small icon"
        aria-label={words.searchClasses}
        title={`${words.searchClasses} (${key("search")})`}
        data-testid="search-classes"
        onPointerDown={keepFocus}
        onClick={() => set({ search: "" })}
      >
        <Icon name="search" size={15} />
      </button>
    </div>
  );
}

/** Everything that can be painted: by key, by name, by click. */
export function Palette({ desk, classes }: { desk: Desk; classes: LabelClass[] }) {
  const key = useKeyText();
  const classKey = useClassKeys();
  const search = useAnnotate((state) => state.search);
  const searchAt = useAnnotate((state) => state.searchAt);
  const places = new Map(classes.map((label_class, place) => [label_class.index, place]));
  const matches = matching(classes, search ?? "");
  const marked = search === null ? undefined : matches[searchAt]?.index;
  return (
    <section className="palette" aria-label={words.classes}>
      {search === null ? (
        <Head desk={desk} />
      ) : (
        <ClassSearch matches={matches} onPick={(value) => desk.setPaintValue(value)} />
      )}
      <ul>
        {matches.map(({ index, name, color, description }) => (
          <ClassItem
            key={index}
            desk={desk}
            value={index}
            name={name}
            color={color}
            keyText={classKey(places.get(index) ?? 0)}
            help={description}
            isMarked={index === marked}
          />
        ))}
        {matches.length === 0 && <li className="muted small">{words.noSuchClass}</li>}
        {!search && (
          <ClassItem desk={desk} value={VOID} name={words.voidClass} keyText={key("void")} isMarked={false} />
        )}
      </ul>
    </section>
  );
}
