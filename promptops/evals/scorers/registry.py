"""All scorers by name; run a check with its scorer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import PromptopsError
from promptops.evals.scorers import (
    bleu,
    contains,
    cost,
    edit_distance,
    ends,
    equals,
    every,
    factual,
    fields,
    json,
    json_equals,
    json_path,
    json_schema,
    language,
    latency,
    length,
    none,
    preference,
    python,
    refusal,
    regex,
    rouge,
    rubric,
    similar,
    some,
    sql,
    starts,
    tool_calls,
    xml,
)
from promptops.evals.scorers.scorer import Cost, Score, ScorerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promptops.evals.scorers.scorer import Context, JudgedAnswer, Scorer
    from promptops.prompt.suite import Check

SCORERS: Mapping[str, Scorer] = {
    "all": every,
    "any": some,
    "bleu": bleu,
    "contains": contains,
    "cost": cost,
    "edit_distance": edit_distance,
    "ends": ends,
    "equals": equals,
    "factual": factual,
    "fields": fields,
    "json": json,
    "json_equals": json_equals,
    "json_path": json_path,
    "json_schema": json_schema,
    "language": language,
    "latency": latency,
    "length": length,
    "not": none,
    "preference": preference,
    "python": python,
    "refusal": refusal,
    "regex": regex,
    "rouge": rouge,
    "rubric": rubric,
    "similar": similar,
    "sql": sql,
    "starts": starts,
    "tool_calls": tool_calls,
    "xml": xml,
}


class CheckResult(NamedTuple):
    """The result of one check.

    Attributes:
        score: how well the expectation is met; for a negated check, already inverted.
        is_met: whether the check passes.
    """

    score: Score
    is_met: bool


def judge_check(check: Check, answer: JudgedAnswer, context: Context) -> CheckResult:
    """Run a check with its scorer.

    The check passes if the score reaches its `min`; a negated one if it does not. Raises
    ScorerError for any failure of the scorer, which is neither a pass nor a fail, even if negated.
    """
    try:
        score = SCORERS[check.scorer].score(answer, check.argument, context)
    except ScorerError:
        raise
    except PromptopsError as error:
        raise ScorerError(f"{check.label}: {error.message}", hint=error.hint) from error
    except Exception as error:
        raise ScorerError(
            f"the scorer '{check.scorer}' failed: {type(error).__name__}: {error}"
        ) from error
    # With a tolerance, since 1 - 0.9 is a little less than 0.1 in binary.
    reaches = score.value >= check.min - _ROUNDING
    if check.is_negated:
        return CheckResult(score.negated, not reaches)
    return CheckResult(score, reaches)


_ROUNDING = math.ulp(1.0) * 4


def require(check: Check, context: Context) -> None:
    """Raise ScorerError if a check's requirements are missing.

    They are known before a model is asked: a library, an embedding model, a function's file.
    """
    demand = getattr(SCORERS[check.scorer], "require", None)
    if demand is not None:
        demand(check.argument, context)
    for part in check.parts:
        require(part, context)


def cost_of(check: Check) -> Cost:
    """Return a check's cost; for a composed one, that of its most expensive part."""
    own = SCORERS[check.scorer].COST
    return max((own, *map(cost_of, check.parts)))


def cheapest_first(checks: Iterable[Check]) -> list[Check]:
    """Return the checks sorted by cost, cheapest first, else as written."""
    return sorted(checks, key=cost_of)


def is_deterministic(check: Check) -> bool:
    """Return whether the same answer always gets the same score."""
    return SCORERS[check.scorer].IS_DETERMINISTIC and all(map(is_deterministic, check.parts))
