import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { AnnotationBody, Assignment } from "@/api/types";

/** An assignment with what has been painted on it so far. */
export interface KeptWork {
  readonly assignmentId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly assignment: Assignment;
  readonly labelMap: Uint8Array;
  readonly seconds: number;
  readonly numClicks: number;
  readonly savedAt: number;
}

/** An answer on its way to the server. */
export interface PendingSubmit {
  readonly assignmentId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly body: AnnotationBody;
  readonly queuedAt: number;
}

interface Schema extends DBSchema {
  work: { key: string; value: KeptWork };
  outbox: { key: string; value: PendingSubmit };
}

/** What the browser keeps so that closing the lid loses nothing: work in progress and unsent answers. */
export class LocalStore {
  private constructor(private readonly database: IDBPDatabase<Schema>) {}

  static async open(name = "segloop"): Promise<LocalStore> {
    const database = await openDB<Schema>(name, 1, {
      upgrade(created) {
        created.createObjectStore("work", { keyPath: "assignmentId" });
        created.createObjectStore("outbox", { keyPath: "assignmentId" });
      },
    });
    return new LocalStore(database);
  }

  async keepWork(work: KeptWork): Promise<void> {
    await this.database.put("work", work);
  }

  async dropWork(assignmentId: string): Promise<void> {
    await this.database.delete("work", assignmentId);
  }

  /** This person's kept work in a project, the latest touched first. */
  async workOf(projectId: string, userId: string): Promise<KeptWork[]> {
    const all = await this.database.getAll("work");
    return all
      .filter((work) => work.projectId === projectId && work.userId === userId)
      .sort((a, b) => b.savedAt - a.savedAt);
  }

  /** Take an answer over: from now on the outbox owns it, and the work is no longer kept. One transaction. */
  async queueSubmit(submit: PendingSubmit): Promise<void> {
    const transaction = this.database.transaction(["work", "outbox"], "readwrite");
    await Promise.all([
      transaction.objectStore("outbox").put(submit),
      transaction.objectStore("work").delete(submit.assignmentId),
      transaction.done,
    ]);
  }

  async dropSubmit(submit: PendingSubmit): Promise<void> {
    const transaction = this.database.transaction("outbox", "readwrite");
    const kept = await transaction.store.get(submit.assignmentId);
    if (kept?.queuedAt === submit.queuedAt) await transaction.store.delete(submit.assignmentId);
    await transaction.done;
  }

  async pendingSubmits(userId: string): Promise<PendingSubmit[]> {
    const all = await this.database.getAll("outbox");
    return all.filter((submit) => submit.userId === userId).sort((a, b) => a.queuedAt - b.queuedAt);
  }

  close(): void {
    this.database.close();
  }
}
