"""Draft samples from recorded runs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.evals.scenarios.drafting import DraftSample, expect_of_any
from promptops.prompt.diff.values import canonical_json
from promptops.prompt.inputs import InputValidator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.prompt.prompt import Prompt
    from promptops.runtime.log.record import LogEntry

TAG = "recorded"
_MAX_ANSWER = 300


class RecordedSamples(NamedTuple):
    """Samples drafted from recorded runs.

    Attributes:
        samples: one for each distinct set of inputs, newest run first.
        repeated: the number of runs with the inputs of another run.
        unfit: the number of runs whose inputs are not stored, or invalid for the prompt now.
    """

    samples: list[DraftSample]
    repeated: int
    unfit: int


def draft_from_runs(prompt: Prompt, entries: Iterable[LogEntry], limit: int) -> RecordedSamples:
    """Return samples with the redacted inputs of runs, as stored in the log.

    Args:
        prompt: the prompt as it is now.
        entries: its runs, newest first.
        limit: the maximum number of samples.
    """
    validator = InputValidator(prompt.inputs)
    samples: list[DraftSample] = []
    seen: set[str] = set()
    repeated = unfit = 0
    for entry in entries:
        if len(samples) == limit:
            break
        inputs = entry.run.inputs
        if inputs is None or any(validator.find_faults(inputs)):
            unfit += 1
            continue
        key = canonical_json(dict(inputs))
        if key in seen:
            repeated += 1
            continue
        seen.add(key)
        samples.append(
            DraftSample(
                f"run {entry.run.id}",
                (TAG, entry.run.status),
                dict(inputs),
                expect_of_any(prompt),
                _describe(entry),
            )
        )
    return RecordedSamples(samples, repeated, unfit)


def _describe(entry: LogEntry) -> str:
    """Return a note for the reviewer: the version, the answer and its feedback."""
    run = entry.run
    parts = [f"{run.version or 'an unknown version'} by {run.model or 'no model'}"]
    if run.answer:
        answer = " ".join(run.answer.split())
        parts.append(f"answered: {answer[:_MAX_ANSWER]}")
    parts += (f"feedback: {one.label or one.score}" for one in entry.feedback)
    return "; ".join(parts)
