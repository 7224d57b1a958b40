/** Every text a person sees, in English. A translation is another object of this shape. */
import { annotate } from "./en/annotate";
import { common, errors, login } from "./en/common";
import { images, models, people, review, rounds } from "./en/pages";
import { overview, projects, startRound, upload } from "./en/projects";

export const texts = {
  common,
  errors,
  login,
  projects,
  overview,
  startRound,
  upload,
  annotate,
  rounds,
  models,
  images,
  people,
  review,
};
