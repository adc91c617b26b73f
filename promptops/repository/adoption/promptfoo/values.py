"""Write values as promptfoo's template language (nunjucks) does, and fill them into texts."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from promptops.repository.adoption.body import AdoptedBody, from_jinja

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*"
_NAMED = re.compile(rf"\{{\{{-?\s*({_PATH})\s*-?\}}\}}", re.ASCII)
_PLAIN = re.compile(rf"\{{\{{\s*({_PATH})\s*\}}\}}", re.ASCII)
_TAGGED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_CONSTANTS = frozenset({"true", "false", "none", "null", "loop", "env"})
# From this number on, JavaScript writes numbers with an exponent.
_LARGE = 1e21
_EXACT = 2**53


class UnsupportedTemplateError(Exception):
    """A text has other tags than plain names; the message says which."""


def to_text(value: Any) -> str | None:  # noqa: ANN401 - any YAML value
    """Return a scalar as JavaScript writes it; None for a list or a mapping."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value) if abs(value) <= _EXACT else to_text(float(value))
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        if value.is_integer() and abs(value) < _LARGE:
            return str(int(value))
        return re.sub(r"e([-+])0*", r"e\1", repr(value))
    return None


def to_json(value: Any) -> str:  # noqa: ANN401 - any YAML value
    """Return a value as `JSON.stringify` writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def fill(text: str, values: Mapping[str, Any], *, keeps_unknown: bool = False) -> str:
    """Return a text with its names replaced by values.

    Args:
        text: the text.
        values: the values of the names.
        keeps_unknown: whether to keep a name without a value; otherwise it is removed.

    Raises:
        UnsupportedTemplateError: it has other tags than names, or names a list or mapping.
    """
    for match in _TAGGED.finditer(text):
        if _NAMED.fullmatch(match[0]) is None or match[0].startswith("{{-"):
            raise UnsupportedTemplateError(match[0])

    def replace(match: re.Match[str]) -> str:
        found = look_up(match[1], values)
        if found is None and match[1].partition(".")[0] not in values and keeps_unknown:
            return match[0]
        spelled = to_text(found)
        if spelled is None:
            raise UnsupportedTemplateError(match[0])
        return spelled

    return _PLAIN.sub(replace, text)


def look_up(path: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
    """Return the value of a name such as `a.b`; None if there is none."""
    found: Any = values
    for step in path.split("."):
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    return found


class AdoptedTemplate:
    """A promptfoo template, converted to ours.

    Attributes:
        body: the converted template.
        names: the variables that are printed whole.
        inner: the variables of which it prints a part, or that its tags read.
        tags: all other tags; kept as Jinja, which differs from nunjucks.
    """

    def __init__(self, text: str) -> None:
        """Convert a promptfoo template."""
        tags = [one[0] for one in _TAGGED.finditer(text) if _PLAIN.fullmatch(one[0]) is None]
        paths = [one[1] for one in _PLAIN.finditer(text)]
        self.names = dict.fromkeys(one for one in paths if "." not in one)
        self.inner = dict.fromkeys(one.partition(".")[0] for one in paths if "." in one)
        self.tags = tuple(one for one in tags if not one.startswith("{#"))
        if self.tags or tags:
            from promptops.repository.adoption.placeholders import find_names

            self.body = from_jinja(text)
            read = dict.fromkeys(find_names(self.body))
            self.inner |= {name: None for name in read if name not in self.names}
            return
        body, place = AdoptedBody(), 0
        for match in _PLAIN.finditer(text):
            body.text(text[place : match.start()])
            body.value(match[1])
            place = match.end()
        body.text(text[place:])
        self.body = str(body)
