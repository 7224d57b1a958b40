import { LANGUAGES, type Language, language, switchLanguage, texts } from "@/texts";
import { Icon } from "./icons";

const ALL = Object.entries(LANGUAGES) as [Language, string][];

/** The languages as items of a menu. */
export function LanguageChoice() {
  return (
    <>
      <div className="heading">{texts.common.language}</div>
      {ALL.map(([code, name]) => (
        <button
          key={code}
          type="button"
          lang={code}
          aria-pressed={code === language}
          data-testid={`language-${code}`}
          onClick={() => switchLanguage(code)}
        >
          <span className="grow">{name}</span>
          {code === language && <Icon name="check" size={14} />}
        </button>
      ))}
    </>
  );
}

/** The languages in a row, for who has no menu yet. */
export function LanguageRow() {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out inline
    <div className="row small" role="group" aria-label={texts.common.language}>
      {ALL.map(([code, name]) => (
        <button
          key={code}
          type="button"
          className="button ghost small"
          lang={code}
          aria-pressed={code === language}
          data-testid={`language-${code}`}
          onClick={() => switchLanguage(code)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
