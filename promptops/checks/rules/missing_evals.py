"""Prompts without an eval suite.

## Finds

A prompt with neither a suite under the evals folder nor one named by `evals`, in a repository that
has such a folder. Drafts and deprecated prompts are ignored.

## Why

Without evals it is unknown whether a change makes the prompt better or worse, and the merge gate
cannot require that they pass.

## Example

    prompts/support/triage.md, and no evals/support/triage.yaml

## Instead

    prompts/support/triage.md
    evals/support/triage.yaml
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.OWNERSHIP, Severity.NOTE)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report a prompt without a suite, or with a missing suite."""
    data = subject.closure.document.data
    if subject.context.suites is None or data.get("status", "active") != "active":
        return
    if subject.find_suite() is not None:
        return
    if isinstance(data.get("evals"), str):
        message = "the eval suite does not exist"
        yield subject.problem(message, ["evals"], "write the path from the repository's top folder")
    else:
        path = subject.context.default_suite(subject.name)
        yield Problem("the prompt has no eval suite", subject.path, None, f"write {path}")
