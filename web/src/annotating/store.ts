import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { HeldWork, KeptWork, Pending } from "./records";
import { Shelf, type StorageTrouble, troubleOf } from "./shelf";

export interface Schema extends DBSchema {
  held: { key: string; value: HeldWork };
  pending: { key: string; value: Pending };
  kept: { key: string; value: KeptWork };
}

const VERSION = 3;
/** A browser that has not opened its database by then is taken for one without. */
const OPENING_MS = 4_000;

/**
 * What the browser keeps so that closing the lid loses nothing: regions in hand, answers not yet sent, kept work.
 *
 * Where the browser has no storage, or no room in it, everything is kept in memory, and the page is told.
 */
export class LocalStore {
  private connection: Promise<IDBPDatabase<Schema> | null>;
  private readonly held: Shelf<"held">;
  private readonly outbox: Shelf<"pending">;
  private readonly keptWorks: Shelf<"kept">;
  private trouble: StorageTrouble | null = null;
  private lastSequence = 0;

  constructor(
    private readonly name = "segloop",
    private readonly onTrouble: (trouble: StorageTrouble | null) => void = () => {},
  ) {
    this.connection = this.connect();
    const database = () => this.connection;
    this.held = new Shelf("held", database, (work) => work.assignmentId);
    this.outbox = new Shelf("pending", database, (pending) => pending.id);
    this.keptWorks = new Shelf("kept", database, (work) => work.assignmentId);
    void this.connection.then((database) => {
      if (!database) this.note("unavailable");
    });
  }

  /** Records that only this page's memory has: they are gone when it closes. */
  get numInMemory(): number {
    return this.held.numInMemory + this.outbox.numInMemory + this.keptWorks.numInMemory;
  }

  async hold(work: HeldWork): Promise<void> {
    const trouble = await this.held.put(work);
    if (trouble) this.note(trouble);
    else await this.worked();
  }

  async letGo(assignmentId: string): Promise<void> {
    await this.held.delete(assignmentId);
  }

  /**
   * Take over what tabs that are gone have left: their records become `tabId`'s, in one transaction, so that of
   * two tabs that try only one gets each. What was painted last comes first.
   */
  async takeOver(
    owner: { readonly projectId: string; readonly userId: string },
    tabId: string,
    isAlive: (tabId: string) => boolean,
  ): Promise<HeldWork[]> {
    const database = await this.connection;
    if (!database) return [];
    const transaction = database.transaction("held", "readwrite");
    const left = (await transaction.store.getAll())
      .filter((work) => work.projectId === owner.projectId && work.userId === owner.userId)
      .filter((work) => !isAlive(work.tabId))
      .map((work) => ({ ...work, tabId }));
    for (const work of left) await transaction.store.put(work);
    await transaction.done;
    return left.sort(
      (a, b) => Number(b.labelMap !== null) - Number(a.labelMap !== null) || b.savedAt - a.savedAt,
    );
  }

  /** Put an answer or a skip into the outbox: from then on the outbox owns it, and the region is no longer held. */
  async queue(pending: Omit<Pending, "id" | "sequence">): Promise<void> {
    this.lastSequence = Math.max(Date.now(), this.lastSequence + 1);
    const id = `${this.lastSequence}-${randomId()}`;
    await this.move(this.outbox, "pending", { ...pending, id, sequence: this.lastSequence });
  }

  async sent(pending: Pending): Promise<void> {
    await this.outbox.delete(pending.id);
    if (this.numInMemory > 0) await this.worked();
  }

  /** What this person has to send, first come first. */
  async pending(userId: string): Promise<Pending[]> {
    const all = await this.outbox.all();
    return all.filter((one) => one.userId === userId).sort((a, b) => a.sequence - b.sequence);
  }

  /** Keep work aside; it is no longer held. */
  async keep(work: KeptWork): Promise<void> {
    await this.move(this.keptWorks, "kept", work);
  }

  async kept(assignmentId: string): Promise<KeptWork | undefined> {
    return this.keptWorks.get(assignmentId);
  }

  async dropKept(assignmentId: string): Promise<void> {
    await this.keptWorks.delete(assignmentId);
  }

  async keptOf(projectId: string, userId: string): Promise<KeptWork[]> {
    const all = await this.keptWorks.all();
    return all
      .filter((work) => work.projectId === projectId && work.userId === userId)
      .sort((a, b) => b.keptAt - a.keptAt);
  }

  async heldIds(projectId: string, userId: string): Promise<string[]> {
    const all = await this.held.all();
    return all
      .filter((work) => work.projectId === projectId && work.userId === userId)
      .map((work) => work.assignmentId);
  }

  async close(): Promise<void> {
    (await this.connection)?.close();
  }

  /**
   * From the held works to another shelf, in one transaction. What the database does not take stays in memory, and
   * the painted region in the database: better found twice than lost.
   */
  private async move<N extends "pending" | "kept">(shelf: Shelf<N>, name: N, value: Schema[N]["value"]) {
    if (await this.tryMove(shelf, name, value)) await this.worked();
  }

  private async tryMove<N extends "pending" | "kept">(shelf: Shelf<N>, name: N, value: Schema[N]["value"]) {
    try {
      const database = await this.connection;
      if (!database) throw new Error("there is no database");
      const transaction = database.transaction(["pending", "kept", "held"], "readwrite");
      const put = transaction.objectStore(name as "pending").put(value as Pending);
      const letGo = transaction.objectStore("held").delete(value.assignmentId);
      transaction.commit();
      await Promise.all([put, letGo, transaction.done]);
      shelf.forget(value);
      this.held.forget(value);
      return true;
    } catch (error) {
      shelf.remember(value);
      this.note(troubleOf(error));
      return false;
    }
  }

  /** A write worked: there may be room again for what is only in memory. */
  private async worked(): Promise<void> {
    for (const value of this.outbox.remembered) {
      if (!(await this.tryMove(this.outbox, "pending", value))) return;
    }
    for (const value of this.keptWorks.remembered) {
      if (!(await this.tryMove(this.keptWorks, "kept", value))) return;
    }
    for (const value of this.held.remembered) {
      const trouble = await this.held.put(value);
      if (trouble) {
        this.note(trouble);
        return;
      }
    }
    this.note(null);
  }

  private note(trouble: StorageTrouble | null): void {
    if (trouble === this.trouble) return;
    this.trouble = trouble;
    this.onTrouble(trouble);
  }

  private async connect(): Promise<IDBPDatabase<Schema> | null> {
    try {
      const opening = openDB<Schema>(this.name, VERSION, {
        upgrade(database) {
          // Versions before were never released, and held work in another form.
          for (const old of [...database.objectStoreNames]) database.deleteObjectStore(old);
          database.createObjectStore("held", { keyPath: "assignmentId" });
          database.createObjectStore("pending", { keyPath: "id" });
          database.createObjectStore("kept", { keyPath: "assignmentId" });
        },
        blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
        terminated: () => {
          this.connection = this.connect();
        },
      });
      return await Promise.race([
        opening,
        new Promise<null>((late) => setTimeout(() => late(null), OPENING_MS)),
      ]);
    } catch {
      return null;
    }
  }
}

/** Random enough to tell tabs and records apart; there is no `crypto.randomUUID` on plain http. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (word) => word.toString(36)).join("");
}
