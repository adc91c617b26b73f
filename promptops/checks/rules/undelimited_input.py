"""Untrusted inputs that run into the text after them.

## Finds

An input declared with `untrusted: true` that is followed by your own words: the rest of its
sentence, or the next sentence. Anything between the two says where the value ends: a tag,
quotation mark, bracket, code fence, rule, heading, list, label (`Question:`) or a line that ends in
a colon. Values that a loop prints, or that a filter converts (`tojson`,
`length`), are not checked.

## Why

The model cannot tell the value from your words, and an instruction at the end of the value reads
like your next sentence.

## Example

    Translate {{ text }} into French. Answer with the translation alone.

## Instead

    Translate the text between the tags into French. Answer with the translation alone.

    <text>
    {{ text }}
    </text>
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import read_uses
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.finding import Position

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.SAFETY, Severity.NOTE)
# How many characters on each side of a value are examined.
_MAX_CHARACTERS = 200
_WORD = r"[^\W\d_][\w'\u2019-]*"
_MORE = r"(?:,? [\"'(\u201c]?[\w'\u2019-]+[\"')\u201d]?)"
# A sentence, or five words; in scripts without spaces, a number of characters.
_PROSE = (
    rf"(?:{_WORD}{_MORE}{{2,8}}[.!?]|{_WORD}{_MORE}{{4}}"
    r"|[^\x00-\u02ff\s][^\n:\uff1a]{7,80}[\u3002\uff01\uff1f])"
)
# Words in capitals begin a section, and a line that ends in a colon introduces what follows.
_HEADING = r"[A-Z][A-Z'\u2019&/-]*(?: [A-Z'\u2019&/-]+){1,7}(?: \(|[:\uff1a]|[ \t]*(?:\n|\Z))"
_CUE = r"[^\n{]{0,120}[:\uff1a][*_]{0,2}[ \t]*(?:\{\{|\n|\Z)"
_NEXT = rf"[.,;!?]?\s+(?!{_HEADING}|{_CUE}){_PROSE}"
_IN_A_SENTENCE = re.compile(r"\w[\"')]?,?[ \t]+\Z|[^\W\x00-\u02ff]\Z")
_SENTENCE_GOES_ON = re.compile(rf"[,;]?[ \t]+(?!{_HEADING}){_WORD}|[^\W\x00-\u02ff]|{_NEXT}")
_SENTENCE_FOLLOWS = re.compile(_NEXT)
_FILTER = re.compile(r"\|\s*(\w+)")
# Filters that keep the untrusted text.
_KEEPING = frozenset(
    [
        "capitalize",
        "default",
        "indent",
        "lower",
        "replace",
        "string",
        "striptags",
        "title",
        "trim",
        "truncate",
        "upper",
    ]
)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such place."""
    untrusted = subject.untrusted
    if not untrusted:
        return
    for path, use, role, sources in read_uses(subject):
        found = sources & untrusted
        if not found or not use.printed or role == "system":
            continue  # another check covers system messages
        first_line = subject.closure.document.body_line if path == subject.path else 1
        name = min(found)
        if _runs_on(subject.text(path), first_line, use.position, name):
            message = f"untrusted input '{name}' is not delimited"
            yield Problem(message, path, use.position, f"wrap it in tags: <{name}>…</{name}>")


def _runs_on(text: str, first_line: int, place: Position, name: str) -> bool:
    """Return whether the prompt's own text continues after a printed value without a delimiter."""
    start = 0
    for _ in range(place.line - first_line):
        start = text.index("\n", start) + 1
    offset = start + place.column - 1
    opening, closing = text.rfind("{{", 0, offset), text.find("}}", offset)
    if not text.startswith(name, offset) or opening < 0 or closing < 0:
        return False  # a variable that is only derived from it
    if text[opening + 2 : offset].strip(" \t\n-+") or "{%" in text[opening:closing]:
        return False
    if not _KEEPING.issuperset(_FILTER.findall(text, offset, closing)):
        return False
    before = text[max(0, opening - _MAX_CHARACTERS) : opening]
    goes_on = _SENTENCE_GOES_ON if _IN_A_SENTENCE.search(before) else _SENTENCE_FOLLOWS
    return goes_on.match(text, closing + 2, closing + 2 + _MAX_CHARACTERS) is not None
