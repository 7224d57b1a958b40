import type { IDBPDatabase, StoreNames } from "idb";
import type { Schema } from "./store";

type Name = StoreNames<Schema>;
type Value<N extends Name> = Schema[N]["value"];

/** Why the browser does not keep what it is given: no room, or no storage at all (private windows, settings). */
export type StorageTrouble = "full" | "unavailable";

export function troubleOf(error: unknown): StorageTrouble {
  return error instanceof DOMException && error.name === "QuotaExceededError" ? "full" : "unavailable";
}

/**
 * Records of one kind: in the browser's database, or in this page's memory as long as the database takes none.
 *
 * Whoever owns the shelf tries what is in memory again once a write has worked.
 */
export class Shelf<N extends Name> {
  private readonly inMemory = new Map<string, Value<N>>();

  constructor(
    private readonly name: N,
    private readonly database: () => Promise<IDBPDatabase<Schema> | null>,
    private readonly keyOf: (value: Value<N>) => string,
  ) {}

  get numInMemory(): number {
    return this.inMemory.size;
  }

  /** What is only in memory. */
  get remembered(): Value<N>[] {
    return [...this.inMemory.values()];
  }

  /** Returns what kept the database from taking it, or null when it did. */
  async put(value: Value<N>): Promise<StorageTrouble | null> {
    try {
      const database = await this.database();
      if (!database) throw new Error("there is no database");
      const transaction = database.transaction(this.name, "readwrite");
      const put = transaction.store.put(value as never);
      transaction.commit(); // so that it is done even when the page goes away this moment
      await Promise.all([put, transaction.done]);
      this.forget(value);
      return null;
    } catch (error) {
      this.remember(value);
      return troubleOf(error);
    }
  }

  /** Keep it in memory until there is room. */
  remember(value: Value<N>): void {
    this.inMemory.set(this.keyOf(value), value);
  }

  /** The database has it now, or nobody needs it any more. */
  forget(value: { readonly id?: string; readonly assignmentId: string }): void {
    this.inMemory.delete(this.keyOf(value as Value<N>));
  }

  async get(key: string): Promise<Value<N> | undefined> {
    const kept = this.inMemory.get(key);
    if (kept) return kept;
    try {
      return (await (await this.database())?.get(this.name, key as Schema[N]["key"])) as Value<N> | undefined;
    } catch {
      return undefined;
    }
  }

  async delete(key: string): Promise<void> {
    this.inMemory.delete(key);
    try {
      await (await this.database())?.delete(this.name, key as Schema[N]["key"]);
    } catch {
      // What cannot be deleted is found again at the next start, and harmless: the server knows each answer.
    }
  }

  async all(): Promise<Value<N>[]> {
    let stored: Value<N>[] = [];
    try {
      stored = ((await (await this.database())?.getAll(this.name)) ?? []) as Value<N>[];
    } catch {
      // Only what is in memory, then.
    }
    const newer = new Set(this.inMemory.keys());
    return [...stored.filter((value) => !newer.has(this.keyOf(value))), ...this.inMemory.values()];
  }
}
