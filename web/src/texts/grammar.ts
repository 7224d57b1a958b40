/** Numbers and plural forms of one language, for its texts. */

interface Grammar {
  /** A whole number with the language's grouping. */
  number(value: number): string;
  /** The form that goes with a number; languages with more forms than two name them. `#` stands for the number. */
  plural(value: number, forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }): string;
}

export function grammarOf(language: string): Grammar {
  const numbers = new Intl.NumberFormat(language);
  const rules = new Intl.PluralRules(language);
  const number = (value: number) => numbers.format(value);
  return {
    number,
    plural: (value, forms) => (forms[rules.select(value)] ?? forms.other).replace("#", number(value)),
  };
}
