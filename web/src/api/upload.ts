import { API, ApiError, NetworkError, toApiError, writeHeaders } from "./http";
import type { Job, Split, UploadResult } from "./types";

/** Send a body with progress: `fetch` cannot report how much of it has gone out. */
function send<T>(
  path: string,
  body: FormData | Blob,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", API + path);
    for (const [name, value] of Object.entries(writeHeaders())) xhr.setRequestHeader(name, value);
    if (body instanceof Blob) xhr.setRequestHeader("Content-Type", body.type || "application/octet-stream");
    xhr.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    xhr.onerror = () => reject(new NetworkError());
    xhr.onabort = () => reject(new ApiError(0, "aborted"));
    xhr.onload = () => {
      if (xhr.status >= 200 && xhr.status < 300) resolve(JSON.parse(xhr.responseText) as T);
      else reject(toApiError(xhr.status, xhr.responseText));
    };
    signal?.addEventListener("abort", () => xhr.abort());
    xhr.send(body);
  });
}

/** One image, under the path it has in its folder. */
export function uploadImage(
  projectId: string,
  file: File,
  filename: string,
  split: Split,
  onProgress: (fraction: number) => void,
): Promise<UploadResult> {
  const form = new FormData();
  form.append("split", split);
  form.append("files", file, filename);
  return send(`/projects/${projectId}/images`, form, onProgress);
}

export async function uploadArchive(
  projectId: string,
  file: File,
  split: Split | null,
  onProgress: (fraction: number) => void,
): Promise<Job> {
  const path = `/projects/${projectId}/archives${split ? `?split=${split}` : ""}`;
  return (await send<{ job: Job }>(path, file, onProgress)).job;
}
