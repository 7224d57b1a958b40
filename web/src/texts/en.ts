/** The page in English. Its shape is what every other language has to fill. */
import { annotate } from "./en/annotate";
import { common, errors, login } from "./en/common";
import { images, models, people, review, rounds } from "./en/pages";
import { overview, projects, startRound, upload } from "./en/projects";
import { saving } from "./en/saving";
import { server } from "./en/server";

export const texts = {
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

export type Texts = typeof texts;
