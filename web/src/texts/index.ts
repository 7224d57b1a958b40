/**
 * Every text a person sees, in the language of this visit.
 *
 * The choice is made once, before anything that shows words is evaluated (a top-level await), so modules may keep
 * parts of `texts` in constants; switching loads the page again. Each language is a file of its own that is fetched
 * only when it is chosen. Files of languages must import nothing that the page itself imports: both would wait for
 * the other.
 */
import type { Texts } from "./en";

/** Languages by their own names, as a person looks for theirs. */
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Language, () => Promise<{ texts: Texts }>> = {
  en: () => import("./en"),
  de: () => import("./de"),
};
const KEY = "segloop.language";

const isLanguage = (code: string | null): code is Language => code !== null && code in LANGUAGES;

/** What was chosen on this browser, else the first of the browser's own languages that there is, else English. */
export function chooseLanguage(kept: string | null, wanted: readonly string[]): Language {
  if (isLanguage(kept)) return kept;
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? "en";
}

const isPage = typeof document !== "undefined";

export const language: Language = isPage
  ? chooseLanguage(localStorage.getItem(KEY), navigator.languages)
  : "en";

export const { texts } = await LOADERS[language]();

if (isPage) document.documentElement.lang = language;

/** Keep the choice and show the page in it. */
export function switchLanguage(chosen: Language): void {
  if (chosen === language) return;
  localStorage.setItem(KEY, chosen);
  window.location.reload();
}

/** The page's own words for a name of the server's, where it has some. */
export function wordsOf<T>(words: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(words, name) ? words[name] : undefined;
}

/** A word for a code that the server may extend before the page knows it: then the code itself. */
export function wordFor(words: Readonly<Record<string, string>>, code: string): string {
  return wordsOf(words, code) ?? code;
}
