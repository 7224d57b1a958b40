"""When asking on is not expected to pay: a suggestion from the learning curve, with its reason in words.

Three rules, in this order: the budget is spent, the curve is flat, or the regions asked last were hardly in
doubt. It only suggests: people start and stop rounds. This module knows no database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

PAPER_FRACTION = 0.151
"""Share of pixels with which S4AL+ reports 95 % of full supervision on the larger of its two data sets."""

PLATEAU_ROUNDS = 2
PLATEAU_GAIN = 0.005
"""Mean IoU that this many rounds together must bring to go on."""

CALM_SHARE = 0.25
"""Share of the highest mean score ever asked at below which what is left to ask is hardly in doubt."""


class StopRule(StrEnum):
    """Why to stop."""

    BUDGET = "budget"
    PLATEAU = "plateau"
    CERTAINTY = "certainty"


@dataclass(frozen=True, slots=True)
class CurveStep:
    """One round that trained.

    Attributes:
        labelled_fraction: share of the pool's pixels its model had answers for.
        mean_iou: of its model; None where nothing measured it.
        on: what `mean_iou` was measured on; only the same is compared.
        mean_score: mean score of the regions it asked by score; None where it asked none.
        acquisition: what the score is; only the same is compared.
    """

    labelled_fraction: float | None
    mean_iou: float | None
    on: str | None
    mean_score: float | None
    acquisition: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the curve suggests.

    Attributes:
        should_stop: whether asking on is not expected to pay.
        rule: which rule says so; None = go on.
        reason: one sentence for people.
        value: what the rule looked at: the labelled fraction, the gain, or the share of the highest score.
        limit: what it was compared with.
    """

    should_stop: bool
    rule: StopRule | None
    reason: str
    value: float | None = None
    limit: float | None = None


def suggest(steps: Sequence[CurveStep], *, budget_fraction: float = PAPER_FRACTION) -> Suggestion:
    """Whether to stop asking, from the rounds so far.

    Args:
        steps: the rounds that trained, in order.
        budget_fraction: share of the pool's pixels that may be asked in all.
    """
    if not steps:
        return Suggestion(should_stop=False, rule=None, reason="No model has been trained yet.")
    for rule in (_budget, _plateau, _certainty):
        found = rule(steps, budget_fraction)
        if found is not None:
            return found
    return Suggestion(should_stop=False, rule=None, reason="Each round still brings something: go on.")


def _budget(steps: Sequence[CurveStep], budget_fraction: float) -> Suggestion | None:
    labelled = steps[-1].labelled_fraction
    if labelled is None or labelled < budget_fraction:
        return None
    reason = f"{100 * labelled:.1f} % of the pixels are labelled, of {100 * budget_fraction:.1f} % planned."
    return Suggestion(
        should_stop=True, rule=StopRule.BUDGET, reason=reason, value=labelled, limit=budget_fraction
    )


def _plateau(steps: Sequence[CurveStep], _: float) -> Suggestion | None:
    measured = [step.mean_iou for step in steps if step.mean_iou is not None and step.on == steps[-1].on]
    if steps[-1].mean_iou is None or len(measured) <= PLATEAU_ROUNDS:
        return None
    gain = max(measured[-PLATEAU_ROUNDS:]) - max(measured[:-PLATEAU_ROUNDS])
    if gain >= PLATEAU_GAIN:
        return None
    reason = f"The last {PLATEAU_ROUNDS} rounds together brought {100 * gain:+.1f} points of mean IoU."
    return Suggestion(should_stop=True, rule=StopRule.PLATEAU, reason=reason, value=gain, limit=PLATEAU_GAIN)


def _certainty(steps: Sequence[CurveStep], _: float) -> Suggestion | None:
    last = steps[-1]
    scores = [
        step.mean_score
        for step in steps
        if step.mean_score is not None and step.acquisition == last.acquisition
    ]
    if last.mean_score is None or len(scores) < 2 or max(scores) <= 0:
        return None
    share = last.mean_score / max(scores)
    if share >= CALM_SHARE:
        return None
    reason = f"The regions asked last were {100 * share:.0f} % as much in doubt as the most doubtful round's."
    return Suggestion(should_stop=True, rule=StopRule.CERTAINTY, reason=reason, value=share, limit=CALM_SHARE)
