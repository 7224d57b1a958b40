import { useCallback, useEffect, useMemo } from "react";
import type { Desk } from "@/annotating/desk";
import { keysOf, useKeymap, withOverrides } from "@/annotating/keymap";
import { type Action, bindActions, isKeyTaken } from "@/tools/actions";
import type { ActionId } from "@/tools/editorKeys";
import { keyText } from "./keyText";

const isModified = ({ altKey, ctrlKey, metaKey, shiftKey }: KeyboardEvent) =>
  altKey || ctrlKey || metaKey || shiftKey;

/** While the digits of a class's number are awaited they are that, whatever else they are keys of. */
function takeDigits(desk: Desk, event: KeyboardEvent): void {
  if (!desk.digits.isWaiting || isKeyTaken(event)) return;
  if (isModified(event) || !/^[0-9]$/.test(event.key)) {
    desk.digits.cancel();
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  const number = desk.digits.press(event.key);
  if (number !== null) desk.setClassAt(number - 1);
}

/** All keys of a page with a desk, as the person has them. */
function useKeys(desk: Desk | null, actions: readonly Action[]): void {
  useEffect(() => {
    if (!desk) return;
    const digits = (event: KeyboardEvent) => takeDigits(desk, event);
    window.addEventListener("keydown", digits); // before the actions' own listener
    const unbind = bindActions(window, actions);
    return () => {
      unbind();
      window.removeEventListener("keydown", digits);
    };
  }, [desk, actions]);
}

/** The actions of a page under the keys a person has given them, bound for as long as the page is shown. */
export function useActions<Page extends { readonly desk: Desk }>(
  page: Page | null,
  actionsOf: (page: Page) => Action[],
) {
  const overrides = useKeymap((state) => state.overrides);
  const actions = useMemo(
    () => (page ? withOverrides(actionsOf(page), overrides) : []),
    [page, actionsOf, overrides],
  );
  const action = useCallback(
    (id: ActionId): Action => {
      const found = actions.find((candidate) => candidate.id === id);
      if (!found) throw new Error(`no action ${id}`);
      return found;
    },
    [actions],
  );
  useKeys(page?.desk ?? null, actions);
  return { actions, action };
}

/** What is printed on an action's key, for sentences that tell of it. */
export function useKeyText(): (id: ActionId) => string {
  const overrides = useKeymap((state) => state.overrides);
  return useCallback((id) => keyText(keysOf(id, overrides)[0]), [overrides]);
}
