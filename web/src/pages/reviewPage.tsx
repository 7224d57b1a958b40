import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { type AnnotationFilter, annotations, assignments } from "@/api/endpoints";
import { options, useMe } from "@/api/queries";
import type { FixBody, Project, User } from "@/api/types";
import { texts } from "@/texts";
import { bindActions } from "@/tools/actions";
import { Empty, Segmented } from "@/ui/bits";
import { count } from "@/ui/format";
import { ProjectFrame } from "@/ui/shell";
import type { LinkedViews } from "@/viewer/linkedViews";
import "@/styles/annotate.css";
import "@/styles/review.css";
import { ReviewButton } from "./review/actionBar";
import { AgreementView } from "./review/agreementView";
import { AnswerView, useMaterial } from "./review/answerView";
import { FixEditor } from "./review/fixEditor";
import { Filters, Queue } from "./review/queue";
import { ReturnDialog } from "./review/returnDialog";
import { type ReviewTarget, reviewActions } from "./review/reviewActions";
import { useAnnotations, useVerdicts } from "./review/reviewing";

const words = texts.review;
const NOBODY: never[] = [];

type Tab = "answers" | "agreement" | "own";

/** Zoom, pan and labels are the same on every tab. */
function useLooking() {
  const views = useRef<LinkedViews | null>(null);
  const [areLabelsVisible, setLabelsVisible] = useState(true);
  const onViews = useCallback((shown: LinkedViews) => {
    views.current = shown;
  }, []);
  const toggleLabels = useCallback(() => setLabelsVisible((visible) => !visible), []);
  return { views, areLabelsVisible, toggleLabels, onViews };
}

type Looking = ReturnType<typeof useLooking>;

interface AnswersProps {
  project: Project;
  user: User;
  /** The tab of one's own answers: they are corrected, not reviewed. */
  isOwn: boolean;
  looking: Looking;
}

