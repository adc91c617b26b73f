"""Ask a judge, and validate its reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptops.evals.scorers.scorer import ScorerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.evals.scorers.scorer import Context, ScorerQuestion


@dataclass(frozen=True, slots=True)
class Ruling:
    """A judge's ruling on one criterion."""

    is_met: bool
    reason: str


def ask(context: Context, question: ScorerQuestion, scorer: str) -> Sequence[Ruling]:
    """Return one ruling for each criterion, in order.

    Raises ScorerError if there is no judge, or its reply is malformed: that is neither a pass nor a
    fail.
    """
    if context.judge is None:
        raise ScorerError(
            f"the scorer '{scorer}' needs a judge",
            hint="set judge in [eval] to the prompt that judges",
        )
    reply = context.judge(question)
    criteria = reply.get("criteria") if isinstance(reply, dict) else None
    if not isinstance(criteria, list):
        raise ScorerError("the judge's reply has no list 'criteria'")
    if len(criteria) != len(question.criteria):
        raise ScorerError(
            f"the judge answered {len(criteria)} criteria instead of {len(question.criteria)}"
        )
    return [_ruling(one) for one in criteria]


def _ruling(criterion: Any) -> Ruling:  # noqa: ANN401 - a model wrote it
    met = criterion.get("met") if isinstance(criterion, dict) else None
    if not isinstance(met, bool):
        raise ScorerError("the judge did not answer true or false for every criterion")
    reason = criterion.get("reason", "")
    return Ruling(met, reason if isinstance(reason, str) else "")
