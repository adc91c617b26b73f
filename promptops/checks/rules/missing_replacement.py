"""Deprecated prompts that do not say what to use instead.

## Finds

`status: deprecated` without `metadata.replacement`, which names the prompt to use instead, or is
`null` where there is none.

## Why

Readers of a deprecated prompt need to know its replacement.

## Example

    status: deprecated

## Instead

    status: deprecated
    metadata: {replacement: support/triage}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.finding import Problem

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.METADATA, Severity.WARNING)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report the status of a deprecated prompt without a replacement."""
    data = subject.closure.document.data
    if data.get("status") != "deprecated":
        return
    metadata = data.get("metadata")
    if not isinstance(metadata, dict) or "replacement" not in metadata:
        message = "the prompt is deprecated without a replacement"
        hint = "add 'replacement: NAME' under 'metadata', or 'replacement: null' for none"
        yield subject.problem(message, ["status"], hint)