function Answers({ project, user, isOwn, looking }: AnswersProps) {
  const mayReview = project.role === "owner" || project.role === "reviewer";
  const [filter, setFilter] = useState<AnnotationFilter>(
    isOwn ? { user: user.id } : { state: mayReview ? "submitted" : undefined },
  );
  const { key, items, counts, hasMore, more } = useAnnotations(project.id, filter);
  const verdicts = useVerdicts(project.id, key);
  const { data: members } = useQuery(options.members(project.id));
  const { data: rounds } = useQuery(options.rounds(project.id));
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const [mode, setMode] = useState<"look" | "return" | "edit">("look");
  const place = Math.max(0, items?.findIndex(({ id }) => id === selectedId) ?? 0);
  const selected = items?.[place];
  const { data: material } = useMaterial(mode === "edit" && selected ? selected.id : null);
  const isReviewing = mayReview && !isOwn;

  const select = useCallback((id: string | undefined) => id && setSelectedId(id), []);
  const step = useCallback((by: 1 | -1) => select(items?.[place + by]?.id), [items, place, select]);
  const close = useCallback(() => setMode("look"), []);
  const target: ReviewTarget = {
    selected,
    mayReview: isReviewing,
    mayCorrect: isOwn && selected?.state === "submitted" && selected.assignment_id !== null,
    hasPrevious: place > 0,
    hasNext: place + 1 < (items?.length ?? 0),
    isBusy: verdicts.isBusy || mode !== "look",
    numUndoable: verdicts.numUndoable,
    step,
    accept: () => void (selected && verdicts.accept([selected.id]).then((done) => done && step(1))),
    open: setMode,
    undo: () => void verdicts.undo().then((id) => select(id ?? undefined)),
  };
  const actions = reviewActions(target, looking);
  const latest = useRef(actions);
  latest.current = mode === "edit" ? NOBODY : actions; // the editor has keys of its own
  useEffect(() => {
    // bound once: what a key does is looked up when it is pressed
    const live = latest.current.map((action) => {
      const now = () => latest.current.find(({ id }) => id === action.id);
      return {
        ...action,
        isAvailable: () => now()?.isAvailable() ?? false,
        perform: () => now()?.perform(),
      };
    });
    return bindActions(window, live);
  }, []);
  const action = (id: string) => actions.find((each) => each.id === id);
  const save = async (body: FixBody): Promise<boolean> => {
    if (!selected) return false;
    if (isReviewing) {
      const { annotation_id } = await annotations.fix(selected.id, body);
      await verdicts.fixed(selected.id, annotation_id);
      step(1);
    } else {
      await assignments.submit(selected.assignment_id as string, body);
      await verdicts.changed();
    }
    return true;
  };
  const open = items?.filter(({ state }) => state === "submitted") ?? [];

  if (mode === "edit" && material && selected) {
    const saveLabel = isReviewing ? words.saveFix : texts.annotate.resubmit;
    return <FixEditor {...{ project, material, saveLabel }} onSave={save} onClose={close} />;
  }
  return (
    <>
      <aside className="review-side">
        <Filters
          filter={filter}
          counts={counts}
          members={isOwn || !mayReview ? NOBODY : (members?.items ?? NOBODY)}
          rounds={rounds?.items ?? NOBODY}
          onChange={setFilter}
        />
        <Queue
          items={items}
          selectedId={selected?.id ?? null}
          hasMore={hasMore}
          isOwn={isOwn}
          isFiltered={filter.state !== undefined || filter.round !== undefined}
          onSelect={select}
          onMore={more}
        />
        {isReviewing && (
          <div className="row review-bulk">
            <span className="small muted grow">
              <b data-testid="review-left">{count(counts?.submitted)}</b> {words.left}
            </span>
            <button
              type="button"
              className="button small"
              data-testid="review-accept-all"
              disabled={open.length === 0 || verdicts.isBusy}
              onClick={() => void verdicts.accept(open.map(({ id }) => id))}
            >
              {words.acceptAll(open.length)}
            </button>
          </div>
        )}
      </aside>
      {selected ? (
        <AnswerView
          key={selected.id}
          project={project}
          annotationId={selected.id}
          areLabelsVisible={looking.areLabelsVisible}
          onViews={looking.onViews}
        />
      ) : (
        <div className="review-empty" />
      )}
      <div className="actionbar">
        {["previous", "next"].map((id) => {
          const found = action(id);
          return found && <ReviewButton key={id} action={found} className="ghost" />;
        })}
        <span className="small muted grow">
          {items && items.length > 0 ? words.position(place + 1, items.length, hasMore) : ""}
        </span>
        {isOwn && selected?.state === "returned" && (
          <Link className="button" href={`/projects/${project.id}/annotate`} data-testid="review-again">
            {words.answerAgain}
          </Link>
        )}
        {(isReviewing ? ["undo", "fix", "return", "accept"] : ["correct"]).map((id) => {
          const found = action(id);
          const className = id === "accept" || id === "correct" ? "primary" : id === "undo" ? "ghost" : "";
          return found && <ReviewButton key={id} action={found} className={className} />;
        })}
      </div>
      {mode === "return" && selected && (
        <ReturnDialog
          onClose={close}
          onSend={(comment) => {
            close();
            void verdicts.giveBack(selected.id, comment).then((done) => done && step(1));
          }}
        />
      )}
    </>
  );
}

function Agreeing({ project, looking }: { project: Project; looking: Looking }) {
  const actions = reviewActions(null, looking);
  useEffect(() => bindActions(window, actions), [actions]);
  return (
    <AgreementView project={project} areLabelsVisible={looking.areLabelsVisible} onViews={looking.onViews} />
  );
}

function Review({ project, user }: { project: Project; user: User }) {
  const mayReview = project.role === "owner" || project.role === "reviewer";
  const tabs = useMemo((): (readonly [Tab, string])[] => {
    const all: (readonly [Tab, string])[] = [];
    if (project.role !== "annotator") all.push(["answers", words.tabs.answers]);
    if (mayReview) all.push(["agreement", words.tabs.agreement]);
    if (project.role !== "viewer") all.push(["own", words.tabs.own]);
    return all;
  }, [project.role, mayReview]);
  const asked = new URLSearchParams(window.location.search).get("tab");
  const [tab, setTab] = useState<Tab>(tabs.find(([id]) => id === asked)?.[0] ?? tabs[0][0]);
  const looking = useLooking();
  return (
    <main className="review" id="content">
      <header className="row">
        <h1>{words.title}</h1>
        <Segmented label={words.title} value={tab} options={tabs} onChange={setTab} />
        <span className="small muted grow truncate">{words.leads[tab]}</span>
      </header>
      {tab === "agreement" ? (
        <Agreeing project={project} looking={looking} />
      ) : (
        <Answers key={tab} {...{ project, user, looking }} isOwn={tab === "own"} />
      )}
    </main>
  );
}

export default function ReviewPage({ id }: { id: string }) {
  const { data: user } = useMe();
  return (
    <ProjectFrame id={id} title={words.title}>
      {(project) =>
        user ? <Review key={project.role} project={project} user={user} /> : <Empty icon="flag" title="" />
      }
    </ProjectFrame>
  );
}
