"""Configure Jinja2 for prompts: sandboxed, strict, bounded and deterministic.

Some modules of this package import Jinja2 at their top; they are imported inside functions.
"""

from __future__ import annotations

import functools
import re
from types import BuiltinMethodType, FunctionType
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, nodes
from jinja2.compiler import CodeGenerator
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.ext import Extension
from jinja2.lexer import Lexer
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.tests import TESTS

from promptops.prompt.template.filters import (
    HISTORY,
    MESSAGE,
    OPERATORS,
    build_filters,
    concat,
    limit_method,
    same_as,
    string,
)
from promptops.prompt.template.printing import (
    BUDGET,
    CALL_STEPS,
    PER_ITEM,
    Refused,
    describe,
    limit_length,
    limit_width,
    text,
    weigh,
)
from promptops.prompt.template.source import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import Template
    from jinja2.compiler import Frame
    from jinja2.parser import Parser
    from jinja2.runtime import Context


# These methods make an object for each word or line.
_BY_ITEM = frozenset({"title", "split", "rsplit", "splitlines"})
_FIELD_STEPS = 2


class Roles(Extension):
    """`{% system %}`, `{% user %}`, `{% assistant %}` and `{% history %}`.

    Each tag compiles like a `filter` block, with a filter that no author can name and a result that
    is not a string. Messages and text differ by type, so no input value can open a message.
    """

    tags = {*ROLES, "history"}  # noqa: RUF012 (Jinja's own declaration)

    def parse(self, parser: Parser) -> nodes.Node:
        """Parse the tag from its name on; see `jinja2.ext.Extension.parse`."""
        token = next(parser.stream)
        if token.value == "history":
            current = parser.stream.current
            named = next(parser.stream) if current.type == "name" else token
            value = nodes.Name(named.value, "load", lineno=named.lineno)
            return _filter_block([], HISTORY, [value, nodes.Const(named.value)], token.lineno)
        content = parser.parse_statements((f"name:end{token.value}",), drop_needle=True)
        return _filter_block(content, MESSAGE, [nodes.Const(token.value)], token.lineno)


def _filter_block(
    body: list[nodes.Node], name: str, arguments: list[nodes.Expr], offset: int
) -> nodes.Node:
    chain = nodes.Filter(None, name, arguments, [], None, None, lineno=offset)
    return nodes.FilterBlock(body, chain, lineno=offset)


class PromptCodeGenerator(CodeGenerator):
    """Compile outputs so that a string, the common case, is passed on without a call.

    Other values go through `text`. Jinja's own `finalize` would be called for every output.
    """

    def _output_child_to_const(
        self,
        node: nodes.Expr,
        frame: Frame,
        finalize: CodeGenerator._FinalizeInfo,  # noqa: ARG002 (Jinja's own signature)
    ) -> str:
        if not isinstance(node, (nodes.Const, nodes.TemplateData)):
            # Constant folding would evaluate expressions without our limits, so it is switched off.
            raise nodes.Impossible
        return string(node.as_const(frame.eval_ctx))

    def _output_child_pre(
        self,
        node: nodes.Expr,  # noqa: ARG002 (Jinja's own signature)
        frame: Frame,  # noqa: ARG002 (Jinja's own signature)
        finalize: CodeGenerator._FinalizeInfo,  # noqa: ARG002
    ) -> None:
        self.write("(printed if type(printed := ")

    def _output_child_post(
        self,
        node: nodes.Expr,  # noqa: ARG002 (Jinja's own signature)
        frame: Frame,  # noqa: ARG002 (Jinja's own signature)
        finalize: CodeGenerator._FinalizeInfo,  # noqa: ARG002
    ) -> None:
        self.write(") is str else environment.string(printed))")


class Formatter(SandboxedFormatter):
    """`"{}".format(...)` with bounded widths, for printable values only."""

    def __init__(self, env: PromptEnvironment) -> None:
        super().__init__(env)
        self._length = 0

    def format_field(self, value: Any, format_spec: str) -> Any:
        """Format one field; the total length is bounded."""
        if re.search(r"\d{4,}", format_spec):
            limit_width(10**4)
        formatted = super().format_field(text(value), format_spec)
        self._length += len(formatted)
        limit_length(self._length)
        return formatted

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """Convert a field by `!r`, `!s` or `!a`."""
        return super().convert_field(text(value), conversion)


