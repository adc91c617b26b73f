"""Write a comparison as Markdown for a pull request.

Text from a prompt appears only as code, in a fence that the text cannot close. So a prompt can
neither mention people, nor link, nor forge a line of the report.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from promptops.prompt.diff.change import required_version
from promptops.prompt.diff.text import LineKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.prompt.diff.change import Difference, MessageDiff, PromptDiff
    from promptops.prompt.diff.text import Hunk

_MAX_VALUE = 120
_MAX_LINE = 1_000
# GitHub refuses comments of more than 65,536 characters.
_MAX_CHARACTERS = 50_000
_BACKTICKS = re.compile("`+")
_SIGNS = {LineKind.CONTEXT: " ", LineKind.REMOVED: "-", LineKind.ADDED: "+"}


def diff_to_markdown(*diffs: PromptDiff) -> str:
    """Return a section for each prompt that differs; empty when none does.

    Differences come first, most severe first, then as many changed lines of messages as fit into a
    comment.
    """
    heads = [_head(diff) for diff in diffs if not diff.is_empty]
    room = _MAX_CHARACTERS - sum(map(len, heads))
    sections = []
    for diff, head in zip([diff for diff in diffs if not diff.is_empty], heads, strict=True):
        blocks: list[str] = []
        for block in map(describe_message, diff.messages):
            if len(block) > room:
                blocks.append("More lines differ than fit here: `promptops diff` shows them all.")
                break
            room -= len(block)
            blocks.append(block)
        sections.append("\n\n".join([head, *blocks]))
    return _cut("\n\n".join(sections))


def _cut(text: str) -> str:
    """Cut the text after the last line that fits. The differences of very many prompts may be too
    long.
    """
    if len(text) <= _MAX_CHARACTERS:
        return text
    kept = text[:_MAX_CHARACTERS].rsplit("\n", 1)[0]
    return f"{kept}\n\nMore prompts differ than fit here: `promptops diff` shows them all."


def _head(diff: PromptDiff) -> str:
    title = f"### {code(diff.name)}"
    if diff.before is None or diff.after is None:
        return f"{title}: {'new' if diff.before is None else 'removed'}"
    needed = required_version(diff.before.version, diff.level)
    return "\n".join(
        [
            f"{title}: {diff.level.label} change",
            "",
            f"From {diff.before.version} at least {needed}; the file says {diff.after.version}.",
            "",
            *map(describe_difference, diff.differences),
        ]
    )


def describe_difference(difference: Difference) -> str:
    """Return one difference as an entry of a list, with its class and values."""
    text = f"- **{difference.change_class}** {code(difference.subject)}: {difference.reason}"
    if difference.before is not None or difference.after is not None:
        text += f" ({_value(difference.before)} → {_value(difference.after)})"
    if difference.cause is not None and difference.cause != difference.subject:
        text += f", because of {code(difference.cause)}"
    return text


def _value(value: object) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return code(text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…")


def describe_message(message: MessageDiff) -> str:
    """Describe one message's difference: a title, then the lines that differ."""
    title = f"{code(message.subject)} {message.status}"
    if message.cause is not None:
        title += f" by {code(message.cause)}"
    if not message.hunks:
        return f"{title}."
    return f"{title}:\n\n{describe_lines(message)}"


def describe_lines(message: MessageDiff) -> str:
    """Return the lines of one message that differ, as a code block."""
    return describe_hunks(message.hunks)


def describe_hunks(hunks: Iterable[Hunk]) -> str:
    """Return lines that differ, as a code block."""
    return fence("⋮\n".join(map(_hunk, hunks)), "diff")


def _hunk(hunk: Hunk) -> str:
    lines = []
    for line in hunk.lines:
        text = line.text.removesuffix("\n")
        shown = text if len(text) <= _MAX_LINE else f"{text[:_MAX_LINE]}…"
        lines.append(f"{_SIGNS[line.kind]}{_visible(shown)}\n")
    return "".join(lines)


def code(text: str) -> str:
    """Return the text as a code span on one line."""
    shown = _visible(text.replace("\n", "⏎").replace("\t", " "))
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if len(ticks) > 1 or not shown.strip() else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def fence(text: str, language: str = "") -> str:
    """Return the text as a code block that nothing in it can close."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return "\n".join([f"{ticks}{language}", *text.splitlines(), ticks])


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def _visible(text: str) -> str:
    """Return the text with invisible and direction-changing characters written as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in "\t\u200c\u200d" else _name(character)
        for character in text
    )


def _name(character: str) -> str:
    return f"<U+{ord(character):04X}>"
