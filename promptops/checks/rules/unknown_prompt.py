"""References to prompts that do not exist.

## Finds

A route's `prompt`, or the `metadata.replacement` of a deprecated prompt, that names no prompt of
this folder.

## Why

A route is followed only if its condition is true, so the error appears in production, for some
callers. A missing replacement does not help readers.

## Example

    routes: [{when: "language == 'de'", prompt: support/traige-de}]

## Instead

    routes: [{when: "language == 'de'", prompt: support/triage-de}]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.errors import quote
from promptops.prompt.finding import Severity
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.finding import Problem

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.METADATA, Severity.ERROR)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such name where it is written."""
    for place, ref in _references(subject):
        names = subject.context.list_names()
        # The selector after the name is not checked: that needs Git.
        name = ref.partition("@")[0]
        if names and name not in names:
            near = nearest(name, names)
            hint = f"did you mean '{near}'?" if near else "run promptops list to see the prompts"
            yield subject.problem(f"there is no prompt {quote(name)}", place, hint)


def _references(subject: PromptSubject) -> Iterator[tuple[list[str | int], str]]:
    data = subject.closure.document.data
    routes = data.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        if isinstance(route, dict) and isinstance(route.get("prompt"), str):
            yield ["routes", index, "prompt"], route["prompt"]
    metadata = data.get("metadata")
    if data.get("status") == "deprecated" and isinstance(metadata, dict):
        replacement = metadata.get("replacement")
        if isinstance(replacement, str):
            yield ["metadata", "replacement"], replacement
