"""Untrusted inputs that run into the text around them.

## Finds

An input declared with `untrusted: true` that runs into the text around it: into a sentence, or into
lines of prose. A value begins where a tag, quotation mark, bracket, code fence, rule, heading or
colon stands before it, or the message begins; it ends where one of these follows, a label or cue
(`Question:`) on the next line, or the end of the message. A line in bold, or of several words in
capitals, is a heading, too, and `tojson` delimits by itself. Values that only a loop or another
filter prints are not judged.

## Why

The model cannot tell the stranger's words from yours, and an instruction at the end of the value
reads like your next sentence.

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

from promptops.checks.subject import read_uses
from promptops.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.finding import Position

SEVERITY = Severity.NOTE
_LONGEST = 400
_BRACKETS = "\\]\\[}{)(|【】「」『』《》〈〉\uff08\uff09\uff3b\uff3d"
_RULE = "`{3}|~{3}|[-=*_]{3}|#{3}"
_MARK = f"[>`\"'»“”„\u2018\u2019«{_BRACKETS}]|{_RULE}"
# A line that opens a part of the prompt: by its mark, in bold, or in words of capitals.
_HEADING = (
    r"(?:#{1,6}[ \t][^\n]{1,80}|\*\*[^*\n]{1,80}\*\*:?"
    r"|[A-Z][A-Z'\u2019&/-]*(?: [A-Z'\u2019&/-]+){1,7}(?: \([^)\n]{1,80}\))?[:\uff1a]?)"
    r"[ \t]*(?:\n|\Z)"
)
# A few words and a colon, however they are set: a field's name, or a cue to the model.
_LABEL = (
    r"[*_#\[(]{0,4}[ \t]*\w[\w'\u2019/-]*(?: [\w'\u2019/()-]+){0,3}[\])]?[*_]{0,2}[ \t]*[:\uff1a]"
)
_TAG = r"<(?:[^/<>\n][^<>\n]{0,60}>|/[^<>\n]{1,60}>[ \t]*(?:\n|\Z))"
_CHOICE = r"[A-Z][.)][ \t]"
_UNDERLINED = r"\S[^\n]{0,80}\n[ \t]*[-=]{3}"
# What stands before a value for it to begin there, and after it for it to end there.
_BEGINS = re.compile(
    r"(?:\A|\{%[-+]?\s*(?:system|user|assistant)\s*[-+]?%\}"
    rf"|[:\uff1a][*_]{{0,2}}|{_MARK}|(?:\A|\n)[ \t]*{_HEADING})\s*\Z"
)
_ENDS = re.compile(
    rf"[ \t]*(?:{_RULE}|\n\s*(?:{_MARK}|{_TAG}|{_HEADING}|{_LABEL}|{_CHOICE}|{_UNDERLINED}))"
)
_OPENED = re.compile(rf"(?:{_MARK})\s*\Z")
_CLOSED = re.compile(rf"\s*(?:<|{_MARK})")
_ON_A_LINE = re.compile(r"(?:\A|\n|\%\})[ \t]*\Z")
_IS_LAST = re.compile(r"[.\u3002]?\s*(?:\Z|\{%[-+]?\s*end(?:system|user|assistant)\b)")
_AS_JSON = re.compile(r"\|\s*tojson\b")
_CLOSING_TAG = re.compile(r"\s*</([A-Za-z][\w.-]*)>")
_CLOSING_RULE = re.compile(r"[ \t]*\n\s*([-=#*~_]{3,})[ \t]*(?:\n|\Z)")


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such place."""
    untrusted = subject.untrusted
    if not untrusted:
        return
    for path, use, role, sources in read_uses(subject):
        found = sources & untrusted
        if not found or not use.printed or role == "system":
            continue  # a system message is another check's affair
        first_line = subject.closure.document.body_line if path == subject.path else 1
        name = min(found)
        if _is_bare(subject.text(path), first_line, use.position, name):
            message = f"nothing says where untrusted input '{name}' begins and ends"
            yield Problem(message, path, use.position, f"put it into tags: <{name}>…</{name}>")


def _is_bare(text: str, first_line: int, place: Position, name: str) -> bool:
    start = 0
    for _ in range(place.line - first_line):
        start = text.index("\n", start) + 1
    offset = start + place.column - 1
    opening, closing = text.rfind("{{", 0, offset), text.find("}}", offset)
    if not text.startswith(name, offset) or opening < 0 or closing < 0:
        return False  # a variable that only comes from it
    if text[opening + 2 : offset].strip(" \t\n-+") or "{%" in text[opening:closing]:
        return False
    if _AS_JSON.search(text, offset, closing):
        return False
    before = text[max(0, opening - _LONGEST) : opening]
    after = text[closing + 2 : closing + 2 + _LONGEST]
    if _IS_LAST.match(after) and (_ON_A_LINE.search(before) or _BEGINS.search(before)):
        return False
    if _BEGINS.search(before) and _ENDS.match(after):
        return False
    if _OPENED.search(before) and _CLOSED.match(after):
        return False
    tag, rule = _CLOSING_TAG.match(after), _CLOSING_RULE.match(after)
    if tag is not None and f"<{tag[1]}" in before:
        return False
    return rule is None or not re.search(rf"{re.escape(rule[1])}[ \t]*\n", before)