class AbsentKey(StrictUndefined):
    """A missing key of a mapping that has the name of a dict method.

    `order.items` is undefined like any missing key; `order.items()` still works.
    """

    __slots__ = ("method",)

    method: Any


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2's immutable sandbox, deterministic and bounded."""

    intercepted_binops = frozenset(OPERATORS)
    code_generator_class = PromptCodeGenerator
    concat = staticmethod(concat)
    string = staticmethod(string)
    # Set in each prompt's overlay: the compiled partials of its closure.
    compiled: dict[str, Template]

    @property
    def lexer(self) -> Lexer:
        """The one lexer of all prompts.

        Jinja2 looks it up in a cache with a lock. If another thread held that lock at a fork, the
        child would wait for ever.
        """
        return _make_lexer()

    def get_template(self, name: Any, *_: Any, **__: Any) -> Template:
        """Return a compiled partial of the closure. Nothing is loaded from elsewhere."""
        return self.compiled[name]

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look up `obj.attribute`. In a mapping, keys win over methods."""
        if type(obj) is not dict:
            return super().getattr(obj, attribute)
        if attribute in obj:
            return obj[attribute]
        found = super().getattr(obj, attribute)
        if type(found) is not BuiltinMethodType:
            return found
        absent = AbsentKey(obj=obj, name=attribute)
        absent.method = found
        return absent

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look up `obj[argument]`. In a mapping, only keys, never methods."""
        if type(obj) is not dict:
            return super().getitem(obj, argument)
        try:
            return obj[argument]
        except (KeyError, TypeError):
            return self.undefined(obj=obj, name=argument)

    def call(self, context: Context, callee: Any, /, *arguments: Any, **named: Any) -> Any:
        """Call from a template. Count the call, and bound methods that multiply text."""
        budget = context.parent[BUDGET]
        budget.spend(CALL_STEPS)
        if type(callee) is AbsentKey:
            callee = callee.method
        for argument in arguments:
            budget.spend(weigh(argument))
        if type(callee) is FunctionType:
            budget.spend(getattr(callee, "steps", 0))
        elif type(callee) is BuiltinMethodType:
            times = PER_ITEM if callee.__name__ in _BY_ITEM else 1
            budget.spend(weigh(callee.__self__) * times)
            if type(callee.__self__) is str:
                limit_method(callee.__name__, callee.__self__, arguments, named)
        if not self.is_safe_callable(callee):
            message = f"{describe(callee)} may not be called"
            raise Refused(message)
        result = context.call(callee, *arguments, **named)
        budget.spend(weigh(result))
        return result

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Evaluate `+ - * / // ** %` within the limits."""
        budget = context.parent[BUDGET]
        budget.spend(weigh(left) + weigh(right))
        result = OPERATORS[operator](left, right)
        budget.spend(weigh(result))
        return result

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Replace `str.format` and `str.format_map` by bounded versions when they are looked up."""
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

        setattr(formatted, "steps", template.count("{") * _FIELD_STEPS)  # noqa: B010 - mypy
        return formatted


@functools.cache
def _make_lexer() -> Lexer:
    return Lexer(ENVIRONMENT)


def _build() -> PromptEnvironment:
    environment = PromptEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        # An include on its own line then renders as if the partial's text were written there.
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        extensions=[Roles],
        autoescape=False,
        # The optimizer evaluates expressions that may fail and does not catch the error.
        optimized=False,
    )
    environment.filters = build_filters()
    environment.tests = {**TESTS, "sameas": same_as}
    environment.globals = {
        name: value for name, value in environment.globals.items() if name in GLOBALS
    }
    return environment


GLOBALS = frozenset(DEFAULT_NAMESPACE) - {"lipsum"}
"""Globals of every template; an input may shadow them."""

ENVIRONMENT = _build()
"""The one configured environment; each prompt renders in an overlay of it."""
