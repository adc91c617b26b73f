"""The Jinja2 that prompts run in: sandboxed, strict, bounded and deterministic.

This package imports Jinja2 at the top of some modules; they are themselves imported where they are
used.
"""

# ruff: noqa: ANN401 (the values of a template are of any type, and Jinja2 says so too)

from __future__ import annotations

import re
from types import BuiltinMethodType
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, nodes
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.tests import TESTS

from promptops.template.filters import (
    HISTORY,
    OPERATORS,
    build_filters,
    concat,
    limit_method,
    same_as,
)
from promptops.template.printing import (
    BUDGET,
    Boundary,
    Refused,
    describe,
    limit_length,
    limit_width,
    text,
)
from promptops.template.source import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Template
    from jinja2.parser import Parser
    from jinja2.runtime import Context


class Roles(Extension):
    """`{% system %}`, `{% user %}`, `{% assistant %}` and `{% history %}`.

    A tag becomes two outputs around its content. What they put out is an object of a type that no
    template or value can make, so the author's file alone decides where messages begin.
    """

    tags = {*ROLES, "history"}  # noqa: RUF012 (Jinja's own declaration)
    begin_system = Boundary("system")
    begin_user = Boundary("user")
    begin_assistant = Boundary("assistant")
    end = Boundary(None)

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Called at the tag's name; see `jinja2.ext.Extension.parse`."""
        token = next(parser.stream)
        if token.value == "history":
            current = parser.stream.current
            name = "history"
            if current.type == "name":
                name = next(parser.stream).value
            else:
                current = token
            value = nodes.Name(name, "load", lineno=current.lineno)
            inserted = nodes.Filter(
                value, HISTORY, [nodes.Const(name)], [], None, None, lineno=token.lineno
            )
            return [nodes.Output([inserted], lineno=token.lineno)]
        content = parser.parse_statements((f"name:end{token.value}",), drop_needle=True)
        return [
            self._output(f"begin_{token.value}", token.lineno),
            *content,
            self._output("end", token.lineno),
        ]

    def _output(self, name: str, lineno: int) -> nodes.Node:
        return nodes.Output([self.attr(name, lineno=lineno)], lineno=lineno)


class Formatter(SandboxedFormatter):
    """`"{}".format(...)`, with bounded widths, of what may be printed."""

    def __init__(self, env: PromptEnvironment) -> None:
        super().__init__(env)
        self._length = 0

    def format_field(self, value: Any, format_spec: str) -> Any:
        """Format one field; the sum of all is bounded."""
        if re.search(r"\d{4,}", format_spec):
            limit_width(10**4)
        formatted = super().format_field(text(value), format_spec)
        self._length += len(formatted)
        limit_length(self._length)
        return formatted

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """`!r` and the like."""
        return super().convert_field(text(value), conversion)


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2's immutable sandbox without what differs between runs, and with bounds."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})
    concat = staticmethod(concat)
    # Filled in an overlay for each prompt: the compiled partials of its closure.
    compiled: dict[str, Template]

    def get_template(self, name: Any, *_: Any, **__: Any) -> Template:
        """A partial of the closure; there is nowhere else to load from."""
        return self.compiled[name]

    def call(self, context: Context, callee: Any, /, *arguments: Any, **named: Any) -> Any:
        """Call from a template: counted, and bounded where a method can multiply text."""
        context.parent[BUDGET].spend(1)
        if type(callee) is BuiltinMethodType and type(callee.__self__) is str:
            limit_method(callee.__name__, callee.__self__, arguments, named)
        if not self.is_safe_callable(callee):
            message = f"{describe(callee)} may not be called"
            raise Refused(message)
        return context.call(callee, *arguments, **named)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """`+ * ** %`, bounded."""
        return OPERATORS[operator](left, right)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Replace `str.format` and `str.format_map` by bounded ones, as they are looked up."""
        if (
            type(value) is not BuiltinMethodType
            or value.__name__ not in {"format", "format_map"}
            or not isinstance(value.__self__, str)
        ):
            return None
        template = value.__self__
        by_map = value.__name__ == "format_map"

        def formatted(*arguments: Any, **named: Any) -> str:
            if by_map:
                return Formatter(self).vformat(template, (), *arguments)
            return Formatter(self).vformat(template, arguments, named)

        return formatted


def _build() -> PromptEnvironment:
    environment = PromptEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        # A partial on a line of its own then reads exactly as if its text stood there.
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        finalize=text,
        extensions=[Roles],
        autoescape=False,
    )
    environment.filters = build_filters()
    environment.tests = {**TESTS, "sameas": same_as}
    environment.globals = {
        name: value for name, value in environment.globals.items() if name in GLOBALS
    }
    return environment


GLOBALS = frozenset(DEFAULT_NAMESPACE) - {"lipsum"}
"""Names that every template has, unless an input takes them."""

ENVIRONMENT = _build()
"""The one configured environment; each prompt renders in an overlay of it."""
