"""Eval suites with fewer samples than the policy asks for.

## Finds

A prompt's eval suite that has fewer `samples` than `[gate] samples` in the configuration. Without
that setting nothing is reported. Drafts and deprecated prompts are ignored.

## Why

With few samples, a better score may be chance, and a gate that accepts it gives false confidence.

## Example

    [gate]
    samples = 20

    evals/support/triage.yaml, with 3 samples

## Instead

Add samples: real requests of users, and cases that failed before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.errors import count_of
from promptops.prompt.finding import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.OWNERSHIP, Severity.WARNING)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report the suite at its samples. Invalid YAML is reported elsewhere."""
    fewest = subject.context.fewest_samples
    status = subject.closure.document.data.get("status", "active")
    path = subject.find_suite() if fewest and status == "active" else None
    if path is None:
        return
    text = subject.context.read_suite(path)
    count = _count_samples(text)
    if count is None or count >= fewest:
        return
    samples = count_of(count, "sample")
    message = f"{samples} for {subject.name}, and the policy requires {fewest}"
    yield Problem(message, f"/{path}", _locate_samples(text), f"add {fewest - count} or more")


def _count_samples(text: str) -> int | None:
    import yaml

    from promptops.prompt.untrusted_yaml import load_untrusted

    try:
        suite = load_untrusted(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    samples = suite.get("samples", []) if isinstance(suite, dict) else None
    return len(samples) if isinstance(samples, list) else None


def _locate_samples(text: str) -> Position:
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("samples:"):
            return Position(number, 1, number, len("samples") + 1)
    return Position(1, 1, 1, 1)
