"""Text that was meant for the person who writes the prompt.

## Finds

Lines that begin with `TODO:`, `FIXME:` or `TBD`, filler such as "lorem ipsum", and gaps such as
`[insert company name]`. Code, quotations and template comments are left alone.

## Why

The model reads notes to yourself as part of its task, and fills gaps with something of its own.

## Example

    You answer for [insert company name].
    TODO: add the refund rules

## Instead

    You answer for Example Ltd.
    {# the refund rules are still to come #}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import FileSubject

SEVERITY = Severity.WARNING
_MOST = 20
_LEFTOVER = re.compile(
    r"^[ \t]*(?:[-*#>]+[ \t]+|//[ \t]*|<!--[ \t]*)?(?P<note>(?:TODO|FIXME|XXX)(?:\([\w.@-]+\))?:"
    r"|TBD\b(?=[ \t]*[.:]?[ \t]*$))"
    r"|(?P<filler>\blorem ipsum dolor\b)"
    r"|(?P<gap>\[(?:insert|your|fill in|add|put|replace)[ _](?:[^\]\n]{1,60})(?: here)?\](?!\())",
    re.IGNORECASE | re.MULTILINE,
)
_MARKERS = ("todo", "fixme", "xxx", "tbd", "lorem ipsum", "[insert", "[your", "[fill", "[add")
_MORE_MARKERS = ("[put", "[replace")
_CODE = re.compile(
    r"^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1|`[^`\n]+`|\{#.*?#\}|\"[^\"\n]*\"|“[^”\n]*”",
    re.DOTALL | re.MULTILINE,
)
_NEEDS_CAPITALS = ("todo", "fixme", "xxx", "tbd")


def check(subject: FileSubject) -> Iterator[Problem]:
    """Report each place."""
    text = subject.text
    if not subject.path.endswith((".md", ".txt", ".j2", ".jinja")):
        return
    lowered = text.lower()
    if not any(marker in lowered for marker in (*_MARKERS, *_MORE_MARKERS)):
        return
    quiet = [match.span() for match in _CODE.finditer(text, subject.body_start)]
    found = 0
    for match in _LEFTOVER.finditer(text, subject.body_start):
        kind = str(match.lastgroup)
        start, end = match.span(kind)
        written = text[start:end]
        if kind == "note" and written != written.upper() and "(" not in written:
            continue
        if any(low <= start < high for low, high in quiet):
            continue
        found += 1
        if found > _MOST:
            return
        what = {
            "note": "a note to whoever writes the prompt",
            "filler": "filler text",
            "gap": "a gap that nobody has filled in",
        }[kind]
        hint = "put it into a comment: {# ... #}" if kind == "note" else "write what belongs here"
        yield Problem(what, subject.path, subject.position(start, end), hint)
