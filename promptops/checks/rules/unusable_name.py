"""Markdown files whose path is not a prompt name.

## Finds

A `.md` file below the prompts folder that is neither a partial nor a README, and whose path has
capitals, spaces, doubled separators or other characters that are not allowed in names.

## Why

A prompt's name becomes a Git tag, a folder in an environment and a file on every platform. All
commands ignore the file until its name is valid.

## Example

    prompts/Support/Triage ticket.md

## Instead

    prompts/support/triage-ticket.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity
from promptops.prompt.reference import is_prompt, name_fault, name_from_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FolderSubject

RULE = CheckRule(CheckScope.FOLDER, CheckGroup.METADATA, Severity.ERROR)


def check(subject: FolderSubject) -> Iterator[Problem]:
    """Report each file that would be a prompt if it had a proper name."""
    names = subject.context.list_names()
    for path in subject.paths:
        if path.removesuffix(".md") in names:
            continue
        if not is_prompt(path) or path.rsplit("/", 1)[-1].startswith("."):
            continue
        fault = name_fault(name_from_path(path))
        if fault is not None:
            hint = "begin its name with '_' if it is a partial"
            yield Problem(fault[0], path, None, f"{fault[1]}; {hint}" if fault[1] else hint)
