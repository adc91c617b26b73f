"""Eval suites whose prompt does not exist.

## Finds

A file under the evals folder that belongs to no prompt: none has its name, none names it under
`evals`, and it names none itself.

## Why

The suite is never run. Usually the prompt was renamed or deleted, and has lost its evals unnoticed.

## Example

    evals/support/traige.yaml, for a prompt support/triage

## Instead

    evals/support/triage.yaml
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.OWNERSHIP, Severity.WARNING)
_PROMPT = re.compile(r"^prompt:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report each such suite; it is outside the prompts folder."""
    context = subject.context
    if not context.suites:
        return
    names = context.list_names()
    taken = {context.default_suite(name).removesuffix(".yaml") for name in names}
    named = {
        prompt.evals.removeprefix("./")
        for prompt in subject.texts.values()
        if prompt.evals is not None
    }
    for path in sorted(context.suites - named):
        if any(segment.startswith(("_", ".")) for segment in path.split("/")):
            continue  # shared samples, and editors' files
        stem = path.removesuffix(".yaml").removesuffix(".yml")
        if stem == path or stem in taken:
            continue
        written = _PROMPT.search(context.read_suite(path))
        if written is not None and written[1].partition("@")[0] in names:
            continue
        near = nearest(stem, [one for one in taken if f"{one}.yaml" not in context.suites])
        yield Problem(
            "no prompt belongs to this eval suite",
            f"/{path}",
            None,
            f"did you mean '{near}.yaml'?" if near else "rename it, or delete it",
        )
