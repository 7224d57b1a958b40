import { texts, wordFor } from "@/texts";
import { shortcutText } from "@/tools/actions";

/** A shortcut as it is printed on keyboards of the page's language. */
export function keyText(shortcut: string): string {
  return shortcutText(shortcut).replace(/\b(Ctrl|Shift|Space)\b/g, (name) =>
    wordFor(texts.annotate.keyNames, name),
  );
}
