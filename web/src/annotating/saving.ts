import { assignments, auth } from "@/api/endpoints";
import { ApiError, onReachable, toApiError, whenSignedOut } from "@/api/http";
import { invalidate, keys } from "@/api/queries";
import { Drafts } from "./drafts";
import { KeptWorks } from "./keptWorks";
import { Leftovers } from "./leftovers";
import { Outbox } from "./outbox";
import type { Pending } from "./records";
import type { AnnotateSession, SessionParts } from "./session";
import { useAnnotate } from "./state";
import { LocalStore } from "./store";
import { Tabs } from "./tabs";

const set = useAnnotate.setState;

/** Everything that keeps a person's work: browser, server, outbox, other tabs; and what the page shows of it. */
export class Saving implements SessionParts {
  readonly owner;
  readonly store: LocalStore;
  readonly drafts: Drafts;
  readonly outbox: Outbox;
  readonly kept: KeptWorks;
  readonly leftovers: Leftovers;
  private readonly tabs: Tabs;
  private readonly stopListening: (() => void)[];

  constructor(
    { projectId, userId }: { readonly projectId: string; readonly userId: string },
    private readonly session: () => AnnotateSession | null,
    onKept: () => void,
  ) {
    this.tabs = new Tabs(`${projectId} ${userId}`, {
      onOthers: (numOtherTabs) => set({ numOtherTabs }),
      onGone: () => this.session()?.adopt(),
    });
    this.owner = { projectId, userId, tabId: this.tabs.id };
    this.store = new LocalStore("segloop", (storageTrouble) => set({ storageTrouble }));
    this.kept = new KeptWorks(this.store, this.owner, (kept) => set({ kept }));
    this.leftovers = new Leftovers(this.store, this.owner, this.tabs, this.kept);
    this.drafts = new Drafts(this.store, this.owner, {
      onState: (draft) => set({ draft }),
      onLeaseLost: (work) => this.session()?.loseLease(work),
    });
    this.outbox = new Outbox(this.store, userId, (pending) => sendAs(userId, pending), {
      onState: (outbox, numPending) => set({ outbox, numPending }),
      onSent: (pending) => invalidate(...keys.part(pending.projectId, "queue")),
      onRefused: async (pending, error) => {
        if (await this.kept.keepRefused(pending, error)) onKept();
      },
    });
    this.stopListening = [
      whenSignedOut(() => set({ isSignedOut: true })),
      onReachable((isReachable) => isReachable && this.session()?.reconnect()),
      this.listen("online", () => this.session()?.reconnect()),
      this.listen("beforeunload", (event) => {
        if (this.store.numInMemory > 0) event.preventDefault();
      }),
    ];
  }

  async open(): Promise<void> {
    // Ask the browser not to clear what is kept when it runs out of room; where it asks the person, it may.
    void navigator.storage?.persist?.();
    await this.tabs.open();
    set({ isSecondTab: this.tabs.numOthers > 0 });
  }

  dispose(): void {
    for (const stop of this.stopListening) stop();
    this.drafts.dispose();
    this.outbox.finish();
    this.tabs.close();
  }

  private listen<K extends "online" | "beforeunload">(name: K, run: (event: WindowEventMap[K]) => void) {
    window.addEventListener(name, run);
    return () => window.removeEventListener(name, run);
  }
}

/**
 * Send what is pending as the person it belongs to.
 *
 * A refusal may only mean that somebody else has signed in in this browser meanwhile: then it counts as signed out.
 */
async function sendAs(userId: string, { assignmentId, what }: Pending): Promise<unknown> {
  try {
    if (what.kind === "skip") return await assignments.skip(assignmentId, what.reason);
    return await assignments.submit(assignmentId, what.body);
  } catch (error) {
    const mayBeSomebodyElse = error instanceof ApiError && [403, 404].includes(error.status);
    if (mayBeSomebodyElse && (await auth.me()).id !== userId) throw toApiError(401, "");
    throw error;
  }
}
