import { texts, wordsOf } from "@/texts";
import type { Problem } from "./types";

/** An answer that is not 2xx, with what it says of it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly errors: readonly Record<string, unknown>[] = [],
  ) {
    super(detail);
    this.name = "ApiError";
  }
}

/** No answer came: the network, or a server that is not there. */
export class NetworkError extends Error {
  constructor() {
    super(texts.errors.network);
    this.name = "NetworkError";
  }
}

export const API = "/api/v1";

/** A request without an answer for this long counts as unanswered: a dead network must not look like a slow one. */
const TIMEOUT_MS = 30_000;
/** What a proxy says for a server that is not there. */
const NOT_THERE = [502, 503, 504];

let onSignedOut: () => void = () => {};

/** Call `handler` whenever the server answers 401; the function returned puts the former handler back. */
export function whenSignedOut(handler: () => void): () => void {
  const before = onSignedOut;
  onSignedOut = handler;
  return () => {
    onSignedOut = before;
  };
}

let isReachable = true;
const reachListeners = new Set<(isReachable: boolean) => void>();

/** Called when the server stops answering and when it answers again, whatever was asked. Returns how to stop. */
export function onReachable(listener: (isReachable: boolean) => void): () => void {
  reachListeners.add(listener);
  return () => reachListeners.delete(listener);
}

function noteReachable(isNow: boolean): void {
  if (isNow === isReachable) return;
  isReachable = isNow;
  for (const listener of [...reachListeners]) listener(isNow);
}

function csrfToken(): string {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("segloop_csrf="));
  return cookie ? decodeURIComponent(cookie.slice("segloop_csrf=".length)) : "";
}

export function writeHeaders(): Record<string, string> {
  return { "X-CSRF-Token": csrfToken() };
}

/** What went wrong, in the page's language where it has words for it; else as the server says it. */
function said({ code, values, detail, title }: Partial<Problem>): string | undefined {
  const english = detail || title;
  const own = wordsOf(texts.server.problems, code ?? "");
  return own ? own({ ...values, detail: english ?? "" }) : english;
}

/** The error of a problem+json answer, or of whatever a proxy sent instead. */
export function toApiError(status: number, body: string): ApiError {
  if (status === 401) onSignedOut();
  try {
    const problem = JSON.parse(body) as Partial<Problem>;
    return new ApiError(status, said(problem) || texts.errors.status(status), problem.errors ?? []);
  } catch {
    return new ApiError(status, texts.errors.status(status));
  }
}

/** Fetch that throws ApiError or NetworkError. Paths start with "/" and are taken below `/api/v1` unless they hold it. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const url = path.startsWith(API) || path.startsWith("http") ? path : API + path;
  const method = init.method ?? "GET";
  const headers = method === "GET" ? init.headers : { ...writeHeaders(), ...init.headers };
  let response: Response;
  try {
    const signal = init.signal ?? AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(url, { credentials: "same-origin", ...init, headers, signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    noteReachable(false);
    throw new NetworkError();
  }
  noteReachable(!NOT_THERE.includes(response.status));
  if (!response.ok) throw toApiError(response.status, await response.text());
  return response;
}

/** A request with a JSON body and a JSON answer; 204 gives null. */
export async function json<T>(
  path: string,
  method = "GET",
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const response = await request(path, {
    method,
    signal,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  if (response.status === 204 || response.headers.get("Content-Length") === "0") return null as T;
  return (await response.json()) as T;
}

/** The bytes behind a URL; null for 404 and for 202, "being made". */
export async function bytesOrNull(path: string): Promise<Uint8Array | null> {
  try {
    const response = await request(path);
    return response.status === 202 ? null : new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
