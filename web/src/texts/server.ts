/** What a refusal names: people, numbers, states; and the server's own sentence. */
export type Values = Readonly<Record<string, string | number>>;

/**
 * The server's words in another language, by its stable codes and names. It speaks English: there all of this is
 * empty, and what is missing elsewhere is shown as the server says it.
 */
export interface ServerTexts {
  readonly problems: Readonly<Record<string, (values: Values) => string>>;
  /** What the settings of a round do. */
  readonly settings: Readonly<Record<string, string>>;
  readonly methods: Readonly<Record<string, string>>;
  readonly acquisitions: Readonly<Record<string, string>>;
}
