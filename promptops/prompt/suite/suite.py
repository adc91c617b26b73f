"""What a suite consists of: samples, and the checks that their answers are put to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MUST = "must"
"""The tag of samples of which none may be lost."""


class Outcome(StrEnum):
    """How the run of a sample has to end."""

    SUCCESS = "success"
    REFUSAL = "refusal"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: a scorer with its argument.

    Attributes:
        scorer: the scorer's name, without `not_`.
        argument: what it is given, valid under its schema; for `all`, `any` and `not` the parts.
        min: the least score that is enough.
        weight: what the check counts in a trial's mean.
        is_negated: whether the opposite is expected.
        parts: the checks that it is composed of.
    """

    scorer: str
    argument: Any
    min: float = 1.0
    weight: float = 1.0
    is_negated: bool = False
    parts: tuple[Check, ...] = ()

    @property
    def label(self) -> str:
        """The scorer as the suite has it: `contains`, `not_contains`."""
        return f"not_{self.scorer}" if self.is_negated else self.scorer


@dataclass(frozen=True, slots=True)
class Turn:
    """What the user writes after an answer, and what must hold of the answer to that."""

    user: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """A scripted answer of a tool.

    Attributes:
        name: the tool's.
        arguments: those of the call must include these.
        result: what the tool returns, as text.
    """

    name: str
    arguments: Mapping[str, Any]
    result: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One case.

    Attributes:
        name: unique in the suite.
        inputs: the values of the prompt's inputs.
        checks: what must hold of the answer.
        tags: what it is about.
        trials: how often it is run.
        passes: how many trials must pass.
        threshold: which weighted mean of scores makes a trial pass; None: every check must hold.
        outcome: how the run has to end.
        history: messages of an earlier conversation.
        turns: what the user writes after the first answer.
        tools: scripted answers of tools.
    """

    name: str
    inputs: Mapping[str, Any]
    checks: tuple[Check, ...] = ()
    tags: tuple[str, ...] = ()
    trials: int = 1
    passes: int = 1
    threshold: float | None = None
    outcome: Outcome = Outcome.SUCCESS
    history: tuple[Mapping[str, str], ...] = ()
    turns: tuple[Turn, ...] = ()
    tools: tuple[ToolAnswer, ...] = ()

    @property
    def has_checks(self) -> bool:
        """Whether anything is expected beyond an answer."""
        is_expected = self.outcome is not Outcome.SUCCESS or bool(self.checks)
        return is_expected or any(turn.checks for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares that a suite demands.

    Attributes:
        overall: of all samples that must pass; None: not demanded.
        tags: of the samples with a tag that must pass.
        errors: the largest share of trials that may end in an error.
    """

    overall: float | None = None
    tags: Mapping[str, float] = field(default_factory=dict)
    errors: float = 0.0


@dataclass(frozen=True, slots=True)
class Suite:
    """The samples by which one prompt is judged.

    Attributes:
        path: the file, from the repository's top.
        prompt: the prompt's name.
        samples: the cases, at least one.
        description: what it is about; "" where the file does not say.
        models: the models to run it with; empty: the prompt's own.
        judge: the prompt that judges; None: the configuration's.
        thresholds: the shares that it demands.
    """

    path: str
    prompt: str
    samples: tuple[Sample, ...]
    description: str = ""
    models: tuple[str, ...] = ()
    judge: str | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
