import type { InfiniteData } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { AnnotationFilter } from "@/api/endpoints";
import type { AnnotationCounts, AnnotationItem, AnnotationState, Member, Page, Round } from "@/api/types";
import { texts } from "@/texts";
import { Empty, Skeleton } from "@/ui/bits";
import { ago, count } from "@/ui/format";

const words = texts.review;

export const STATES = ["submitted", "accepted", "returned", "fixed", "superseded", "undone"] as const;

const TONES: Record<AnnotationState, string> = {
  submitted: "accent",
  accepted: "ok",
  returned: "warn",
  fixed: "ok",
  superseded: "",
  undone: "",
};

export function StateBadge({ state }: { state: AnnotationState }) {
  return (
    <span className={`badge ${TONES[state]}`} data-state={state} data-testid="review-state">
      {words.states[state]}
    </span>
  );
}

export type AnnotationPages = InfiniteData<Page<AnnotationItem>, string | null>;

interface FiltersProps {
  filter: AnnotationFilter;
  counts: AnnotationCounts | undefined;
  members: readonly Member[];
  rounds: readonly Round[];
  onChange(filter: AnnotationFilter): void;
}

/** State, person and round; each narrows the list. */
export function Filters({ filter, counts, members, rounds, onChange }: FiltersProps) {
  return (
    <div className="filters">
      <select
        className="input"
        aria-label={words.filters.state}
        data-testid="review-filter-state"
        value={filter.state ?? ""}
        onChange={(event) => onChange({ ...filter, state: event.target.value || undefined })}
      >
        <option value="">{words.filters.anyState}</option>
        {STATES.map((state) => (
          <option key={state} value={state}>
            {words.states[state]} ({count(counts?.[state])})
          </option>
        ))}
      </select>
      {members.length > 0 && (
        <select
          className="input"
          aria-label={words.filters.user}
          data-testid="review-filter-user"
          value={filter.user ?? ""}
          onChange={(event) => onChange({ ...filter, user: event.target.value || undefined })}
        >
          <option value="">{words.filters.anyUser}</option>
          {members.map((member) => (
            <option key={member.user_id} value={member.user_id}>
              {member.username}
            </option>
          ))}
        </select>
      )}
      <select
        className="input"
        aria-label={words.filters.round}
        data-testid="review-filter-round"
        value={filter.round ?? ""}
        onChange={(event) =>
          onChange({ ...filter, round: event.target.value === "" ? undefined : Number(event.target.value) })
        }
      >
        <option value="">{words.filters.anyRound}</option>
        {rounds.map(({ number }) => (
          <option key={number} value={number}>
            {words.filters.roundNumber(number)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Item({
  item,
  isSelected,
  onSelect,
}: {
  item: AnnotationItem;
  isSelected: boolean;
  onSelect(): void;
}) {
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isSelected) ref.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  const comment = item.state === "returned" ? item.reviews.at(-1)?.comment : "";
  return (
    <li>
      <button
        ref={ref}
        type="button"
        className="review-item"
        data-testid="review-item"
        data-annotation-id={item.id}
        aria-current={isSelected ? "true" : undefined}
        onClick={onSelect}
      >
        <span className="row">
          <b className="grow truncate">{item.username}</b>
          <StateBadge state={item.state} />
        </span>
        <span className="row small faint">
          <span className="grow truncate">
            {words.itemPlace(item.round, item.region_index, item.version)}
          </span>
          {ago(item.created_at)}
        </span>
        {comment && <span className="small truncate">“{comment}”</span>}
      </button>
    </li>
  );
}

interface QueueProps {
  items: readonly AnnotationItem[] | undefined;
  selectedId: string | null;
  hasMore: boolean;
  isOwn: boolean;
  isFiltered: boolean;
  onSelect(id: string): void;
  onMore(): void;
}

/** The answers to go through. */
export function Queue({ items, selectedId, hasMore, isOwn, isFiltered, onSelect, onMore }: QueueProps) {
  if (!items) return <Skeleton height={160} />;
  if (items.length === 0) {
    const empty = isOwn ? words.noOwn : isFiltered ? words.noneLeft : words.none;
    return (
      <Empty icon="flag" title={empty.title}>
        <p>{empty.body}</p>
      </Empty>
    );
  }
  return (
    <ul className="review-list" aria-label={words.list}>
      {items.map((item) => (
        <Item
          key={item.id}
          item={item}
          isSelected={item.id === selectedId}
          onSelect={() => onSelect(item.id)}
        />
      ))}
      {hasMore && (
        <li>
          <button type="button" className="button small" data-testid="review-more" onClick={onMore}>
            {texts.common.more}
          </button>
        </li>
      )}
    </ul>
  );
}
