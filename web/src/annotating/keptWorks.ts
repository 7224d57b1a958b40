import { assignments } from "@/api/endpoints";
import type { ApiError } from "@/api/http";
import { fromBase64, toBase64 } from "@/editing/base64";
import { unpack } from "@/editing/packedMap";
import { decodePng, encodeGreyPng } from "@/editing/png";
import type { Cost } from "./cost";
import { isRefusal } from "./outbox";
import { type HeldWork, type KeptReason, type KeptWork, type Pending, placeOf } from "./records";
import type { LocalStore } from "./store";

interface Owner {
  readonly projectId: string;
  readonly userId: string;
}

/** Work the server would not take or the person put aside: a list to look at, take up again, or discard. */
export class KeptWorks {
  constructor(
    private readonly store: LocalStore,
    private readonly owner: Owner,
    private readonly onChange: (works: readonly KeptWork[]) => void,
  ) {}

  async list(): Promise<readonly KeptWork[]> {
    return this.store.keptOf(this.owner.projectId, this.owner.userId);
  }

  async refresh(): Promise<void> {
    this.onChange(await this.list());
  }

  async keep(work: KeptWork): Promise<void> {
    await this.store.keep(work);
    await this.refresh();
  }

  /** Painted work that cannot go on where it was. */
  async keepHeld(held: HeldWork, reason: KeptReason, detail = ""): Promise<void> {
    if (!held.labelMap) return;
    const png = await encodeGreyPng(unpack(held.labelMap), held.labelMap);
    const { assignmentId, projectId, userId, cost, isRevision } = held;
    const place = placeOf(held.assignment);
    const labelMapPng = toBase64(png);
    const keptAt = Date.now();
    await this.keep({
      assignmentId,
      projectId,
      userId,
      ...place,
      labelMapPng,
      cost,
      isRevision,
      reason,
      detail,
      keptAt,
    });
  }

  /** An answer the server has refused. A skip it refuses is of no interest any more: false, nothing is kept. */
  async keepRefused({ what, assignmentId, projectId, userId }: Pending, error: ApiError): Promise<boolean> {
    if (what.kind === "skip") return false;
    const { body, queryId, filename, bbox, isRevision } = what;
    await this.keep({
      assignmentId,
      projectId,
      userId,
      queryId,
      filename,
      bbox,
      labelMapPng: body.label_map_png,
      cost: costOf(body),
      isRevision,
      reason: reasonOf(error, isRevision),
      detail: error.message,
      keptAt: Date.now(),
    });
    return true;
  }

  /** Gone for good, here and on the server. */
  async discard(work: KeptWork): Promise<void> {
    try {
      await assignments.dropDraft(work.assignmentId);
    } catch (error) {
      if (!isRefusal(error)) throw error; // else the server would show it again at the next visit
    }
    await this.drop(work.assignmentId);
  }

  async drop(assignmentId: string): Promise<void> {
    await this.store.dropKept(assignmentId);
    await this.refresh();
  }
}

export async function labelMapOf(work: KeptWork): Promise<Uint8Array> {
  return Uint8Array.from((await decodePng(fromBase64(work.labelMapPng))).samples);
}

interface CostFields {
  readonly seconds_spent: number;
  readonly num_clicks: number;
  readonly num_strokes: number;
  readonly num_keys: number;
}

export function costOf(fields: CostFields): Cost {
  return {
    seconds: fields.seconds_spent,
    numClicks: fields.num_clicks,
    numStrokes: fields.num_strokes,
    numKeys: fields.num_keys,
  };
}

export function reasonOf(error: ApiError, isRevision: boolean): KeptReason {
  if (error.status === 409) return isRevision ? "reviewed" : "taken";
  if (error.status === 403) return "forbidden";
  return error.status === 404 ? "gone" : "refused";
}
