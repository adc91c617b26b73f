"""The common types of scorers: answer, context, score."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from promptops.runtime.models.model import ToolCall

    Embed = Callable[[Sequence[str]], Sequence[Sequence[float]]]


class ScorerError(PromptopsError):
    """A scorer could not judge an answer. That is neither a pass nor a fail."""

    page = "docs/evals.md#scorers"


class Cost(IntEnum):
    """The cost of a scorer. Cheaper ones run first."""

    FREE = 0
    LIBRARY = 1
    PROCESS = 2
    EMBEDDING = 3
    JUDGE = 4


@dataclass(frozen=True, slots=True)
class Score:
    """A scorer's verdict on one answer.

    Attributes:
        value: from 0 (wrong) to 1 (right).
        reason: why, in a sentence without a full stop.

    Raises ScorerError for a value that is not a number from 0 to 1: a faulty scorer must not pass.
    """

    value: float
    reason: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or not 0 <= self.value <= 1:
            raise ScorerError(
                f"a scorer gave {self.value}, which is not from 0 to 1", hint="fix the scorer"
            )

    @property
    def negated(self) -> Score:
        """The score of the opposite expectation."""
        return Score(1 - self.value, self.reason)


def yes_or_no(is_met: bool, reason: str) -> Score:  # noqa: FBT001 - the one thing it takes
    """Return a score of 1 or 0."""
    return Score(1.0 if is_met else 0.0, reason)


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """The answer to judge, from one trial.

    Attributes:
        text: the text.
        tool_calls: all functions that the model called in the trial, in order.
        finish: why the answer ended, such as `stop` or `length`.
        latency_seconds: the trial's duration, measured when it was recorded; None if unknown.
        cost_micros: its cost, in micro-dollars; None if unknown.
    """

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    latency_seconds: float | None = None
    cost_micros: int | None = None


@dataclass(frozen=True, slots=True)
class ScorerQuestion:
    """A question to a judge: the inputs of the judge prompt.

    Attributes:
        task: what the model was asked to do.
        answer: the answer to judge.
        criteria: the criteria of a good answer, one sentence each.
        reference: a good answer; "" without one.
    """

    task: str
    answer: str
    criteria: tuple[str, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The context of an answer, for scorers.

    Attributes:
        task: the rendered messages as one text.
        inputs: the sample's inputs.
        judge: asks the judge prompt and returns its parsed reply, in the form of
            `prompts/judge/_verdict.json`; None without a judge.
        embed: returns vectors for texts; None without an embedding model. Raises ScorerError for a
            text that the model cannot represent, and for no text if the model lacks something.
        baseline: the baseline's answer to the same sample and trial, which `preference` needs.
        root: the repository's top folder, for functions of `python`.
        allows_python: whether functions of the repository may run. Never for code of a change in a
            job that holds secrets.
    """

    task: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    judge: Callable[[ScorerQuestion], Mapping[str, Any]] | None = None
    embed: Embed | None = None
    baseline: str | None = None
    root: Path | None = None
    allows_python: bool = False


class Scorer(Protocol):
    """The interface of a scorer's module.

    The schema of its argument is in the suite's grammar, under the scorer's name.
    """

    NAME: str
    """Its name in suites."""
    COST: Cost
    """Its cost."""
    IS_DETERMINISTIC: bool
    """Whether the same answer always gets the same score."""

    # Optional: `require(argument, context)` raises ScorerError for what the scorer lacks.

    def score(self, answer: JudgedAnswer, argument: Any, context: Context) -> Score:  # noqa: ANN401 - as the schema says
        """Judge `answer` by a check's valid argument. Raises ScorerError on failure."""
        ...
