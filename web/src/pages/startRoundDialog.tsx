import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { rounds as roundsApi } from "@/api/endpoints";
import { invalidate, keys, options } from "@/api/queries";
import type { Acquisition, Methods, Project, Round, SettingRow } from "@/api/types";
import { texts, wordsOf } from "@/texts";
import { Field, Skeleton } from "@/ui/bits";
import { Dialog } from "@/ui/dialog";
import { type Budget, BudgetFields, budgetOf } from "./budgetFields";
import { SettingsForm } from "./settingsForm";

const words = texts.startRound;

/** Settings with a place of their own in the form. */
const OWN_PLACE = ["method", "acquisition"];

/** A method's own defaults over the general ones. */
function defaultOf(methods: Methods, method: string, row: SettingRow): unknown {
  return methods.methods.find((each) => each.name === method)?.defaults[row.name] ?? row.default;
}

function Choice<T extends string>(props: {
  label: string;
  name: string;
  value: T;
  options: readonly { name: T; help: string }[];
  /** Help in the page's language. */
  words: Readonly<Record<string, string>>;
  onChange(value: NoInfer<T>): void;
}) {
  const help =
    wordsOf(props.words, props.value) ?? props.options.find((option) => option.name === props.value)?.help;
  return (
    <Field label={props.label} hint={help}>
      <select
        className="input"
        name={props.name}
        value={props.value}
        onChange={(event) => props.onChange(event.target.value as T)}
      >
        {props.options.map(({ name }) => (
          <option key={name} value={name}>
            {name.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    </Field>
  );
}

interface StartRoundProps {
  project: Project;
  rounds: Round[];
  budget: Budget;
  onClose(): void;
}

export function StartRoundDialog({ project, rounds, budget: given, onClose }: StartRoundProps) {
  const { data: methods } = useQuery(options.methods(project.id));
  const last = rounds.toSorted((a, b) => b.number - a.number)[0];
  const [budget, setBudget] = useState(given);
  const [chosen, setChosen] = useState(last?.method ?? null);
  const method = chosen ?? methods?.default_method ?? null;
  const [acquisition, setAcquisition] = useState<Acquisition | null>(last?.acquisition ?? null);
  const [settings, setSettings] = useState<Record<string, unknown>>({});
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isCold = !rounds.some((round) => round.annotated_regions > 0);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await roundsApi.start(project.id, {
        ...budgetOf(budget),
        ...(method ? { method } : {}),
        ...(acquisition ? { acquisition } : {}),
        settings,
      });
      invalidate(...keys.project(project.id));
      onClose();
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  };

  return (
    <Dialog title={words.title} onClose={onClose}>
      <form onSubmit={submit}>
        <div className="content stack wide">
          <p className="muted">
            {isCold ? words.cold : words.trained} {last?.state === "annotating" ? words.serving : ""}
          </p>
          {problem && (
            <p className="form-error" role="alert">
              {problem}
            </p>
          )}
          <BudgetFields budget={budget} onChange={setBudget} />
          {methods && method ? (
            <>
              <div className="settings-grid">
                <Choice
                  label={words.method}
                  name="method"
                  value={method}
                  options={methods.methods}
                  words={texts.server.methods}
                  onChange={setChosen}
                />
                <Choice
                  label={words.acquisition}
                  name="acquisition"
                  value={acquisition ?? acquisitionDefault(methods, method)}
                  options={methods.acquisitions}
                  words={texts.server.acquisitions}
                  onChange={setAcquisition}
                />
              </div>
              <SettingsForm
                rows={methods.settings.filter((row) => !OWN_PLACE.includes(row.name))}
                defaultOf={(row) => defaultOf(methods, method, row)}
                values={settings}
                onChange={setSettings}
              />
            </>
          ) : (
            <Skeleton height={70} />
          )}
        </div>
        <footer>
          <button type="button" className="button" onClick={onClose}>
            {texts.common.cancel}
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={isBusy}
            data-testid="confirm-start-round"
          >
            {words.submit}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function acquisitionDefault(methods: Methods, method: string): Acquisition {
  const row = methods.settings.find((each) => each.name === "acquisition");
  return row ? (defaultOf(methods, method, row) as Acquisition) : methods.acquisitions[0].name;
}
