"""Write a run for a terminal: worst samples first."""

from __future__ import annotations

from heapq import nsmallest
from typing import TYPE_CHECKING

from promptops.errors import count_of
from promptops.evals.ordering import natural_key
from promptops.evals.outcome import Exit, word_verdict
from promptops.evals.report.words import mark_words
from promptops.evals.result import SampleOutcome, count_samples
from promptops.evals.verdict import Conclusion, EvalVerdict, describe, explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from promptops.evals.ordering import NaturalKey
    from promptops.evals.outcome import SuiteOutcome
    from promptops.evals.result import EvalResult, SampleResult, SuiteRunResult, Trial
    from promptops.evals.verdict import SuiteComparison

    Paint = Callable[[str, str], str]

_MAX_SAMPLES = 20
_MAX_ANSWER = 300
_COLOURS = {Exit.PASSED: "green", Exit.BLOCKED: "red", Exit.UNKNOWN: "yellow"}
_OUTCOMES = {
    SampleOutcome.ERROR: ("ERROR", "yellow"),
    SampleOutcome.MISSING: ("NOT RUN", "yellow"),
    SampleOutcome.FAILED: ("FAILED", "red"),
    SampleOutcome.PASSED: ("passed", "green"),
}


def to_text(
    result: EvalResult,
    outcomes: list[SuiteOutcome],
    exit_code: Exit,
    paint: Paint,
    width: int | None = None,
) -> Iterator[str]:
    """Yield the lines of a run. Sentences are wrapped to `width`, if given."""
    for outcome in outcomes:
        yield from _outcome_lines(outcome, paint, width)
        yield ""
    for suite in result.suites:
        if len(suite.models) > 1:
            yield from _models(suite)
    if result.stopped:
        yield f"{paint('stopped:', 'yellow')} {result.stopped}"
        if result.calls:
            yield f"  {paint('finished trials are kept: continue with eval run --resume', 'dim')}"
    word = describe_verdict(result, outcomes, exit_code)
    behind = dict.fromkeys(one.suite.prompt for one in outcomes if one.exit is not Exit.PASSED)
    names = f": {', '.join(behind)}" if behind and len(outcomes) > 1 else ""
    yield f"{paint(word, _COLOURS[exit_code])}{names}  {describe_run(result)}"


def _models(suite: SuiteRunResult) -> Iterator[str]:
    """Yield a table of the samples on which models differ, with a column for every model."""
    found = {(one.name, one.model): one for one in suite.samples}
    rows = []
    for name in dict.fromkeys(one.name for one in suite.samples):
        cells = [_cell(found.get((name, model))) for model in suite.models]
        if len(set(cells)) > 1:
            rows.append([name, *cells])
    if not rows:
        return
    shown = rows[:_MAX_SAMPLES]
    header = [f"{suite.prompt}: models differ", *suite.models]
    widths = [max(map(len, column)) for column in zip(header, *shown, strict=True)]
    for row in [header, *shown]:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if rows[_MAX_SAMPLES:]:
        yield f"and {len(rows) - _MAX_SAMPLES} more"
    yield ""


def _cell(sample: SampleResult | None) -> str:
    if sample is None:
        return ""
    passed = sum(one.outcome is SampleOutcome.PASSED for one in sample.trials)
    of = f" {passed}/{len(sample.trials)}" if len(sample.trials) > 1 else ""
    return f"{sample.outcome.value}{of}"


def describe_verdict(result: EvalResult, outcomes: Sequence[SuiteOutcome], code: Exit) -> str:
    """Return the words for the verdict on a whole run. A shard has none."""
    if result.shard != (1, 1) and code is Exit.PASSED:
        return "not judged"
    return word_verdict(code, all_pass=all(one.all_pass for one in outcomes))


def describe_run(result: EvalResult) -> str:
    """Return a line on cost, calls and duration of a run."""
    money = f"{result.cost_micros / 1_000_000:.6f} USD"
    if result.unpriced:
        money += f" and {count_of(result.unpriced, 'call')} of unknown cost"
    replayed = f", {result.replayed} replayed" if result.replayed else ""
    return f"{count_of(result.calls, 'call')}{replayed}, {money}, {result.seconds:.1f} s"


def _outcome_lines(outcome: SuiteOutcome, paint: Paint, width: int | None) -> Iterator[str]:
    suite, model = outcome.suite, outcome.model
    tally = outcome.tally or count_samples(suite, model)
    samples, passed = tally.all.total, tally.all.passed
    remarkable = 0
    if passed < samples or tally.without_baseline < samples:
        remarkable = sum(map(_is_remarkable, suite.of_model(model)))
    word = paint(outcome.word, _COLOURS[outcome.exit])
    yield f"{paint(suite.prompt, 'bold')} {suite.change.label}  {model}  {suite.path}"
    compared = (
        f"compared with {suite.baseline.label}"
        if suite.baseline is not None
        else f"not compared: {suite.no_baseline}"
    )
    yield f"{word}: {passed} of {samples} samples pass; {compared}"
    if outcome.verdict is not None:
        yield from _verdict(outcome.verdict, paint, width)
    said = "" if outcome.verdict is None else describe(outcome.verdict)
    for reason in outcome.reasons:
        if reason.text == said:
            continue
        colour = {"blocks": "red", "unknown": "yellow", "note": "dim"}[reason.gravity]
        yield f"  {paint('-', colour)} {reason.text}"
    if remarkable:
        chosen = (one for one in suite.of_model(model) if _is_remarkable(one))
        said_before: list[str] = []
        for sample in nsmallest(_MAX_SAMPLES, chosen, key=_badness):
            head, *details = _sample(sample, paint)
            # An unreachable provider gives every sample the same error.
            if details and details == said_before:
                yield f"{head}  {paint('(the same)', 'dim')}"
            else:
                yield head
                yield from details
            said_before = details
    if remarkable > _MAX_SAMPLES:
        yield f"  and {remarkable - _MAX_SAMPLES} more; --format json has all"


