/** Every path of the API that the page uses, each once. */
import { API, json, request } from "./http";
import type * as t from "./types";

const query = (params: Record<string, string | number | undefined | null>) => {
  const entries = Object.entries(params).filter(
    ([, value]) => value !== undefined && value !== null && value !== "",
  );
  return entries.length ? `?${new URLSearchParams(entries.map(([k, v]) => [k, String(v)]))}` : "";
};

export const auth = {
  login: (username: string, password: string) => json<null>("/auth/login", "POST", { username, password }),
  logout: () => json<null>("/auth/logout", "POST"),
  me: () => json<t.User>("/me"),
};

export const users = {
  list: () => json<t.Page<t.User>>("/users?limit=200"),
  create: (body: { username: string; password: string; is_admin: boolean }) =>
    json<t.User>("/users", "POST", body),
};

export const tokens = {
  list: () => json<t.Page<t.Token>>("/tokens?limit=200"),
  create: (body: { name: string; expires_in_days?: number }) => json<t.CreatedToken>("/tokens", "POST", body),
  remove: (id: string) => json<null>(`/tokens/${id}`, "DELETE"),
};

export const projects = {
  list: () => json<t.Page<t.Project>>("/projects?limit=200"),
  get: (id: string) => json<t.Project>(`/projects/${id}`),
  create: (body: t.NewProject) => json<t.Project>("/projects", "POST", body),
  update: (id: string, body: t.ProjectChange) => json<t.Project>(`/projects/${id}`, "PATCH", body),
  remove: (id: string) => json<null>(`/projects/${id}`, "DELETE"),
  restore: (id: string) => json<t.Project>(`/projects/${id}/restore`, "POST"),
  listDeleted: () => json<t.Page<t.Project>>("/projects?deleted=true&limit=200"),
  queue: (id: string) => json<t.Queue>(`/projects/${id}/queue`),
  curve: (id: string, on?: string) => json<t.Curve>(`/projects/${id}/learning_curve${query({ on })}`),
  members: (id: string) => json<t.Page<t.Member>>(`/projects/${id}/members?limit=200`),
  setMember: (id: string, userId: string, role: t.Role) =>
    json<t.Member>(`/projects/${id}/members/${userId}`, "PUT", { role }),
  removeMember: (id: string, userId: string) => json<null>(`/projects/${id}/members/${userId}`, "DELETE"),
  activeJobs: (id: string) => json<t.Page<t.Job>>(`/projects/${id}/jobs?state=active`),
  drafts: (id: string) => json<{ items: t.DraftItem[] }>(`/projects/${id}/drafts`),
  annotations: (id: string, filter: AnnotationFilter, cursor?: string) =>
    json<t.Page<t.AnnotationItem>>(`/projects/${id}/annotations${query({ ...filter, cursor, limit: 50 })}`),
  annotationCounts: (id: string, filter: AnnotationFilter) =>
    json<t.AnnotationCounts>(`/projects/${id}/annotation_counts${query({ ...filter })}`),
  costs: (id: string) => json<{ items: t.CostRow[] }>(`/projects/${id}/costs`),
  agreement: (id: string, cursor?: string) =>
    json<t.Agreement>(`/projects/${id}/agreement${query({ cursor, limit: 50 })}`),
};

export interface AnnotationFilter {
  state?: string;
  user?: string;
  round?: number;
}

export const annotations = {
  get: (id: string) => json<t.AnnotationDetail>(`/annotations/${id}`),
  review: (id: string, verdict: "accepted" | "returned", comment = "") =>
    json<t.AnnotationItem>(`/annotations/${id}/review`, "POST", { verdict, comment }),
  undo: (id: string) => json<t.AnnotationItem>(`/annotations/${id}/review`, "DELETE"),
  fix: (id: string, body: t.FixBody) =>
    json<{ annotation_id: string; version: number }>(`/annotations/${id}/fix`, "POST", body),
};

