"""A suite: samples, and the checks of their answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MUST = "must"
"""The tag of samples that must all pass."""


class Outcome(StrEnum):
    """The ways in which a sample's run may have to end."""

    SUCCESS = "success"
    REFUSAL = "refusal"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: a scorer with its argument.

    Attributes:
        scorer: the scorer's name, without `not_`.
        argument: the scorer's argument, valid under its schema; for `all`, `any` and `not` the
            parts.
        min: the minimum score to pass.
        weight: the check's weight in a trial's mean.
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
        """The scorer as written in the suite: `contains`, `not_contains`."""
        return f"not_{self.scorer}" if self.is_negated else self.scorer


@dataclass(frozen=True, slots=True)
class Turn:
    """A further message of the user, and the checks of the answer to it."""

    user: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """A scripted answer of a tool.

    Attributes:
        name: the tool's name.
        arguments: arguments that the call must include.
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
        checks: the checks of the answer.
        tags: labels for selection and thresholds.
        trials: how many times it is run.
        passes: how many trials must pass.
        threshold: the minimum weighted mean of scores for a trial to pass; None: every check must
            pass.
        outcome: how the run must end.
        history: messages of an earlier conversation.
        turns: further messages of the user.
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
        """Whether the sample has any checks, in turns too."""
        is_expected = self.outcome is not Outcome.SUCCESS or bool(self.checks)
        return is_expected or any(turn.checks for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Minimum shares that a suite requires.

    Attributes:
        overall: the share of all samples that must pass; None: no requirement.
        tags: by tag, the share of its samples that must pass.
        errors: the largest share of trials that may end in an error.
    """

    overall: float | None = None
    tags: Mapping[str, float] = field(default_factory=dict)
    errors: float = 0.0


@dataclass(frozen=True, slots=True)
class Suite:
    """An eval suite: the samples of one prompt.

    Attributes:
        path: the file, from the repository's top.
        prompt: the prompt's name.
        samples: the cases, at least one.
        description: what it is about; "" if not given.
        models: the models to run; empty: the prompt's own model.
        judge: the name of the judge prompt; None: the configured one.
        thresholds: the required shares.
    """

    path: str
    prompt: str
    samples: Sequence[Sample]
    description: str = ""
    models: tuple[str, ...] = ()
    judge: str | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
