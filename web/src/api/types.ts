/** What the server sends, as the API describes it. One interface a resource; nothing here is computed. */

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface User {
  id: string;
  username: string;
  is_admin: boolean;
}

export type Role = "owner" | "reviewer" | "annotator" | "viewer";
export type Split = "pool" | "validation" | "test";
export type PartitionKind = "grid" | "superpixel";

export interface LabelClass {
  index: number;
  name: string;
  color: string;
  description?: string | null;
  example?: string | null;
  merged_into?: number | null;
}

export interface Project {
  id: string;
  name: string;
  label_classes: LabelClass[];
  partition: { kind: PartitionKind; size_px: number | null };
  guide_markdown: string | null;
  role: Role | null;
  created_at: string;
  deleted_at: string | null;
  active_model_version_id: string | null;
  num_images: Record<Split, number>;
  simulated_annotator: null | "off" | "on";
}

export interface NewProject {
  name: string;
  label_classes: { name: string; color: string; description?: string }[];
  partition: { kind: PartitionKind; size_px?: number };
  guide_markdown?: string;
}

export interface Member {
  user_id: string;
  username: string;
  role: Role;
}

export interface ImageItem {
  id: string;
  filename: string;
  split: Split;
  width: number;
  height: number;
  ready: boolean;
  thumbnail_url: string;
  labelled_fraction: number;
  created_at: string;
}

export interface UploadedImage {
  id: string;
  filename: string;
  width: number;
  height: number;
}

export interface UploadResult {
  created: UploadedImage[];
  existing: UploadedImage[];
  rejected: { filename: string; reason: string }[];
}

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

export interface JobProgress {
  phase?: string | null;
  step?: number | null;
  num_steps?: number | null;
  loss?: number | null;
  eta_seconds?: number | null;
}

export interface Job {
  id: string;
  kind: string;
  state: JobState;
  progress_fraction: number | null;
  progress?: JobProgress | null;
  waiting_reason?: string | null;
  error?: string | null;
  results?: unknown;
}

export type RoundState =
  | "queued"
  | "training"
  | "scoring"
  | "selecting"
  | "annotating"
  | "closed"
  | "failed"
  | "cancelled";

export interface SplitMetrics {
  mean_iou: number | null;
  iou_per_class: (number | null)[];
  pixel_accuracy: number | null;
  num_images: number;
}

export interface Metrics {
  mean_iou: number | null;
  on: "validation" | "test" | "audit" | null;
  validation: SplitMetrics | null;
  test: SplitMetrics | null;
  audit: { mean_iou: number; low: number; high: number } | null;
}

export interface Round {
  id: string;
  number: number;
  state: RoundState;
  method: string;
  acquisition?: string | null;
  settings?: Record<string, unknown>;
  budget_regions: number | null;
  budget_fraction?: number | null;
  num_queries?: number | null;
  annotated_regions: number;
  labelled_fraction: number | null;
  model_version_id: string | null;
  metrics: Metrics | null;
  jobs: Job[];
  error: string | null;
  created_at?: string;
  closed_at?: string | null;
}

/** One `progress` event of a round. */
export interface RoundProgress extends JobProgress {
  job_id: string;
  kind: string;
  fraction: number | null;
}

export interface NewRound {
  budget_regions?: number;
  budget_fraction?: number;
  method?: string;
  acquisition?: string;
  settings?: Record<string, unknown>;
}

export interface CurveRow {
  round: number;
  labelled_fraction: number | null;
  annotated_regions: number;
  clicks: number;
  annotation_seconds: number;
  mean_iou: number | null;
  iou_per_class: (number | null)[] | null;
  model_version_id: string | null;
}

export interface SettingRow {
  name: string;
  type: string;
  default: unknown;
  low: number | null;
  high: number | null;
  choices: string[] | null;
  help: string;
}

export interface Methods {
  methods: { name: string; help: string; defaults: Record<string, unknown> }[];
  acquisitions: { name: string; help: string }[];
  encoders: unknown[];
  settings: SettingRow[];
}

export interface Queue {
  remaining: number;
  leased: number;
  mine?: number;
  annotated?: number;
  budget_regions?: number | null;
  round_number?: number | null;
  state: "ready" | "training" | "empty" | "closed";
  eta_seconds: number | null;
}

export interface Assignment {
  id: string;
  lease_expires_at: string;
  region_query: {
    id: string;
    rank: number;
    score: number | null;
    purpose: string;
    reason: { top_classes?: number[] | null; probs?: number[] | null } | null;
  };
  image: { id: string; url: string; width: number; height: number; filename?: string };
  region: { index: number; bbox: [number, number, number, number]; mask_png: string };
  prediction_png: string | null;
  model_version_id: string | null;
  crop_url: string;
  /** Where the crop lies in the image. */
  crop_bbox?: [number, number, number, number];
  segments_url: string | null;
}

export interface AnnotationBody {
  label_map_png: string;
  seconds_spent: number;
  num_clicks: number;
  kind: "exact" | "dominant";
}

export interface AnnotationItem {
  id: string;
  image_id: string;
  region_index: number;
  bbox: [number, number, number, number];
  round: number;
  purpose: string;
  username: string;
  version: number;
  kind: string;
  state: string;
  annotation_seconds: number | null;
  num_clicks: number | null;
  created_at: string;
}

export interface ModelVersion {
  id: string;
  number: number;
  round: number | null;
  method: string;
  encoder: string;
  created_at: string;
  is_active: boolean;
  metrics: Metrics | null;
  labelled_fraction: number | null;
  image_steps: number | null;
  compute_seconds: number | null;
}

export interface Export {
  id: string;
  state: JobState;
  format: string;
  content: string;
  created_at: string;
  file_url: string | null;
  error: string | null;
  size_bytes: number | null;
}

export interface Token {
  id: string;
  name: string;
  created_at?: string;
  expires_at?: string | null;
  last_used_at?: string | null;
}
