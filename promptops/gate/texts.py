"""List changed texts: each prompt's own lines, and each partial's once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.prompt.diff.text import Hunk, compare_texts, cut_hunks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.gate.rules import PromptChange
    from promptops.prompt.diff import Difference, MessageDiff


class TextChange(NamedTuple):
    """One text that differs.

    Attributes:
        subject: a partial's path, or a prompt's name.
        detail: which message changed, and how; empty for a partial.
        prompts: the prompts that use it.
        hunks: the lines that differ.
    """

    subject: str
    detail: str
    prompts: tuple[str, ...]
    hunks: tuple[Hunk, ...]


def list_text_changes(prompts: Iterable[PromptChange]) -> list[TextChange]:
    """Return the texts that differ: partials first, then every prompt's own messages.

    A difference caused only by a partial is listed once for the partial. New and removed prompts
    are left out.
    """
    shared: dict[tuple[str, str, str], list[str]] = {}
    own: list[TextChange] = []
    for prompt in prompts:
        if prompt.diff is None or prompt.before is None or prompt.after is None:
            continue
        old, new = prompt.before.closure.partials, prompt.after.closure.partials
        edited = {path for path in old.keys() & new.keys() if old[path] != new[path]}
        for message in prompt.diff.messages:
            partials = edited.intersection(message.files)
            for path in sorted(partials):
                users = shared.setdefault((path, old[path], new[path]), [])
                if prompt.name not in users:
                    users.append(prompt.name)
            hunks = tuple(_list_own(message, partials))
            if hunks:
                detail = f"{message.subject} {message.status}"
                own.append(TextChange(prompt.name, detail, (prompt.name,), hunks))
    return [
        *(
            TextChange(path, "", tuple(users), _compare(before, after))
            for (path, before, after), users in shared.items()
        ),
        *own,
    ]


def _list_own(message: MessageDiff, partials: set[str]) -> Iterator[Hunk]:
    """Yield the hunks that are not caused by an edited partial."""
    for hunk in message.hunks:
        if not hunk.files or not partials.issuperset(hunk.files):
            yield hunk


def _compare(before: str, after: str) -> tuple[Hunk, ...]:
    return tuple(Hunk(lines) for lines in cut_hunks(compare_texts(before, after)))


def list_values(prompt: PromptChange) -> list[Difference]:
    """Return other differences: model, parameters, inputs, output, tools."""
    if prompt.diff is None or prompt.before is None or prompt.after is None:
        return []
    return [
        one for one in prompt.diff.differences if one.before is not None or one.after is not None
    ]


def count_users(change: TextChange) -> str:
    """Return how many prompts a partial is part of: `used by 4 prompts`."""
    count = len(change.prompts)
    return "used by 1 prompt" if count == 1 else f"used by {count:,} prompts"
