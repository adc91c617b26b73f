"""Compare two versions of a prompt. This module calls the others of the package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.prompt.diff.change import ChangeClass, Difference, PromptDiff
from promptops.prompt.diff.contract import (
    compare_inputs,
    compare_output,
    compare_tools,
    find_renames,
)
from promptops.prompt.diff.flow import read_flow
from promptops.prompt.diff.messages import classify_messages, compare_messages
from promptops.prompt.diff.metadata import compare_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.prompt.prompt import Prompt


def diff_prompts(before: Prompt | None, after: Prompt | None) -> PromptDiff:
    """Compare two versions of a prompt.

    Pass None for a version that does not exist. A new prompt has one difference and needs no bump;
    a removed prompt has one that affects callers. The version line itself is not compared.
    """
    if before is None or after is None:
        present = before or after
        if present is None:
            message = "there is nothing to compare"
            raise ValueError(message)
        difference = (
            Difference(ChangeClass.BEHAVIOUR, "prompt", "new prompt", None, str(present.version))
            if before is None
            else Difference(
                ChangeClass.INTERFACE, "prompt", "removed: callers fail", str(present.version)
            )
        )
        return PromptDiff(present.name, before, after, (difference,), ())
    if before.digest == after.digest:
        return PromptDiff(after.name, before, after, (), ())
    old, new = read_flow(before), read_flow(after)
    renames = find_renames(before, after, old, new)
    if renames:
        old = read_flow(before, renames)
    messages = compare_messages(old, new, _changed_files(before, after))
    contract = [
        *compare_inputs(before, after, renames),
        *compare_output(before, after),
        *compare_tools(before, after),
    ]
    metadata = list(compare_metadata(before, after))
    found = [*contract, *metadata, *classify_messages(messages, after.path)]
    if not contract and not metadata and _frontmatter(before) != _frontmatter(after):
        found.append(_unseen("frontmatter", "comments, layout or spelling changed, no value did"))
    if not messages and not renames:
        found += _find_unseen_text(before, after)
    found += _find_unseen_data(before, after, found)
    found.sort(key=lambda difference: -difference.change_class.level)
    return PromptDiff(after.name, before, after, tuple(found), messages)


def _unseen(subject: str, reason: str, cause: str | None = None) -> Difference:
    return Difference(ChangeClass.DOCUMENTATION, subject, reason, cause=cause)


def _changed_files(before: Prompt, after: Prompt) -> frozenset[str]:
    """Find included files that both versions have and that differ."""
    old, new = before.closure.partials, after.closure.partials
    return frozenset(path for path in old.keys() & new.keys() if old[path] != new[path])


def _find_unseen_text(before: Prompt, after: Prompt) -> Iterator[Difference]:
    """Find template files that differ although the rendered messages are the same."""
    reason = "the files changed, what the model reads did not"
    if before.closure.document.body != after.closure.document.body:
        yield _unseen("template", reason)
    old, new = before.closure.partials, after.closure.partials
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            yield _unseen(path, reason, path)


def _find_unseen_data(
    before: Prompt, after: Prompt, found: list[Difference]
) -> Iterator[Difference]:
    """Find schema and tool files that differ in form only."""
    old, new = before.closure, after.closure
    explained = {difference.cause for difference in found} | {one.subject for one in found}
    for path in sorted(old.files.keys() | new.files.keys()):
        if path in explained or path in old.includes or path in new.includes:
            continue
        if old.files.get(path) != new.files.get(path) and "output" not in explained:
            yield _unseen(path, "the file changed, what it says did not", path)


# Only a top-level key can begin in the first column: YAML indents nested ones.
_VERSION = re.compile(r"^(version:[ \t]+)[0-9a-z.-]+(?=[ \t]*(?:#|$))", re.MULTILINE)


def _frontmatter(prompt: Prompt) -> str:
    """Return the frontmatter's text without its version line."""
    document = prompt.closure.document
    head = document.text[: len(document.text) - len(document.body)]
    without, count = _VERSION.subn(r"\1", head)
    if count == 1:
        return without
    place = document.locate(["version"])
    if place is None:
        return head
    lines = head.split("\n")
    line = lines[place.line - 1]
    lines[place.line - 1] = line[: place.column - 1] + line[place.end_column - 1 :]
    return "\n".join(lines)
