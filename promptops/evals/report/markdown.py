"""Write a run as Markdown for a comment on a change: verdicts and losses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.evals.outcome import Exit
from promptops.evals.report.text import (
    describe_run,
    describe_slices,
    describe_verdict,
    is_lower,
    worst_first,
)
from promptops.evals.report.words import mark_words
from promptops.evals.result import SampleOutcome
from promptops.evals.verdict import describe, explain
from promptops.prompt.diff.markdown import fence

if TYPE_CHECKING:
    from promptops.evals.outcome import SuiteOutcome
    from promptops.evals.result import EvalResult, SampleResult, Trial

_MAX_SAMPLES = 10
_MAX_ANSWER = 1500
_MAX_INPUT = 300


def to_markdown(result: EvalResult, outcomes: list[SuiteOutcome], exit_code: Exit) -> str:
    """Return the Markdown. Text from models appears only as code."""
    word = describe_verdict(result, outcomes, exit_code)
    lines = [
        f"### Evals: {word}",
        "",
        "| Prompt | Model | Compared with | Pass | Verdict |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in outcomes:
        suite = one.suite
        samples = list(suite.of_model(one.model))
        passed = sum(sample.outcome is SampleOutcome.PASSED for sample in samples)
        before = ""
        if suite.baseline is not None:
            had = sum(sample.baseline_outcome is SampleOutcome.PASSED for sample in samples)
            before = f" (was {had})"
        baseline = suite.no_baseline if suite.baseline is None else suite.baseline.label
        cells = [suite.prompt, one.model, baseline, f"{passed} of {len(samples)}{before}"]
        verdict = one.word if one.exit is Exit.PASSED else f"**{one.word}**"
        lines.append(f"| {' | '.join(map(_cell, cells))} | {verdict} |")
    for one in outcomes:
        lines += [*_findings(one), *_samples(one)]
    if result.stopped:
        lines += ["", f"Stopped: {_cell(result.stopped)}"]
    lines += ["", f"{describe_run(result)}."]
    return "\n".join(lines)


def _findings(outcome: SuiteOutcome) -> list[str]:
    """Return lines on the comparison and its slices, and on other reasons for the outcome."""
    verdict = outcome.verdict
    said = "" if verdict is None else describe(verdict)
    reasons = [one.text for one in outcome.reasons if one.text != said]
    if verdict is None and not reasons:
        return []
    head = f"**{_cell(outcome.suite.prompt)}**, {_cell(outcome.model)}:"
    lines = ["", head if verdict is None else f"{head} {_cell(said)}."]
    moved = [] if verdict is None else list(describe_slices(verdict))
    if moved or reasons:
        lines += ["", *(f"- {_cell(one)}" for one in (*moved, *reasons))]
    if verdict is not None:
        lines += ["", _cell(explain(verdict))]
    return lines


def _samples(outcome: SuiteOutcome) -> list[str]:
    chosen = [
        one
        for one in worst_first(outcome.suite.samples)
        if one.model == outcome.model and (one.outcome is not SampleOutcome.PASSED or is_lower(one))
    ]
    lines: list[str] = []
    for one in chosen[:_MAX_SAMPLES]:
        lines += ["", "<details>", f"<summary>{_summary(one)}</summary>", "", *_sample(one)]
        lines += ["", "</details>"]
    if chosen[_MAX_SAMPLES:]:
        lines += ["", f"and {len(chosen) - _MAX_SAMPLES} more"]
    return lines


def _summary(sample: SampleResult) -> str:
    passed = sum(one.outcome is SampleOutcome.PASSED for one in sample.trials)
    is_lost = (
        sample.outcome is SampleOutcome.FAILED and sample.baseline_outcome is SampleOutcome.PASSED
    )
    word = "lost" if is_lost else sample.outcome.value
    return f"{word}: {_cell(sample.name)} ({passed} of {len(sample.trials)} trials pass)"


def _sample(sample: SampleResult) -> list[str]:
    trial = next((one for one in sample.trials if one.outcome is not SampleOutcome.PASSED), None)
    if trial is None:
        return []
    lines = [f"- asked: {_cell(asked)}" for asked in _inputs(sample)]
    lines += [f"- {_cell(reason)}" for reason in _reasons(trial)]
    old = next((one for one in sample.baseline if one.outcome is SampleOutcome.PASSED), None)
    if old is not None:
        shown = mark_words(old.answers, trial.answers)
        lines += ["", "Was and is:", "", fence(_cut(shown))]
    elif trial.answers:
        lines += ["", fence(_cut(trial.answers))]
    return lines


def _inputs(sample: SampleResult) -> list[str]:
    return [
        f"{name}: {text if len(text) <= _MAX_INPUT else text[:_MAX_INPUT] + '…'}"
        for name, text in sample.asked
    ]


def _reasons(trial: Trial) -> list[str]:
    found = [] if trial.error is None else [trial.error]
    return found + [f"{one.label}: {one.reason}" for one in trial.checks if not one.is_met]


def _cell(text: str) -> str:
    """Return untrusted text for a line of Markdown, without markup, mentions and links."""
    line = " ".join(text.split())
    escaped = re.sub(r"([\\`*_\[\]<>|~#])", r"\\\1", line)
    return escaped.replace("@", "@\u200b").replace("://", ":\u200b//")


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_ANSWER else f"{text[:_MAX_ANSWER]}…"