_FINDINGS = {
    Conclusion.WORSE: "red",
    Conclusion.BETTER: "green",
    Conclusion.NOT_WORSE: "green",
    Conclusion.NOT_JUDGED: "yellow",
}


def _verdict(verdict: EvalVerdict, paint: Paint, width: int | None) -> Iterator[str]:
    """Yield lines on the comparison, and on the losses that it may miss."""
    for line in _fold(describe(verdict), width):
        yield f"  {paint(line, _FINDINGS.get(verdict.finding, 'dim'))}"
    for tag, one in _list_moved(verdict):
        said = describe(EvalVerdict(one))
        yield f"  tagged '{tag}': {paint(said, _FINDINGS[one.finding])}"
    for line in _fold(explain(verdict), width):
        yield f"  {paint(line, 'dim')}"


def _list_moved(verdict: EvalVerdict) -> Iterator[tuple[str, SuiteComparison]]:
    for tag, one in verdict.slices:
        if one.finding in {Conclusion.WORSE, Conclusion.BETTER}:
            yield tag, one


def describe_slices(verdict: EvalVerdict) -> Iterator[str]:
    """Yield a line for each slice that is worse or better."""
    for tag, one in _list_moved(verdict):
        yield f"tagged '{tag}': {describe(EvalVerdict(one))}"


def _fold(text: str, width: int | None) -> list[str]:
    if width is None:
        return [text]
    import textwrap

    room = max(width - 2, 20)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)


def _is_remarkable(sample: SampleResult) -> bool:
    if sample.outcome is SampleOutcome.MISSING:
        # If the run was stopped, the number is enough.
        return any(one.error is not None for one in sample.trials)
    if sample.outcome is not SampleOutcome.PASSED:
        return True
    return sample.baseline_outcome is SampleOutcome.ERROR or is_lower(sample)


def is_lower(sample: SampleResult) -> bool:
    """Return whether fewer trials pass than with the baseline."""
    before, after = sample.baseline_share, sample.share
    return before is not None and after is not None and after < before


def worst_first(samples: Iterable[SampleResult]) -> list[SampleResult]:
    """Return samples in the order in which to examine them."""
    return sorted(samples, key=_badness)


def _badness(sample: SampleResult) -> tuple[int, float, float, NaturalKey]:
    """Return a sort key: errors first, then losses, then failures, lowest score first."""
    order = [SampleOutcome.ERROR, SampleOutcome.MISSING, SampleOutcome.FAILED, SampleOutcome.PASSED]
    fall = (sample.share or 0.0) - (sample.baseline_share or 0.0)
    return (
        order.index(sample.outcome),
        min(fall, 0.0),
        sample.score or 0.0,
        natural_key(sample.name),
    )


def _sample(sample: SampleResult, paint: Paint) -> Iterator[str]:
    word, colour = _OUTCOMES[sample.outcome]
    count = sum(one.outcome is SampleOutcome.PASSED for one in sample.trials)
    trials = f"{count} of {len(sample.trials)} trials" if len(sample.trials) > 1 else ""
    before = sample.baseline_outcome
    then = ""
    if sample.baseline:
        had = sum(one.outcome is SampleOutcome.PASSED for one in sample.baseline)
        then = f"the baseline: {had} of {len(sample.baseline)}"
        if sample.outcome is SampleOutcome.FAILED and before is SampleOutcome.PASSED:
            word = "LOST"
    tags = f"[{', '.join(sample.tags)}]" if sample.tags else ""
    parts = [paint(word, colour), sample.name, tags, trials, then]
    yield "  " + "  ".join(part for part in parts if part)
    trial = next((one for one in sample.trials if one.outcome is sample.outcome), None)
    if trial is None:
        trial = next(
            (one for one in sample.trials if one.outcome is not SampleOutcome.PASSED), None
        )
    if trial is None:
        return
    old = next((one for one in sample.baseline if one.outcome is SampleOutcome.PASSED), None)
    yield from _trial(trial)
    if old is not None and trial.answers and trial.answers != old.answers:
        yield f"      {paint('was, is:', 'dim')} {_short(mark_words(old.answers, trial.answers))}"
    elif trial.answers:
        word = "answers:" if trial.earlier else "answer:"
        yield f"      {paint(word, 'dim')} {_short(trial.answers)}"


def _trial(trial: Trial) -> Iterator[str]:
    if trial.error is not None:
        yield f"      {trial.stage}: {trial.error}"
    if trial.answered_by is not None:
        yield f"      answered by {trial.answered_by}"
    for check in trial.checks:
        if not check.is_met and check.score is not None:
            score = "" if check.score in {0.0, 1.0} else f" ({check.score:.2f})"
            yield f"      {check.label}{score}: {check.reason}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_ANSWER else f"{line[:_MAX_ANSWER]}…"
