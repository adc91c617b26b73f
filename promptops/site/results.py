"""Read eval results that `eval run --output` wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import UsageError
from promptops.evals.outcome import Exit, judge_run
from promptops.evals.records import SCHEMA, result_from_json
from promptops.evals.report.text import worst_first
from promptops.evals.result import SampleOutcome
from promptops.evals.verdict import describe
from promptops.files import read_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from promptops.evals.outcome import SuiteOutcome
    from promptops.evals.result import SampleResult, Trial

# The words of `promptops eval run`. Samples may fail in a run that does not block.
_WORDS = {Exit.PASSED: "not blocked", Exit.BLOCKED: "blocked", Exit.UNKNOWN: "could not be judged"}
_TONES = {Exit.PASSED: "good", Exit.BLOCKED: "bad", Exit.UNKNOWN: "doubt"}
MAX_SAMPLES = 5
_MAX_TEXT = 600


class EvalSample(NamedTuple):
    """A failed sample.

    Attributes:
        name: its name.
        outcome: its outcome.
        tags: its tags.
        answer: the first answer that did not pass, shortened.
        faults: why it did not pass.
    """

    name: str
    outcome: str
    tags: tuple[str, ...]
    answer: str
    faults: tuple[str, ...]


class GivenEval(NamedTuple):
    """The result of one suite with one model.

    Attributes:
        source: the name of the file.
        prompt: the prompt.
        suite: the path of the suite.
        version: the prompt's version.
        baseline: the version that it was compared with, or empty.
        model: the model.
        word: the outcome in a word.
        tone: the colour class of the outcome.
        says: the comparison with the baseline in words, or empty.
        reasons: why the prompt is blocked or cannot be judged, and remarks.
        samples: the number of samples.
        passed: the number of passed samples.
        cost_micros: the known cost of all answers, in micro-dollars.
        worst: failed samples, worst first.
        others: the number of further failed samples.
    """

    source: str
    prompt: str
    suite: str
    version: str
    baseline: str
    model: str
    word: str
    tone: str
    says: str
    reasons: tuple[str, ...]
    samples: int
    passed: int
    cost_micros: int
    worst: tuple[EvalSample, ...]
    others: int


def read_results(paths: Iterable[Path]) -> tuple[GivenEval, ...]:
    """Return the results in files, newest first.

    Args:
        paths: files and folders, newest last. Of a folder, its `*.json` files are read by name.

    Raises:
        UsageError: a file is missing or has no result.
    """
    found: list[GivenEval] = []
    for path in paths:
        if path.is_dir():
            for file in sorted(path.glob("*.json")):
                found += _read_file(file, is_named=False)
        else:
            found += _read_file(path, is_named=True)
    return tuple(reversed(found))


def _read_file(path: Path, *, is_named: bool) -> Sequence[GivenEval]:
    """Return the results of a file; nothing for another kind of file that was not named itself."""
    try:
        data = json.loads(read_named(path))
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", hint="check the path") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} is not JSON: {error}", hint="the file may be incomplete"
        ) from None
    if not is_named and (not isinstance(data, dict) or data.get("schema") != SCHEMA):
        return ()
    outcomes, _ = judge_run(result_from_json(data, str(path)))
    return [_summarize(path.name, one) for one in outcomes]


def _summarize(source: str, one: SuiteOutcome) -> GivenEval:
    suite = one.suite
    samples = list(suite.of_model(one.model))
    failed = [each for each in samples if each.outcome is not SampleOutcome.PASSED]
    return GivenEval(
        source=source,
        prompt=suite.prompt,
        suite=suite.path,
        version=suite.change.label,
        baseline=suite.baseline.label if suite.baseline is not None else "",
        model=one.model,
        word=_WORDS[one.exit] if failed or one.exit is not Exit.PASSED else "passed",
        tone=_TONES[one.exit],
        says=describe(one.verdict) if one.verdict is not None else "",
        reasons=tuple(reason.text for reason in one.reasons),
        samples=len(samples),
        passed=len(samples) - len(failed),
        cost_micros=sum(trial.cost_micros or 0 for each in samples for trial in each.trials),
        worst=tuple(map(_shorten, worst_first(failed)[:MAX_SAMPLES])),
        others=max(len(failed) - MAX_SAMPLES, 0),
    )


def _shorten(sample: SampleResult) -> EvalSample:
    bad = [one for one in sample.trials if one.outcome is not SampleOutcome.PASSED]
    answer = next((one.answers for one in bad if one.answers), "")
    faults = dict.fromkeys(fault for one in bad for fault in _find_faults(one))
    return EvalSample(
        sample.name, sample.outcome.value, sample.tags, _cut(answer), tuple(faults)[:5]
    )


def _find_faults(trial: Trial) -> Iterator[str]:
    for check in trial.checks:
        if not check.is_met:
            yield _cut(f"{check.label}: {check.reason}" if check.reason else check.label)
    if trial.error:
        yield _cut(trial.error)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
