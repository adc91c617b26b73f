"""Notes and gaps that the prompt's author left in the text.

## Finds

Lines that begin with `TODO:`, `FIXME:` or `TBD`, filler such as "lorem ipsum", and gaps such as
`[insert company name]`. Code (fenced, or indented by four spaces), quotations and template comments
are ignored. So are gaps that the prompt forbids ("never write [insert date]") or that the model may
have to fill in (`Reason: [your reason]`).

## Why

The model reads such notes as part of its task, and invents something for the gaps.

## Example

    You answer for [insert company name].
    TODO: add the refund rules

## Instead

    You answer for Example Ltd.
    {# the refund rules are still to come #}
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import find_comments, find_fences
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

RULE = CheckRule(CheckScope.FILE, CheckGroup.SAFETY, Severity.WARNING)
_MAX_PROBLEMS = 20
_LEFTOVER = re.compile(
    r"^(?:[ \t]*[-*>]+[ \t]+| {0,3}(?:#+[ \t]+|//[ \t]*|<!--[ \t]*)?)"
    r"(?P<note>(?:TODO|FIXME|XXX)(?:\([\w.@-]+\))?:"
    r"|TBD\b(?=[ \t]*[.:]?[ \t]*$))"
    r"|(?P<filler>\blorem ipsum dolor\b)"
    r"|(?P<gap>\[(?:(?:insert|fill in)[ _][^\]\n]{1,60}|(?:add|put|replace)[ _][^\]\n]{1,60} here"
    r"|your[ _](?:company|organi[sz]ation|business|brand|firm|product|service|website|app|shop)\b"
    r"[^\]\n]{0,40})\](?!\())",
    re.IGNORECASE | re.MULTILINE,
)
_MARKERS = ("todo", "fixme", "xxx", "tbd", "lorem ipsum")
_GAP_MARKERS = ("[insert", "[your", "[fill", "[add", "[put", "[replace")
# A prompt that mentions gaps asks the model to fill them in, or to leave them.
_SPEAKS_OF_GAPS = re.compile(
    r"\bplaceholders?\b|\bsquare brackets\b|\bfill in the\b", re.IGNORECASE
)
# "Never write [insert date]" mentions a gap.
_REFUSED = re.compile(
    r"\b(?:not|never|no|none|nowhere|without|avoid\w*|cannot|instead of)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
# "Put [insert name] nowhere" does too.
_REFUSED_AFTER = re.compile(r"[ \t]*(?:nowhere|never)\b", re.IGNORECASE)
_QUOTED = re.compile('`[^`\n]{1,300}`|"[^"\n]{0,300}"|“[^”\n]{0,300}”')


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report each place."""
    text = subject.text
    if not subject.path.endswith((".md", ".txt", ".j2", ".jinja")):
        return
    lowered = text[subject.body_start :].lower()
    markers = (*_MARKERS, *_GAP_MARKERS) if "[" in lowered else _MARKERS
    if not any(marker in lowered for marker in markers):
        return
    quiet = _find_quiet(text)
    speaks_of_gaps = _SPEAKS_OF_GAPS.search(text, subject.body_start) is not None
    found = 0
    for match in _LEFTOVER.finditer(text, subject.body_start):
        kind = str(match.lastgroup)
        start, end = match.span(kind)
        if kind == "gap" and (speaks_of_gaps or _is_refused(text, start, end)):
            continue
        written = text[start:end]
        if kind == "note" and written != written.upper() and "(" not in written:
            continue
        before = bisect_right(quiet, (start, len(text)))
        if before and start < quiet[before - 1][1]:
            continue
        found += 1
        if found > _MAX_PROBLEMS:
            return
        what = {
            "note": "a note to the prompt's authors",
            "filler": "filler text",
            "gap": "a placeholder that was not filled in",
        }[kind]
        hint = (
            "put it into a comment: {# ... #}"
            if kind == "note"
            else "replace it with the real text"
        )
        yield Problem(what, subject.path, subject.position(start, end), hint)


def _is_refused(text: str, start: int, end: int) -> bool:
    """Return whether the text around a gap forbids it."""
    if _REFUSED_AFTER.match(text, end) is not None:
        return True
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return _REFUSED.search(before[-200:]) is not None


def _find_quiet(text: str) -> list[tuple[int, int]]:
    """Return the spans of code, quotations and template comments, sorted and not nested."""
    spans = [*find_fences(text), *find_comments(text)]
    spans += [match.span() for match in _QUOTED.finditer(text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
