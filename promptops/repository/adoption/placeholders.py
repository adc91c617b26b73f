"""Find placeholders in templates of other programs."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

from promptops.repository.adoption.body import AdoptedBody, from_jinja, literal
from promptops.repository.adoption.draft import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NAME = r"[A-Za-z_]\w*"
_SINGLE = re.compile(rf"(?<![{{$\\]){{({_NAME})}}(?!}})", re.ASCII)
_DOUBLE = re.compile(rf"\{{\{{\s*({_NAME})\s*\}}\}}", re.ASCII)
_DOLLAR = re.compile(rf"\$\{{({_NAME})\}}", re.ASCII)
_CODE = re.compile(r"^(```|~~~).*?^\1[^\n]*$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def replace(source: str, pattern: re.Pattern[str], name_of: Callable[[re.Match[str]], str]) -> str:
    """Convert a text to a template; each match of `pattern` becomes the input that `name_of`
    returns.
    """
    body = AdoptedBody()
    place = 0
    for match in pattern.finditer(source):
        body.text(source[place : match.start()])
        body.value(name_of(match))
        place = match.end()
    body.text(source[place:])
    return str(body)


def read_format(source: str) -> tuple[str, list[str]] | None:
    """Convert a `str.format` text, or an f-string with plain names; return template and names.

    Return None for any other text: with an unmatched brace, or a field that is not a plain name.
    """
    body = AdoptedBody()
    names: list[str] = []
    try:
        for text, field, spec, conversion in Formatter().parse(source):
            body.text(text)
            if field is None:
                continue
            if not re.fullmatch(_NAME, field, re.ASCII) or spec or conversion:
                return None
            names.append(field)
            body.value(field)
    except ValueError:
        return None
    return str(body), names


def read_loose(source: str, first_line: int = 1) -> tuple[str, dict[str, str], list[Note]]:
    """Convert a text with placeholders of unknown kind; return template, inputs and notes.

    `{name}` is an input if the whole text is valid for `str.format`, or outside of code. `{{ name
    }}` and `${name}` are inputs if they are the only kind. A note reports each decision.
    """
    if re.search(r"\{%[-+]?\s*\w", source):
        if not _is_jinja(source):
            text, none, more = read_verbatim(source, first_line)
            why = "it has tags that are not Jinja's; everything was left as text"
            return text, none, [Note(why, first_line), *more]
        inputs = infer_inputs(source)
        note = Note("taken for a Jinja template: its tags were kept", first_line)
        return from_jinja(source), inputs, [note, *tell_types(inputs)]
    doubled = set(_DOUBLE.findall(source))
    formatted = None if doubled else read_format(source)
    if formatted is not None and formatted[1]:
        inputs = dict.fromkeys(formatted[1], "string")
        return formatted[0], inputs, list(_tell(source, _SINGLE, inputs, first_line))
    for pattern in (_DOUBLE, _DOLLAR, _SINGLE):
        # In code, such placeholders belong to the code.
        code = _CODE.finditer(source) if pattern is not _DOUBLE else ()
        inside = [match.span() for match in code]
        found = [
            match
            for match in pattern.finditer(source)
            if not any(start <= match.start() < end for start, end in inside)
        ]
        if found:
            places = {match.start() for match in found}
            inputs = dict.fromkeys((match[1] for match in found), "string")
            body, place = AdoptedBody(), 0
            for match in found:
                body.text(source[place : match.start()])
                body.value(match[1])
                place = match.end()
            body.text(source[place:])
            notes = list(_tell(source, pattern, inputs, first_line))
            notes += [
                Note(f"{match[0]} is in code and was left as text", _line(source, match.start()))
                for match in pattern.finditer(source)
                if match.start() not in places
            ]
            return str(body), inputs, notes
    body = AdoptedBody()
    body.text(source)
    return str(body), {}, []


def read_verbatim(source: str, first_line: int = 1) -> tuple[str, dict[str, str], list[Note]]:
    """Return a template that renders exactly the text; notes name what looks like a placeholder."""
    notes = []
    for pattern in (_DOUBLE, _DOLLAR, _SINGLE):
        found = list(dict.fromkeys(match[0] for match in pattern.finditer(source)))
        if found:
            more = f" and {len(found) - 1} more like it" if len(found) > 1 else ""
            line = first_line + _line(source, source.index(found[0])) - 1
            what = f"{found[0]}{more}: left as text, since its tool fills in none"
            notes.append(Note(what, line))
    return literal(source), {}, notes


def _is_jinja(source: str) -> bool:
    from promptops.prompt.template import analyze

    return not any(
        problem.kind in {"syntax", "unsupported-tag", "unsupported-include"}
        for problem in analyze("a.md", source, partial=True).problems
    )


def _tell(
    source: str, pattern: re.Pattern[str], inputs: Mapping[str, str], first_line: int
) -> Iterator[Note]:
    for name in inputs:
        match = next((one for one in pattern.finditer(source) if one[1] == name), None)
        if match is not None:
            line = first_line + _line(source, match.start()) - 1
            yield Note(f"{match[0]} was taken for the input '{name}'", line)


def find_names(source: str) -> list[str]:
    """Return the names that a Jinja template reads without setting them."""
    from promptops.prompt.template import analyze

    return list(analyze("a.md", source, partial=True).undeclared)


_TYPES = {"object": "a mapping", "array": "a list"}


def infer_inputs(source: str) -> dict[str, str]:
    """Return the inputs of a Jinja template with their types, as its expressions use them.

    An input whose attributes are read is a mapping, one that is looped over is a list, any other is
    a text.
    """
    found = dict.fromkeys(find_names(source), "string")
    for name, kind in _read_uses(source):
        if name in found and found[name] != "object":
            found[name] = kind
    return found


def tell_types(inputs: Mapping[str, str]) -> Iterator[Note]:
    """Yield a note for each input that is a mapping or a list."""
    for name, kind in inputs.items():
        if kind in _TYPES:
            yield Note(f"the input '{name}' is used as {_TYPES[kind]}, and declared so")


def _read_uses(source: str) -> Iterator[tuple[str, str]]:
    """Yield name and type for each use that shows that the value is a mapping or a list."""
    from jinja2 import Environment, TemplateError, nodes

    try:
        tree = Environment(autoescape=False).parse(source)  # noqa: S701 - nothing is rendered
    except (TemplateError, RecursionError, ValueError):
        return
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name) and not hasattr(str, attribute.attr):
            yield attribute.node.name, "object"
    for item in tree.find_all(nodes.Getitem):
        is_key = isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str)
        if isinstance(item.node, nodes.Name) and is_key:
            yield item.node.name, "object"
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.iter, nodes.Name):
            yield loop.iter.name, "array"


def _line(source: str, offset: int) -> int:
    return source.count("\n", 0, offset) + 1
