import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import { actionIn, deskActions } from "./deskActions";
import type { FixController } from "./fixController";
import { useAnnotate } from "./state";

const groups = texts.annotate.groups;
const isWorking = () => useAnnotate.getState().phase === "working";

/** Everything a person can do with one answer. */
export function fixActions(page: FixController): Action[] {
  const submit = actionIn(groups.region)("submit", () => void page.save(), isWorking);
  return [
    { ...submit, label: texts.review.saveAnswer },
    ...deskActions(page.desk),
    actionIn(groups.edit)("cancel", () => page.cancel()),
  ];
}
