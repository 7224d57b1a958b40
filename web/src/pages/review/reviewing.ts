import { type QueryKey, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { type AnnotationFilter, annotations, projects } from "@/api/endpoints";
import { invalidate, keys, queryClient } from "@/api/queries";
import type { AnnotationItem } from "@/api/types";
import { texts } from "@/texts";
import { toast, toastError } from "@/ui/toasts";
import type { AnnotationPages } from "./queue";

const words = texts.review;

/**
 * The list a person goes through. It stays as it was fetched, so that what was just accepted does not vanish under
 * their eyes: its state changes in place, and the way back is there.
 */
export function useAnnotations(projectId: string, filter: AnnotationFilter) {
  const key: QueryKey = ["review", projectId, filter];
  const { data, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => projects.annotations(projectId, filter, pageParam ?? undefined),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const { state: _, ...others } = filter;
  const { data: counts } = useQuery({
    queryKey: [...keys.part(projectId, "annotation_counts"), others],
    queryFn: () => projects.annotationCounts(projectId, others),
  });
  return {
    key,
    items: data?.pages.flatMap((page) => page.items),
    counts,
    hasMore: hasNextPage,
    more: () => void fetchNextPage(),
  };
}

/** Put what the server says of an annotation now where the list shows it. */
function replaceIn(key: QueryKey, item: AnnotationItem): void {
  queryClient.setQueryData<AnnotationPages>(
    key,
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({
          ...page,
          items: page.items.map((shown) => (shown.id === item.id ? item : shown)),
        })),
      },
  );
}

/** What can be undone: the annotation whose verdict or whose own standing goes, and the one the list shows. */
interface Done {
  readonly undoId: string;
  readonly shownId: string;
}

const verdictOn = (id: string): Done => ({ undoId: id, shownId: id });

/** Verdicts and the way back. Everything done at once is undone at once. */
export function useVerdicts(projectId: string, key: QueryKey) {
  const done = useRef<Done[][]>([]);
  const [numUndoable, setNumUndoable] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const keyRef = useRef(key);
  keyRef.current = key;

  const settle = useCallback(
    (item: AnnotationItem) => {
      replaceIn(keyRef.current, item);
      void queryClient.invalidateQueries({ queryKey: ["material", item.id] });
      invalidate(...keys.part(projectId, "annotation_counts"));
      invalidate(...keys.part(projectId, "queue"));
    },
    [projectId],
  );
  const remember = useCallback((acts: Done[]) => {
    if (acts.length > 0) done.current.push(acts);
    setNumUndoable(done.current.length);
  }, []);

  /** One after the other; what is refused is said, and the others go on. */
  const each = useCallback(
    async (acts: readonly Done[], act: (done: Done) => Promise<AnnotationItem>): Promise<Done[]> => {
      setBusy(true);
      const changed: Done[] = [];
      for (const each of acts) {
        try {
          settle(await act(each));
          changed.push(each);
        } catch (error) {
          toastError(error);
        }
      }
      setBusy(false);
      return changed;
    },
    [settle],
  );

  const accept = useCallback(
    async (ids: readonly string[]) => {
      const accepted = await each(ids.map(verdictOn), ({ undoId }) => annotations.review(undoId, "accepted"));
      remember(accepted);
      if (ids.length > 1) toast("ok", words.acceptedMany(accepted.length));
      return accepted.length > 0;
    },
    [each, remember],
  );
  const giveBack = useCallback(
    async (id: string, comment: string) => {
      const returned = await each([verdictOn(id)], () => annotations.review(id, "returned", comment));
      remember(returned);
      return returned.length > 0;
    },
    [each, remember],
  );
  /** Gives the first annotation that changed, to be looked at again. */
  const undo = useCallback(async () => {
    const acts = done.current.pop();
    setNumUndoable(done.current.length);
    if (!acts) return null;
    await each(acts, async ({ undoId, shownId }) => {
      const undone = await annotations.undo(undoId);
      return undoId === shownId ? undone : annotations.get(shownId);
    });
    return acts[0].shownId;
  }, [each]);
  const fixed = useCallback(
    async (shownId: string, fixId: string) => {
      remember([{ undoId: fixId, shownId }]);
      settle(await annotations.get(shownId));
    },
    [remember, settle],
  );
  /** The list itself has changed: an answer has a later version now. */
  const changed = useCallback(async () => {
    await queryClient.invalidateQueries({ queryKey: ["review", projectId] });
    invalidate(...keys.part(projectId, "annotation_counts"));
  }, [projectId]);
  return { accept, giveBack, undo, fixed, changed, numUndoable, isBusy };
}
