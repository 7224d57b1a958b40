/** Actions whose keys are spoken of in sentences. */
type Spoken =
  | "smaller"
  | "larger"
  | "brushShape"
  | "eraseTo"
  | "wandBasis"
  | "undoCorner"
  | "submit"
  | "help"
  | "hold"
  | "fill"
  | "classNumber"
  | "previousClass"
  | "nextClass"
  | "search";

/** What is printed on the key an action has now: people may have given it another. */
export type KeyOf = (action: Spoken) => string;
