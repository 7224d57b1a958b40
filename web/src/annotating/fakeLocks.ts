/** The browser's locks for tests: exclusive, first come first served, waiting ones can be aborted. */
export class FakeLocks {
  private readonly tails = new Map<string, Promise<unknown>>();
  private readonly names = new Set<string>();

  request(name: string, ...rest: unknown[]): Promise<unknown> {
    const run = rest.at(-1) as () => unknown;
    const { signal } = (rest.length > 1 ? rest[0] : {}) as { signal?: AbortSignal };
    const before = this.tails.get(name) ?? Promise.resolve();
    const turn = before.then(async () => {
      if (signal?.aborted) throw new DOMException("aborted", "AbortError");
      this.names.add(name);
      try {
        return await run();
      } finally {
        this.names.delete(name);
      }
    });
    this.tails.set(
      name,
      turn.catch(() => {}),
    );
    return turn;
  }

  async query() {
    return { held: [...this.names].map((name) => ({ name })) };
  }
}

export function useFakeLocks(): void {
  Object.defineProperty(globalThis, "navigator", { value: { locks: new FakeLocks() }, configurable: true });
}
