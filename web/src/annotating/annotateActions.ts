import { texts } from "@/texts";
import type { Action } from "@/tools/actions";
import type { AnnotateController } from "./controller";
import { actionIn, deskActions } from "./deskActions";
import { useAnnotate } from "./state";

const get = useAnnotate.getState;
const groups = texts.annotate.groups;
const isWorking = () => get().phase === "working";

/** Everything a person can do on the annotate page. */
export function annotateActions(page: AnnotateController): Action[] {
  return [...flowActions(page), ...deskActions(page.desk)];
}

/** From region to region. */
function flowActions(page: AnnotateController): Action[] {
  const action = actionIn(groups.region);
  return [
    action("submit", () => page.submit(), isWorking),
    action("skip", () => page.skip("unsure"), isWorking),
    action(
      "previous",
      () => page.goBack(),
      () => get().canGoBack,
    ),
    action(
      "next",
      () => page.goForward(),
      () => page.canGoForward,
    ),
    actionIn(groups.edit)("cancel", () => page.desk.cancel()),
  ];
}
