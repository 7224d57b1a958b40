/**
 * What the server sends and takes, under the names the page uses for it.
 *
 * The shapes are generated from the server's description (`schema.d.ts`); only what the description leaves open
 * (JSON objects of any shape) is said more precisely here.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export type Problem = Schemas["Problem"];
export type User = Schemas["Me"];
export type Role = Schemas["Role"];
export type Split = Schemas["Split"];
export type Acquisition = Schemas["Acquisition"];
export type PartitionKind = Schemas["PartitionKind"];

export type LabelClass = Schemas["LabelClassOut"];
export type Project = Schemas["ProjectOut"];
export type NewProject = Pick<Schemas["NewProject"], "name" | "partition"> & {
  label_classes: { name: string; color: string }[];
  guide_markdown?: string;
};
export type ProjectChange = Partial<
  Pick<Schemas["ProjectChange"], "name" | "guide_markdown" | "simulated_annotator" | "label_classes">
>;
export type Member = Schemas["MemberOut"];

export type ImageItem = Schemas["ImageOut"];
export type UploadResult = Schemas["UploadResult"];

export type JobState = Schemas["JobState"];

/** What a running job says of itself. */
export interface JobProgress {
  phase?: string | null;
  step?: number | null;
  num_steps?: number | null;
  loss?: number | null;
  eta_seconds?: number | null;
}

export type Job = Omit<Schemas["JobOut"], "progress"> & { progress: JobProgress };

export type RoundState = Schemas["RoundState"];
export type Metrics = Schemas["RoundMetrics"];
export type Round = Omit<Schemas["RoundOut"], "jobs"> & { jobs: Job[] };
export type NewRound = Partial<Schemas["NewRound"]>;

/** One `progress` event of a round. */
export interface RoundProgress extends JobProgress {
  job_id: string;
  kind: string;
  fraction: number | null;
}

export type Curve = Schemas["Curve"];
export type CurveRow = Schemas["CurveItem"];
export type CostRow = Schemas["CostItem"];
export type Suggestion = Schemas["SuggestionOut"];
export type SettingRow = Schemas["SettingOut"];
export type Methods = Schemas["MethodsOut"];
export type Queue = Schemas["QueueOut"];

/** Why a region is asked: the model's favourite classes there and their probabilities. */
export interface QueryReason {
  top_classes?: number[] | null;
  probs?: number[] | null;
}

export type Assignment = Omit<Schemas["AssignmentOut"], "region_query"> & {
  region_query: Omit<Schemas["QueryOut"], "reason"> & { reason: QueryReason | null };
};
export type Lease = Schemas["Lease"];
export type AnnotationBody = Required<Schemas["AnswerBody"]>;
export type DraftBody = Required<Schemas["DraftBody"]>;
export type Draft = Schemas["DraftOut"];
export type DraftItem = Schemas["DraftItem"];
export type AnnotationItem = Schemas["AnnotationOut"];
export type AnnotationState = Schemas["AnnotationState"];
export type AnnotationDetail = Schemas["AnnotationDetail"];
export type AnnotationCounts = Schemas["AnnotationCounts"];
export type Agreement = Schemas["AgreementOut"];
export type AnsweredTwice = Schemas["AnsweredTwiceOut"];
export type FixBody = Schemas["FixBody"];

export type ModelVersion = Schemas["ModelVersionOut"];
export type ModelVersionDetail = Schemas["ModelVersionDetail"];
export type Export = Schemas["ExportOut"];
export type Token = Schemas["TokenOut"];
export type CreatedToken = Schemas["CreatedToken"];
