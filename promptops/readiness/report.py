"""The checklist as text, JSON and Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.readiness.checklist import count_good
from promptops.readiness.item import ReadinessLevel, ReadinessOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.readiness.checklist import Judged, Readiness

SCHEMA = "promptops.readiness/v1"
_MARKS = {
    ReadinessOutcome.MET: "ok",
    ReadinessOutcome.ATTESTED: "said",
    ReadinessOutcome.MISSING: "no",
    ReadinessOutcome.UNSEEN: "?",
}


def readiness_to_text(readiness: Readiness, paint: Callable[[str, ReadinessOutcome], str]) -> str:
    """Return the checklist for a terminal.

    Args:
        readiness: the checklist.
        paint: colours a mark by what came of its item.
    """
    lines: list[str] = []
    for level in ReadinessLevel:
        judged = [one for one in readiness.judged if one.item.level is level]
        if not judged:
            continue
        lines.append(f"{level.value}: {count_good(judged)} of {len(judged)}")
        for one in judged:
            mark = paint(f"{_MARKS[one.found.outcome]:<4}", one.found.outcome)
            lines.append(f"  {mark}  {one.item.title}: {one.found.evidence}")
            if one.found.remedy:
                lines.append(f"        next: {one.found.remedy}")
            if one.found.outcome is ReadinessOutcome.UNSEEN:
                command = f'promptops readiness --attest {one.item.id} --evidence "..."'
                lines.append(f"        or:   {command}")
        lines.append("")
    lines.append(describe_reached(readiness))
    return "\n".join(lines)


def readiness_to_markdown(readiness: Readiness) -> str:
    """Return the checklist as Markdown, for a page or a comment."""
    lines = ["# Readiness", "", f"**{describe_reached(readiness)}**", ""]
    for level in ReadinessLevel:
        judged = [one for one in readiness.judged if one.item.level is level]
        if not judged:
            continue
        lines += [f"## {level.value.capitalize()}: {count_good(judged)} of {len(judged)}", ""]
        for one in judged:
            box = "x" if one.found.outcome.is_good else " "
            lines.append(
                f"- [{box}] **{one.item.title}** ({one.found.outcome.value}): "
                f"{_escape(one.found.evidence)}"
            )
            if one.found.remedy:
                lines.append(f"  - next: `{one.found.remedy.replace('`', '')}`")
        lines.append("")
    return "\n".join(lines).rstrip()


def readiness_to_json(readiness: Readiness) -> dict[str, Any]:
    """Return the checklist as `promptops.readiness/v1`."""
    return {
        "schema": SCHEMA,
        "reached": readiness.reached.value if readiness.reached is not None else None,
        "items": [_describe(one) for one in readiness.judged],
    }


def describe_reached(readiness: Readiness) -> str:
    """Return in a sentence which level is reached, and what the next one lacks."""
    levels = list(dict.fromkeys(one.item.level for one in readiness.judged))
    reached = readiness.reached
    following = (
        levels[0]
        if reached is None
        else next((one for one in levels if levels.index(one) > levels.index(reached)), None)
    )
    head = "no level is reached" if reached is None else f"ready as a {reached.value}"
    if reached is ReadinessLevel.PRODUCTION:
        head = "ready for production"
    if following is None:
        return f"{head[0].upper()}{head[1:]}."
    judged = [one for one in readiness.judged if one.item.level is following]
    left = len(judged) - count_good(judged)
    things = "1 item is" if left == 1 else f"{left} items are"
    return f"{head[0].upper()}{head[1:]}; {things} left for the level {following.value}."


def _describe(one: Judged) -> dict[str, Any]:
    return {
        "id": one.item.id,
        "level": one.item.level.value,
        "title": one.item.title,
        "outcome": one.found.outcome.value,
        "evidence": one.found.evidence,
        "remedy": one.found.remedy or None,
    }


def _escape(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>|#" else one for one in " ".join(text.split()))
