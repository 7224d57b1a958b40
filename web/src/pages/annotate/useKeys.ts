import { useEffect } from "react";
import { ClassDigits } from "@/annotating/classDigits";
import type { AnnotateController } from "@/annotating/controller";
import { type Action, bindActions, isKeyTaken } from "@/tools/actions";

/** All keys of the page: the actions', digits for classes, and Space, which is held to pan or tapped to paint. */
export function useKeys(page: AnnotateController | null, actions: readonly Action[]): void {
  useEffect(() => {
    if (!page) return;
    const unbind = bindActions(window, actions);
    const digits = new ClassDigits();
    const down = (event: KeyboardEvent) => {
      if (isKeyTaken(event) || event.altKey || event.metaKey || event.ctrlKey) return;
      if (event.key === " ") {
        event.preventDefault();
        if (!event.repeat) page.editor.holdSpace();
      } else if (/^[0-9]$/.test(event.key) && !event.shiftKey) {
        const number = digits.press(event.key);
        const index = number === null ? undefined : page.classIndices[number - 1];
        if (index !== undefined) page.setPaintValue(index);
      } else if (event.key.length === 1) digits.cancel();
    };
    const up = (event: KeyboardEvent) => {
      if (event.key === " ") page.editor.releaseSpace();
    };
    const blur = () => page.editor.dropSpace();
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    window.addEventListener("blur", blur);
    return () => {
      unbind();
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
      window.removeEventListener("blur", blur);
    };
  }, [page, actions]);
}
