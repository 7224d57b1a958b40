import { create } from "zustand";
import { jobs } from "@/api/endpoints";
import { invalidate, keys } from "@/api/queries";
import type { Job, Split, UploadResult } from "@/api/types";
import { uploadArchive, uploadImage } from "@/api/upload";
import { type FoundFile, isArchive } from "./droppedFiles";

export interface UploadRow {
  readonly id: number;
  readonly path: string;
  readonly state: "waiting" | "sending" | "created" | "existing" | "rejected" | "processing";
  readonly fraction: number;
  readonly reason: string | null;
}

/** Requests at the same time: enough to fill a line, few enough for the server to decode beside its other work. */
const NUM_PARALLEL = 3;

let nextId = 1;
const waiting: { row: UploadRow; found: FoundFile; projectId: string; split: Split }[] = [];
let numRunning = 0;

/** Uploads go on while a person looks at other pages, so their rows live outside of any. */
export const useUploads = create<{ rows: UploadRow[] }>(() => ({ rows: [] }));

function change(id: number, part: Partial<UploadRow>): void {
  useUploads.setState(({ rows }) => ({
    rows: rows.map((row) => (row.id === id ? { ...row, ...part } : row)),
  }));
}

export function addUploads(projectId: string, split: Split, files: readonly FoundFile[]): void {
  const rows = files.map((found): UploadRow => {
    const row: UploadRow = { id: nextId++, path: found.path, state: "waiting", fraction: 0, reason: null };
    waiting.push({ row, found, projectId, split });
    return row;
  });
  useUploads.setState((state) => ({ rows: [...state.rows, ...rows] }));
  while (numRunning < NUM_PARALLEL && waiting.length > 0) void work();
}

export function clearUploads(): void {
  useUploads.setState(({ rows }) => ({
    rows: rows.filter((row) => ["waiting", "sending"].includes(row.state)),
  }));
}

async function work(): Promise<void> {
  numRunning++;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    change(next.row.id, { state: "sending" });
    try {
      await send(next);
    } catch (error) {
      change(next.row.id, { state: "rejected", reason: (error as Error).message });
    }
    if (waiting.length % 10 === 0) refresh(next.projectId);
  }
  numRunning--;
}

function refresh(projectId: string): void {
  invalidate(...keys.project(projectId));
}

/** Wait until the server has unpacked an archive; what it did not take is told file by file. */
async function unpacked(row: UploadRow, projectId: string, started: Job): Promise<void> {
  let job = started;
  while (job.state === "queued" || job.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    job = await jobs.get(job.id);
    change(row.id, { fraction: job.progress_fraction ?? 0 });
  }
  refresh(projectId);
  if (job.state !== "done") throw new Error(job.error ?? job.state);
  const results = (job.results ?? {}) as Partial<UploadResult>;
  const rejected = (results.rejected ?? []).map(
    ({ filename, reason }): UploadRow => ({
      id: nextId++,
      path: `${row.path}: ${filename}`,
      state: "rejected",
      fraction: 0,
      reason,
    }),
  );
  change(row.id, { state: "created" });
  useUploads.setState(({ rows }) => ({ rows: [...rows, ...rejected] }));
}

async function send({ row, found, projectId, split }: (typeof waiting)[number]): Promise<void> {
  const onProgress = (fraction: number) => change(row.id, { fraction });
  if (isArchive(found.path)) {
    const job = await uploadArchive(projectId, found.file, split === "pool" ? null : split, onProgress);
    change(row.id, { state: "processing" });
    await unpacked(row, projectId, job);
    return;
  }
  const result = await uploadImage(projectId, found.file, found.path, split, onProgress);
  const [rejected] = result.rejected;
  if (rejected) change(row.id, { state: "rejected", reason: rejected.reason });
  else change(row.id, { state: result.existing.length > 0 ? "existing" : "created", fraction: 1 });
}
