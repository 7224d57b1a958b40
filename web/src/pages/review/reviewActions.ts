import type { RefObject } from "react";
import type { AnnotationItem } from "@/api/types";
import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import type { LinkedViews } from "@/viewer/linkedViews";

const names = texts.review.actions;

/** What the keys of the review page act on. */
export interface ReviewTarget {
  readonly selected: AnnotationItem | undefined;
  readonly mayReview: boolean;
  readonly mayCorrect: boolean;
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
  readonly isBusy: boolean;
  readonly numUndoable: number;
  step(by: 1 | -1): void;
  accept(): void;
  open(mode: "return" | "edit"): void;
  undo(): void;
}

interface Looking {
  readonly views: RefObject<LinkedViews | null>;
  toggleLabels(): void;
}

const PAN_PX = 60;

/** Everything a person can do on the review page; without a target they only look. */
export function reviewActions(target: ReviewTarget | null, looking: Looking): Action[] {
  const action = (
    id: keyof typeof names,
    shortcuts: readonly string[],
    perform: () => void,
    isAvailable: () => boolean = () => true,
  ): Action => ({ id, label: names[id], shortcuts, group: texts.review.title, isAvailable, perform });
  const views = () => looking.views.current;
  const look = [
    action("nearer", ["+", "Shift++", "="], () => views()?.zoom(1)),
    action("farther", ["-"], () => views()?.zoom(-1)),
    action("fit", ["Shift+Digit1"], () => views()?.fit()),
    action("panLeft", ["Shift+ArrowLeft"], () => views()?.pan(PAN_PX, 0)),
    action("panRight", ["Shift+ArrowRight"], () => views()?.pan(-PAN_PX, 0)),
    action("panUp", ["Shift+ArrowUp"], () => views()?.pan(0, PAN_PX)),
    action("panDown", ["Shift+ArrowDown"], () => views()?.pan(0, -PAN_PX)),
    action("labels", ["h"], looking.toggleLabels),
  ];
  if (!target) return look;
  const { selected, isBusy } = target;
  const isOpen = () => !isBusy && target.mayReview && selected?.state === "submitted";
  const isFixable = () =>
    !isBusy &&
    target.mayReview &&
    (["submitted", "accepted", "returned"] as const).some((state) => state === selected?.state);
  return [
    ...look,
    action("accept", ["a"], target.accept, isOpen),
    action("return", ["r"], () => target.open("return"), isOpen),
    action("fix", ["f"], () => target.open("edit"), isFixable),
    action(
      "correct",
      ["c"],
      () => target.open("edit"),
      () => !isBusy && target.mayCorrect,
    ),
    action("undo", ["z", "$mod+z"], target.undo, () => !isBusy && target.numUndoable > 0),
    action(
      "previous",
      ["ArrowLeft", "k"],
      () => target.step(-1),
      () => !isBusy && target.hasPrevious,
    ),
    action(
      "next",
      ["ArrowRight", "j"],
      () => target.step(1),
      () => !isBusy && target.hasNext,
    ),
  ];
}
