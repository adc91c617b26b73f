"""What a whole run comes to: passed, blocked, or could not be judged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from promptops.evals.result import Gravity, Ground, find_grounds

if TYPE_CHECKING:
    from promptops.evals.result import EvalResult, SuiteResult


class Exit(IntEnum):
    """The exit codes of `promptops eval`."""

    PASSED = 0
    BLOCKED = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """One suite under one model, judged.

    Attributes:
        suite: the suite.
        model: the model.
        grounds: why it is blocked or could not be judged, and what deserves a look.
    """

    suite: SuiteResult
    model: str
    grounds: tuple[Ground, ...]

    @property
    def exit(self) -> Exit:
        """What it comes to. Not knowing outweighs everything: an error must not hide."""
        gravities = {one.gravity for one in self.grounds}
        if Gravity.UNKNOWN in gravities:
            return Exit.UNKNOWN
        return Exit.BLOCKED if Gravity.BLOCKS in gravities else Exit.PASSED


def judge_run(result: EvalResult) -> tuple[list[Judgement], Exit]:
    """Judge every suite under every model, and the run as a whole."""
    judgements = [
        Judgement(suite, model, tuple(find_grounds(suite, model)))
        for suite in result.suites
        for model in suite.models
    ]
    if result.stopped or not judgements:
        return judgements, Exit.UNKNOWN
    if result.shard != (1, 1):
        # A part of the samples says nothing about the whole; `eval merge` does.
        return judgements, Exit.PASSED
    return judgements, max(one.exit for one in judgements)
