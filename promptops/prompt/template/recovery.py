"""Find syntax errors after the first one, and tags that are not valid in our templates.

Jinja's parser stops at the first error. So each printing tag is parsed separately; then the whole
body is parsed again without the faulty tags, until nothing new is found. Only the first nesting
error is reported, since the others usually follow from it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import TemplateSyntaxError
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

from promptops.prompt.template.environment import ENVIRONMENT
from promptops.prompt.template.faults import CURLY_QUOTES, is_foreign_tag
from promptops.prompt.template.parsing import Nesting, SyntaxFault, TooDeep, TooLarge, parse
from promptops.prompt.template.source import TemplateSource

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FAULTS = 200
"""The maximum number of errors reported for one body."""

_MAX_ROUNDS = 50
# The maximum number of characters parsed in all rounds.
_MAX_READ = 1_000_000
# Longer tags are not parsed separately.
_MAX_TAG = 5_000
_OPENING = re.compile(r"\{[{%#]")
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_END_OF_RAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_ENDS = {"{{": "variable_end", "{%": "block_end"}
_CLOSING = {"{{": "}}", "{%": "%}"}
_UNKNOWN = re.compile(r"Encountered unknown tag '(\w+)'")
_OPENS = re.compile(r"\{%[-+]?\s*(?:for|if|with|set|macro|call|filter|raw|system|user|assistant)\b")
_NESTING = ("Unexpected end of template", "Missing end of raw")
# A tag with a filter, a key or a call is a typing error, not foreign syntax.
_BEGINS_AS_OURS = re.compile(r"\{\{[-+]?\s*[A-Za-z_]\w*\s*[|.(\[~]", re.ASCII)
_COMMENT = re.compile(r"\{#[^\n{}#]*#?\}?")


class TagFault(NamedTuple):
    """A syntax fault with the tag that it is in.

    Attributes:
        fault: the parser's error, with its offset.
        start: where the tag begins.
        end: where it ends; the end of the line for one that is not closed.
        is_foreign: whether no edit within the tag makes it valid, so that it must be text or
            another language's syntax.
    """

    fault: SyntaxFault
    start: int
    end: int
    is_foreign: bool = False


def find_faults(body: TemplateSource, first: SyntaxFault) -> list[TagFault]:
    """Return the faults of a body of which `first` is one, in the order of the text."""
    found: dict[tuple[int, int], TagFault] = {}
    text = body.text
    for one in _read_values(text):
        found[one.start, one.end] = one
        text = _blank(text, one)
        if len(found) >= MAX_FAULTS:
            break
    for one in _read_blocks(text):
        found.setdefault((one.start, one.end), one)
    if all(one.fault.offset != first.offset for one in found.values()):
        one = _locate(body.text, first)
        found[one.start, one.end] = found.get((one.start, one.end), one)._replace(fault=first)
    return [found[place] for place in sorted(found)][:MAX_FAULTS]


def _read_values(text: str) -> Iterator[TagFault]:
    """Find the faults in each printing tag, and comments that do not end."""
    place = 0
    last_comment, last_raw = text.rfind("#}"), text.rfind("endraw")
    while match := _OPENING.search(text, place):
        start, mark, place = match.start(), match[0], match.end()
        raw = _RAW.match(text, start) if mark == "{%" else None
        if mark == "{#":
            if last_comment >= place:
                place = text.index("#}", place) + 2
            else:
                end = _COMMENT.match(text, start).end()  # type: ignore[union-attr] # it begins so
                fault = SyntaxFault("Missing end of comment tag", start)
                yield TagFault(fault, start, end, is_foreign="endraw" not in text[start:end])
        elif raw is not None:
            close = _END_OF_RAW.search(text, raw.end()) if last_raw >= raw.end() else None
            place = close.end() if close is not None else len(text)
        else:
            end, fault_of_tag = _read_tag(text, start, mark)
            if fault_of_tag is None:
                place = max(end, place)
            elif mark == "{{":
                end = _end_of_tag(text, start, fault_of_tag.offset, mark)
                yield TagFault(fault_of_tag, start, end, _is_foreign_value(text[start:end]))
                place = max(end, place)


class _TagTokens:
    """The tokens of the tag at the start of a text, each with its offset in the body."""

    def __init__(self, source: str, start: int, mark: str) -> None:
        self._source = source
        self._start = start
        self._last = _ENDS[mark]
        self.end = start
        self.is_closed = False

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        source, nesting, place = self._source, Nesting(), 0
        try:
            for _, kind, value in ENVIRONMENT.lexer.tokeniter(source, None):
                at = place if source.startswith(value, place) else source.index(value, place)
                place = at + len(value)
                self.end = self._start + place
                nesting.follow(self._start + at, kind, value)
                yield self._start + at, kind, value
                if kind == self._last:
                    self.is_closed = True
                    return
        except TemplateSyntaxError as error:
            # The lexer counts lines, the parser uses offsets.
            raise SyntaxFault(str(error.message), self.end) from None


def _read_tag(text: str, start: int, mark: str) -> tuple[int, SyntaxFault | None]:
    """Return the end of the tag at an offset, and its error."""
    source = text[start : start + _MAX_TAG]
    tokens = _TagTokens(source, start, mark)
    try:
        if mark == "{%":
            for _ in tokens:
                pass
        else:
            parser = Parser(ENVIRONMENT, "")
            parser.stream = TokenStream(ENVIRONMENT.lexer.wrap(iter(tokens)), None, None)
            parser.parse()
    except SyntaxFault as fault:
        return tokens.end, fault
    except TemplateSyntaxError as error:
        return tokens.end, SyntaxFault(str(error.message), int(error.lineno))
    except (TooDeep, RecursionError):
        return tokens.end, None  # the nesting is reported for the whole body
    except ValueError as error:
        return tokens.end, SyntaxFault(str(error).partition(":")[0], tokens.end)
    if not tokens.is_closed and len(source) == _MAX_TAG:
        return start + len(mark), None
    return tokens.end, None


def _end_of_tag(text: str, start: int, offset: int, mark: str) -> int:
    """Return the end of a faulty tag: its closing braces, or the end of its line."""
    close = text.find(_CLOSING[mark], max(start + len(mark), offset - 1))
    newline = text.find("\n", max(start, offset))
    newline = len(text) if newline < 0 else newline
    if close < 0 or (close > newline and "\n" in text[start:close]):
        line = text.find("\n", start)
        first = text.find(_CLOSING[mark], start + len(mark))
        line = len(text) if line < 0 else line
        return first + 2 if 0 <= first < line else line
    end = close + len(_CLOSING[mark])
    while mark == "{{" and text.startswith("}", end):
        end += 1
    return end


def _is_foreign_value(tag: str) -> bool:
    is_ours = _BEGINS_AS_OURS.match(tag) is not None or any(one in tag for one in CURLY_QUOTES)
    return tag.endswith("}}") and not is_ours and "endraw" not in tag


def _blank(text: str, one: TagFault) -> str:
    """Return the text with a tag neutralised; all offsets stay the same."""
    tag = re.sub(r"[{}]", "x", text[one.start : one.end])
    return f"{text[: one.start]}{tag}{text[one.end :]}"


def _read_blocks(text: str) -> Iterator[TagFault]:
    """Find the faults in and between all other tags."""
    silent: set[str] = set()
    is_nested_wrong = False
    rounds = min(_MAX_ROUNDS, 1 + _MAX_READ // max(len(text), 1))
    for _ in range(rounds):
        try:
            parse(TemplateSource("", text))
        except SyntaxFault as fault:
            one = _locate(text, fault)
            unknown = _UNKNOWN.match(fault.message)
            tag = unknown[1] if unknown is not None else ""
            is_nesting = fault.message.startswith(_NESTING) or (
                tag.startswith("end") or tag in {"else", "elif"}
            )
            is_nesting = is_nesting and not one.is_foreign and tag not in silent
            if not (tag in silent or (is_nesting and is_nested_wrong)):
                yield one
            silent.add(f"end{tag}")
            opens = _OPENS.match(text, one.start) is not None and not one.is_foreign
            is_nested_wrong = is_nested_wrong or is_nesting or (opens and tag == "")
            if fault.message.startswith(_NESTING):
                return
            text = _blank(text, one)
        except (TooDeep, TooLarge):
            return
        else:
            return


def _locate(text: str, fault: SyntaxFault) -> TagFault:
    """Return the tag in which a fault is."""
    if fault.message.startswith("Missing end of comment"):
        match = _COMMENT.match(text, fault.offset)
        end = match.end() if match is not None else fault.offset + 2
        return TagFault(fault, fault.offset, end, is_foreign=True)
    if fault.message.startswith(_NESTING):
        return TagFault(fault, fault.offset, fault.offset)
    until = fault.offset + 2
    start = max(text.rfind("{%", 0, until), text.rfind("{{", 0, until), 0)
    mark = text[start : start + 2]
    if mark not in _CLOSING:
        return TagFault(fault, fault.offset, fault.offset + 1)
    end = _end_of_tag(text, start, fault.offset, mark)
    is_foreign = mark == "{%" and is_foreign_tag(fault.message)
    return TagFault(fault, start, end, is_foreign and text[:end].endswith("%}"))


def find_foreign(source: str) -> list[tuple[int, int]]:
    """Return the parts of a body that are not valid in our templates, as `source[start:end]`.

    They are in text order. A part within another one is not listed.
    """
    body = TemplateSource("", source)
    try:
        parse(body)
    except SyntaxFault as fault:
        found = sorted((one.start, one.end) for one in find_faults(body, fault) if one.is_foreign)
        spans: list[tuple[int, int]] = []
        for start, end in found:
            if spans and start < spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans
    except (TooDeep, TooLarge):
        pass
    return []
