/** Die Seite auf Deutsch. */
import { annotate } from "./de/annotate";
import { common, errors, login } from "./de/common";
import { images, models, people, review, rounds } from "./de/pages";
import { overview, projects, startRound, upload } from "./de/projects";
import { saving } from "./de/saving";
import { server } from "./de/server";
import type { Texts } from "./en";

export const texts: Texts = {
  common,
  errors,
  login,
  projects,
  overview,
  startRound,
  upload,
  annotate,
  saving,
  rounds,
  models,
  images,
  people,
  review,
  server,
};
