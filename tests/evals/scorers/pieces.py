"""Checks as a suite writes them, and judges that answer what a test wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from promptops.evals.scorers.registry import judge_check
from promptops.evals.scorers.scorer import Context, JudgedAnswer
from promptops.prompt.suite.reading import read_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.evals.scorers.scorer import Score
    from promptops.prompt.suite import Check


def check(expectation: str | Mapping[str, Any]) -> Check:
    """Return the check that an item below `expect` stands for."""
    written = yaml.safe_load(expectation) if isinstance(expectation, str) else expectation
    data = {
        "schema": "promptops.suite/v1",
        "prompt": "a",
        "samples": [{"name": "x", "expect": [written]}],
    }
    reading = read_suite("evals/a.yaml", yaml.safe_dump(data, allow_unicode=True).encode())
    assert reading.suite is not None, reading.faults
    return reading.suite.samples[0].checks[0]


def score(expectation: str | Mapping[str, Any], answer: str, **context: Any) -> Score:
    """Return the score of an answer."""
    return judge_check(check(expectation), JudgedAnswer(answer), Context(**context)).score


def is_met(expectation: str | Mapping[str, Any], answer: str, **context: Any) -> bool:
    """Return whether an answer passes a check."""
    return judge_check(check(expectation), JudgedAnswer(answer), Context(**context)).is_met


def judge(*met: bool) -> Callable[[object], Mapping[str, Any]]:
    """Return a judge that rules so on each criterion, whatever it is asked."""
    return lambda _question: {"criteria": [{"met": one, "reason": "so"} for one in met]}
