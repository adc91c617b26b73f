"""Write a comparison as JSON: `promptops.diff/v1`.

Within v1, keys and their meaning never change; keys may be added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promptops.prompt.diff.change import Difference, MessageDiff, PromptDiff
    from promptops.prompt.diff.text import Hunk
    from promptops.prompt.prompt import Prompt

SCHEMA = "promptops.diff/v1"


def diff_to_json(*diffs: PromptDiff) -> dict[str, Any]:
    """Return one JSON document for any number of prompts.

    The top-level `level` is the greatest of all prompts; each prompt also has its own.
    """
    level = max((diff.level for diff in diffs), default=None)
    return {
        "schema": SCHEMA,
        "level": level.label if level is not None else "none",
        "prompts": [_prompt(diff) for diff in diffs],
    }


def _prompt(diff: PromptDiff) -> dict[str, Any]:
    return {
        "name": diff.name,
        "status": _status(diff),
        "class": diff.change_class.value if diff.change_class is not None else None,
        "level": diff.level.label,
        "before": _side(diff.before),
        "after": _side(diff.after),
        "differences": [_difference(difference) for difference in diff.differences],
        "messages": [_message(message) for message in diff.messages],
    }


def _status(diff: PromptDiff) -> str:
    if diff.before is None:
        return "added"
    if diff.after is None:
        return "removed"
    return "unchanged" if diff.is_empty else "changed"


def _side(prompt: Prompt | None) -> dict[str, str] | None:
    if prompt is None:
        return None
    return {"version": str(prompt.version), "digest": prompt.digest}


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "class": difference.change_class.value,
        "level": difference.change_class.level.label,
        "subject": difference.subject,
        "reason": difference.reason,
        "before": difference.before,
        "after": difference.after,
        "cause": difference.cause,
    }


def _message(message: MessageDiff) -> dict[str, Any]:
    return {
        "status": message.status.value,
        "role": message.role,
        "previous_role": message.previous_role,
        "number": message.number or None,
        "files": list(message.files),
        "cause": message.cause,
        "hunks": [_hunk(hunk) for hunk in message.hunks],
    }


def _hunk(hunk: Hunk) -> dict[str, Any]:
    return {
        "files": list(hunk.files),
        "lines": [
            {
                "kind": line.kind.value,
                "before": line.before_number,
                "after": line.after_number,
                "segments": [
                    {"kind": segment.kind.value, "text": segment.text} for segment in line.segments
                ],
            }
            for line in hunk.lines
        ],
    }