export interface ImageFilter {
  split?: string;
  q?: string;
  cursor?: string;
  limit?: number;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const images = {
  list: (projectId: string, filter: ImageFilter) =>
    json<t.Page<t.ImageItem>>(`/projects/${projectId}/images${query({ ...filter })}`),
  get: (id: string) => json<t.ImageItem>(`/images/${id}`),
  remove: (id: string) => json<null>(`/images/${id}`, "DELETE"),
  url: (id: string, kind: "file" | "prediction" | "scores" | "label_map" | "thumbnail" | "segments") =>
    `${API}/images/${id}/${kind}`,
  /** The pixels of a box alone. */
  boxUrl: (id: string, kind: "crop" | "segments" | "max_prob", { x, y, width, height }: Box, more = {}) =>
    `${API}/images/${id}/${kind}${query({ x, y, w: width, h: height, ...more })}`,
};

export const rounds = {
  list: (projectId: string) => json<t.Page<t.Round>>(`/projects/${projectId}/rounds?limit=200`),
  get: (id: string) => json<t.Round>(`/rounds/${id}`),
  start: (projectId: string, body: t.NewRound) =>
    json<t.Round>(`/projects/${projectId}/rounds`, "POST", body),
  command: (id: string, name: "cancel" | "close" | "retry") => json<t.Round>(`/rounds/${id}/${name}`, "POST"),
  eventsUrl: (id: string) => `${API}/rounds/${id}/events`,
};

export const jobs = { get: (id: string) => json<t.Job>(`/jobs/${id}`) };

export const methods = {
  /** With the defaults of a project's next round. */
  of: (projectId: string) => json<t.Methods>(`/methods?project_id=${projectId}`),
};

export const assignments = {
  take: (projectId: string) => json<t.Assignment | null>(`/projects/${projectId}/assignments`, "POST"),
  submit: (id: string, body: t.AnnotationBody) =>
    json<{ annotation_id: string; version: number }>(`/assignments/${id}/annotation`, "PUT", body),
  /** One of the caller's own, whatever became of it. */
  get: (id: string) => json<t.Assignment>(`/assignments/${id}`),
  /** What the caller holds now, in whatever browser. */
  held: (projectId: string) => json<{ items: t.Assignment[] }>(`/projects/${projectId}/assignments`),
  draft: (id: string) => json<t.Draft>(`/assignments/${id}/draft`),
  dropDraft: (id: string) => json<null>(`/assignments/${id}/draft`, "DELETE"),
  saveDraft: (id: string, body: t.DraftBody) => json<unknown>(`/assignments/${id}/draft`, "PUT", body),
  renew: (id: string) => json<t.Lease>(`/assignments/${id}/renew`, "POST"),
  skip: (id: string, reason: string) => json<null>(`/assignments/${id}/skip`, "POST", { reason }),
  /** Goes out even while the browser leaves the page. */
  giveBack: (id: string) => request(`/assignments/${id}`, { method: "DELETE", keepalive: true }),
};

export const models = {
  list: (projectId: string) =>
    json<t.Page<t.ModelVersion>>(`/projects/${projectId}/model_versions?limit=200`),
  get: (id: string) => json<t.ModelVersionDetail>(`/model_versions/${id}`),
  activate: (id: string) => json<unknown>(`/model_versions/${id}/activate`, "POST"),
  weightsUrl: (id: string) => `${API}/model_versions/${id}/weights`,
};

export const exportsApi = {
  list: (projectId: string) => json<t.Page<t.Export>>(`/projects/${projectId}/exports`),
  create: (projectId: string, format: string, content: string) =>
    json<t.Export>(`/projects/${projectId}/exports`, "POST", { format, content }),
  fileUrl: (id: string) => `${API}/exports/${id}/file`,
};

export const projectEventsUrl = (projectId: string) => `${API}/projects/${projectId}/events/stream`;
