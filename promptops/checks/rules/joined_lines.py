"""Lines that are sent as one, because the first ends in a tag.

## Finds

A line that has text and ends in a block tag or a comment: the newline after the tag is dropped, so
the next line continues this one. A tag on a line of its own is not reported, unless it includes a
partial that has no newline at its end.

## Why

The model reads `Customer: Bob (VIP)Ticket: 7` where the file shows two lines.

## Example

    Customer: {{ name }}{% if vip %} (VIP){% endif %}
    Ticket: {{ ticket }}

## Instead

    Customer: {{ name }}{% if vip %} (VIP){% endif +%}
    Ticket: {{ ticket }}
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Position, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.template import Token

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.SYNTAX, Severity.WARNING)
_ROLES = frozenset({"system", "user", "assistant"})
_BLOCKS = frozenset({"if", "for", "with", "call", "filter"})
# Text between these tags is captured, not printed there.
_CAPTURES = frozenset({"macro", "set", *_ROLES})
_BLANK = " \t"


class _Line(IntEnum):
    """The content of the current line on some path through the template."""

    EMPTY = 0
    SPACED = 1
    GLUED = 2


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such line, at the tag that ends it."""
    for path, analysis in subject.analyses.items():
        if analysis.problems:
            continue
        text = subject.text(path)
        ends = all(_ends_line(subject, one.path) for one in analysis.includes)
        if ends and not _may_join(text):
            continue
        from promptops.prompt.template import tokenize

        is_main = path == subject.path
        tokens = tokenize(text, subject.closure.document.body_line if is_main else 1)
        for end in _LineReader(subject, tokens).read():
            kind = end.text.rstrip("\n")
            place = Position(end.line, end.column, end.line, end.column + len(kind))
            hint = f"write `{kind[:-2]}+{kind[-2:]}` to keep the line break"
            yield Problem("the next line is joined to this one", path, place, hint)


def _may_join(text: str) -> bool:
    """Return whether a tag or a comment is the last on a line that has other content.

    Most such tags are alone on their line. Searching without a pattern takes a tenth of the time.
    """
    for closing in ("%}", "#}"):
        at = text.find(closing)
        while at >= 0:
            if text[at + 2 : at + 3] in {"\n", ""} and text[at - 1 : at] not in {"+", "-"}:
                line = text[text.rfind("\n", 0, at) + 1 : at].lstrip(_BLANK)
                is_tag = line.startswith(("{%", "{#")) and line[2:3] != "-"
                if not is_tag or "%}" in line or "#}" in line:
                    return True
            at = text.find(closing, at + 2)
    return False


def _ends_line(subject: PromptSubject, path: str) -> bool:
    """Return whether a partial's text ends in a newline that is sent."""
    text = subject.text(path) if path in subject.analyses else "\n"
    return text.endswith("\n") and (not text.endswith(("%}\n", "#}\n")) or text[-4:-3] == "+")


@dataclass(slots=True)
class _Block:
    """An open block.

    Attributes:
        tag: what opened it.
        line: the state of the line before it.
        pending: the dropped newlines before it without printed text after them yet.
        line_after: the content of the line after the branches read so far.
        pending_after: the dropped newlines at the end of these branches.
        is_total: whether one of its branches is always taken.
        joins: whether its first text continues a line; None before any text.
    """

    tag: str
    line: _Line
    pending: frozenset[int]
    line_after: _Line = _Line.EMPTY
    pending_after: frozenset[int] = frozenset()
    is_total: bool = False
    joins: bool | None = None


class _LineReader:
    """Follows one template's tokens through all its branches."""

    def __init__(self, subject: PromptSubject, tokens: Sequence[Token]) -> None:
        self._subject = subject
        self._tokens = tokens
        self._line = _Line.EMPTY
        self._pending: frozenset[int] = frozenset()
        self._found: set[int] = set()
        self._open: list[_Block] = []

    def read(self) -> list[Token]:
        """Return the tokens that end a line that is joined to the next."""
        words: list[str] = []
        for index, token in enumerate(self._tokens):
            if token.kind == "block_begin":
                words = []
            elif token.kind == "block_end":
                self._follow(words)
                self._end_tag(index, opens=self._opens(words))
            elif token.kind in {"comment_end", "raw_end"}:
                self._end_tag(index, opens=False)
            elif token.kind == "variable_end":
                self._print("x")
            elif token.kind == "data":
                self._print(token.text)
            elif token.kind != "whitespace":
                words.append(token.text)
        return [self._tokens[one] for one in sorted(self._found)]

    def _print(self, text: str) -> None:
        joins = not text.lstrip(_BLANK).startswith("\n")
        if joins:
            self._found |= self._pending
        self._pending = frozenset()
        for block in self._open:
            block.joins = joins if block.joins is None else block.joins
        before, newline, rest = text.rpartition("\n")
        if rest.strip(_BLANK):
            self._line = _Line.SPACED if rest[-1] in _BLANK else _Line.GLUED
        elif newline or before:
            self._line = _Line.EMPTY
        elif rest:
            self._line = min(self._line, _Line.SPACED)

    def _opens(self, words: Sequence[str]) -> bool:
        return words[0] in {*_BLOCKS, *_CAPTURES, "else", "elif"} and "=" not in words[:3]

    def _follow(self, words: Sequence[str]) -> None:
        tag = words[0]
        if tag == "include":
            path = words[1].strip("\"'")
            text = self._subject.text(path) if path in self._subject.analyses else ""
            if text:
                self._print(text if _ends_line(self._subject, path) else text.removesuffix("\n"))
        elif tag in {"else", "elif"} and self._open:
            self._end_branch(self._open[-1])
            self._open[-1].is_total = tag == "else"
        elif tag.startswith("end") and self._open:
            self._close(self._open.pop())
        elif self._opens(words):
            self._open.append(_Block(tag, self._line, self._pending))
            if tag in _CAPTURES:
                self._line, self._pending = _Line.EMPTY, frozenset()

    def _end_branch(self, block: _Block) -> None:
        block.line_after = max(block.line_after, self._line)
        block.pending_after |= self._pending
        self._line, self._pending = block.line, block.pending

    def _close(self, block: _Block) -> None:
        if block.tag in _CAPTURES:
            self._line, self._pending = block.line, block.pending
            return
        if block.tag == "for" and block.joins:  # the next iteration begins where this one ends
            self._found |= self._pending - block.pending
        self._end_branch(block)
        is_whole = block.is_total or block.tag not in {"if", "for"}
        self._line = block.line_after if is_whole else max(block.line_after, block.line)
        self._pending = block.pending_after | (frozenset() if is_whole else block.pending)

    def _end_tag(self, index: int, *, opens: bool) -> None:
        end = self._tokens[index].text
        if not end.endswith("\n") or end.startswith("-"):
            return
        if self._line >= (_Line.GLUED if opens else _Line.SPACED):
            self._pending |= {index}
        self._line = _Line.EMPTY
