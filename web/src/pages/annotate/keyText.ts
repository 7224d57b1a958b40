import { texts, wordFor } from "@/texts";
import { shortcutText } from "@/tools/actions";

/** A shortcut as it is printed on keyboards of the page's language; of none, a dash. */
export function keyText(shortcut: string | undefined): string {
  if (shortcut === undefined) return texts.common.none;
  return shortcutText(shortcut).replace(/\b(Ctrl|Shift|Space|Backspace)\b/g, (name) =>
    wordFor(texts.annotate.keyNames, name),
  );
}
