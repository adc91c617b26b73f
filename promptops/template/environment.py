"""The Jinja2 that prompts run in: sandboxed, strict, bounded and deterministic.

The only module that imports Jinja2 at its top, so it is itself imported where it is used.

Nodes know lines, not columns. Here the parser is fed tokens whose `lineno` is the offset in the
text, so that every node, every syntax error and every traceback entry leads to an exact place.
"""

from __future__ import annotations

import json
import operator
import re
from functools import wraps
from itertools import islice
from types import BuiltinMethodType, FunctionType, GeneratorType, MethodType
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_NAMESPACE, DEFAULT_TESTS
from jinja2.ext import Extension
from jinja2.lexer import TokenStream
from jinja2.parser import Parser
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.visitor import NodeTransformer

from promptops.template.source import HISTORY_ROLES, ROLES, Source, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import NoReturn

    from jinja2 import Template
    from jinja2.runtime import Context

MAX_CHARACTERS = 10_000_000
"""The longest text a template may build."""

MAX_STEPS = 1_000_000
"""The most loop rounds, calls and includes of one rendering, together."""

MAX_WIDTH = 1_000
"""The widest padding, indentation or number format, in characters."""

MAX_BITS = 100_000
"""The largest integer that multiplication or a power may give."""

# Names with a space: no template can spell them, so no value or input can take their place.
BUDGET = "step budget"
STEPS = "counted steps"
CONCAT = "checked concat"
HISTORY = "inserted history"

# Prompts are plain text, so what produces HTML has no place; `random` and `pprint` are not stable.
REMOVED_FILTERS = {
    "e": "prompts are plain text: nothing is escaped, leave the filter out",
    "escape": "prompts are plain text: nothing is escaped, leave the filter out",
    "forceescape": "prompts are plain text: nothing is escaped, leave the filter out",
    "safe": "prompts are plain text: nothing is escaped, leave the filter out",
    "urlize": "prompts are plain text: write the link in the text",
    "xmlattr": "prompts are plain text: write the attributes in the text",
    "pprint": "use `| tojson(indent=2)`",
    "random": "rendering is deterministic: pass the choice as an input",
}


class Refused(Exception):  # noqa: N818 (never leaves this package: rendering turns it into ours)
    """A rule of ours says no while a template runs."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class HistoryFault(Exception):  # noqa: N818 (as above)
    """A list of messages that was passed in is not one."""


class SyntaxFault(Exception):  # noqa: N818 (as above)
    """A body cannot be parsed, with the offset of the fault."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Budget:
    """Counts the steps of one rendering, since a clock would make results differ."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Take steps; the last straw is an error."""
        self.left -= steps
        if self.left < 0:
            message = f"the template takes more than {MAX_STEPS:,} steps"
            raise Refused(message, "shorten the loops, or prepare the text before rendering")


class Boundary(str):
    """Where a message begins (with a role) or ends (without), told apart by its type alone.

    It is an empty text, so that it could never add to a message, and no template can hold one.
    """

    __slots__ = ("role",)
    role: str | None

    def __new__(cls, role: str | None) -> Boundary:
        boundary = super().__new__(cls)
        boundary.role = role
        return boundary

    def __str__(self) -> str:
        return self


class Inserted(str):
    """A passed-in list of messages on its way through the output."""

    __slots__ = ("messages",)
    messages: list[dict[str, object]]

    def __new__(cls, messages: list[dict[str, object]]) -> Inserted:
        inserted = super().__new__(cls)
        inserted.messages = messages
        return inserted

    def __str__(self) -> str:
        return self


def describe(value: object) -> str:
    """What a value is, in the words of a prompt's author; never its address."""
    if value is None:
        return "none"
    for kinds, words in _WORDS:
        if isinstance(value, kinds):
            return words
    return f"a value of the type {type(value).__name__}"


_WORDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (list, "a list"),
    (dict, "an object"),
    (tuple, "a tuple"),
    (Macro, "a macro"),
    ((BuiltinMethodType, MethodType, FunctionType, type), "a function or method"),
    (GeneratorType, "a lazy sequence"),
)


def text(value: object) -> object:
    """The value when it prints the same everywhere, as `{{ }}` needs it.

    Strings, numbers, booleans, and lists and objects of these (and of none) print. Anything else
    is a silent mistake or prints an address in memory.
    """
    kind = type(value)
    if kind is str or kind in _PRINTABLE:
        return value
    if kind is list or kind is dict:
        _require_plain(value)
        return value
    if isinstance(value, Undefined):
        return str(value)
    _refuse_to_print(value)
    return None


_PRINTABLE = frozenset({int, float, bool, Boundary, Inserted})


def _require_plain(value: object) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is list:
            pending.extend(item)  # type: ignore[arg-type]  # a list, by its type
        elif kind is dict:
            pending.extend(item.keys())  # type: ignore[attr-defined]  # a dict, by its type
            pending.extend(item.values())  # type: ignore[attr-defined]
        elif kind is not str and item is not None and kind not in _PRINTABLE:
            if isinstance(item, Undefined):
                str(item)
            message = f"a list or object that holds {describe(item)} cannot be printed"
            raise Refused(message, "print its parts one by one")


def _refuse_to_print(value: object) -> NoReturn:
    words = describe(value)
    if value is None:
        hint = 'write what to say instead: `{{ value or "" }}`'
    elif callable(value):
        hint = 'call it with `()`, or write `value["key"]` for a key that has a method\'s name'
    else:
        hint = "turn it into text with `| join(', ')` or `| tojson`"
    message = f"{words} cannot be printed"
    raise Refused(message, hint)


def _limited(length: int) -> None:
    if length > MAX_CHARACTERS:
        message = f"the template builds a text of more than {MAX_CHARACTERS:,} characters"
        raise Refused(message, "shorten the loops or the inputs")


def _within_width(*values: object) -> None:
    for value in values:
        if isinstance(value, int) and abs(value) > MAX_WIDTH:
            message = f"a width of more than {MAX_WIDTH:,} characters"
            raise Refused(message, "use a smaller width")


def concat(parts: Sequence[str] | Iterator[str]) -> str:
    """Join what a buffered block printed, within the size limit."""
    parts = list(parts)
    _limited(sum(map(len, parts)))
    return "".join(parts)


def checked_concat(values: Sequence[object]) -> str:
    """`a ~ b`: text only of what may be printed."""
    return concat([str(text(value)) for value in values])


def join(value: Any, d: str = "", attribute: str | int | None = None) -> str:
    """`| join`: text only of what may be printed; `attribute` may be dotted, as in Jinja."""
    if attribute is not None:
        path = [int(part) if part.isdigit() else part for part in str(attribute).split(".")]
        value = [_attribute_of(item, path) for item in value]
    parts = [str(text(item)) for item in value]
    separator = str(text(d))
    _limited(sum(map(len, parts)) + len(separator) * len(parts))
    return separator.join(parts)


def _attribute_of(value: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        value = ENVIRONMENT.getitem(value, part)
    return value


def tojson(value: object, indent: int | None = None) -> str:
    """`| tojson`: JSON as a model should read it, in the value's own order, nothing escaped."""
    if isinstance(value, Undefined):
        str(value)
    _within_width(indent)
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)


def string(value: object) -> str:
    """`| string`: text only of what may be printed."""
    return str(text(value))


_WIDE_PERCENT = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(?:\d*\.)?(?:\*|\d{4,})")


def percent(template: str, arguments: Any) -> str:
    """`template % arguments`, with bounded widths, of what may be printed."""
    if _WIDE_PERCENT.search(template):
        _within_width(MAX_WIDTH + 1)
    if isinstance(arguments, dict):
        values = list(arguments.values())
    else:
        values = list(arguments) if isinstance(arguments, tuple) else [arguments]
    longest = max((len(str(text(value))) for value in values), default=0)
    _limited(len(template) + template.count("%") * max(longest, MAX_WIDTH))
    return template % arguments


def format_filter(value: object, *arguments: object, **named: object) -> str:
    """`| format`: printf-style."""
    if arguments and named:
        message = "`| format` takes positional or named values, not both"
        raise Refused(message, "use one of the two")
    return percent(str(text(value)), named or arguments)


def replace(value: object, old: object, new: object, count: int | None = None) -> str:
    """`| replace`, within the size limit."""
    whole, old, new = str(text(value)), str(text(old)), str(text(new))
    _check_replace(whole, old, new)
    return whole.replace(old, new, -1 if count is None else count)


def _check_replace(whole: str, old: str, new: str, *_: object) -> None:
    if len(new) > len(old):
        _limited(len(whole) + whole.count(old) * len(new))


def same_as(value: object, other: object) -> bool:
    """`is sameas`: same type and equal, since identity depends on the interpreter."""
    return type(value) is type(other) and value == other


@pass_context
def count_steps(context: Context, iterable: Any) -> Any:
    """Charge a loop for its rounds as it begins; what has no length becomes a list."""
    if type(iterable) not in _SIZED:
        iterable = list(islice(iterable, MAX_STEPS + 1))
    context.parent[BUDGET].spend(len(iterable))
    return iterable


_SIZED = frozenset({list, dict, str, tuple, range})


def insert_history(value: Any, name: str) -> Inserted:
    """Check a passed-in list of messages: a value never speaks as the system.

    Raises:
        HistoryFault: naming the message, counted from 0, and what is wrong with it.
    """
    if isinstance(value, Undefined):
        str(value)
    if type(value) is not list:
        message = f"`{name}` is {describe(value)}, not a list of messages"
        raise HistoryFault(message)
    for index, item in enumerate(value):
        fault = _message_fault(item)
        if fault is not None:
            message = f"message {index} of `{name}` {fault}"
            raise HistoryFault(message)
    return Inserted([dict(item) for item in value])


def _message_fault(item: Any) -> str | None:
    if type(item) is not dict:
        return f"is {describe(item)}, not an object with `role` and `content`"
    role = item.get("role")
    if role not in HISTORY_ROLES:
        allowed = ", ".join(HISTORY_ROLES)
        said = f"has the role {role!r}" if isinstance(role, str) else "has no role"
        return f"{said}; a passed-in message is one of: {allowed}"
    content = item.get("content")
    if isinstance(content, str) or (content is None and item.get("tool_calls")):
        return None
    if type(content) is not list:
        return f"has {describe(content)} as content, not a string or a list of parts"
    for number, part in enumerate(content):
        if type(part) is not dict or not isinstance(part.get("type"), str):
            return f"has a part {number} that is not an object with a `type`"
    return None


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
            _within_width(MAX_WIDTH + 1)
        formatted = super().format_field(text(value), format_spec)
        self._length += len(formatted)
        _limited(self._length)
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

    def call(  # type: ignore[override]  # positional-only, so that no keyword can collide
        self, context: Context, callee: Any, /, *arguments: Any, **named: Any
    ) -> Any:
        """Call from a template: counted, and bounded where a method can multiply text."""
        context.parent[BUDGET].spend(1)
        if type(callee) is BuiltinMethodType and type(callee.__self__) is str:
            _check_method(callee.__name__, callee.__self__, arguments, named)
        if not self.is_safe_callable(callee):
            message = f"{describe(callee)} may not be called"
            raise Refused(message)
        return context.call(callee, *arguments, **named)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002
        """`+ * ** %`, bounded."""
        return _BINOPS[operator](left, right)

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


def _check_method(
    name: str, whole: str, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> None:
    if name in {"center", "ljust", "rjust", "zfill", "expandtabs"}:
        _within_width(*arguments, *named.values())
        _limited(len(whole) + whole.count("\t") * MAX_WIDTH)
    elif name == "replace" and len(arguments) > 1:
        _check_replace(whole, *map(str, arguments))
    elif name == "join" and arguments:
        items = arguments[0]
        if isinstance(items, (list, tuple, dict, str)):
            _limited(len(whole) * len(items) + sum(len(str(item)) for item in items))
    elif name == "translate":
        message = "`translate` is not available"
        raise Refused(message, "use `| replace`")


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, (str, list, tuple)) and isinstance(right, (str, list, tuple)):
        _limited(len(left) + len(right))
    return left + right


def _multiply(left: Any, right: Any) -> Any:
    for whole, times in ((left, right), (right, left)):
        if isinstance(whole, (str, list, tuple, bytes)) and isinstance(times, int):
            _limited(len(whole) * times)
    if isinstance(left, int) and isinstance(right, int):
        _within_bits(left.bit_length() + right.bit_length())
    return left * right


def _power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and right > 0:
        _within_bits(left.bit_length() * right if abs(left) > 1 else 1)
    return left**right


def _within_bits(bits: int) -> None:
    if bits > MAX_BITS:
        message = f"an integer of more than {MAX_BITS:,} bits"
        raise Refused(message, "use smaller numbers")


def _modulo(left: Any, right: Any) -> Any:
    return percent(left, right) if isinstance(left, str) else operator.mod(left, right)


_BINOPS: dict[str, Callable[[Any, Any], Any]] = {
    "+": _add,
    "*": _multiply,
    "**": _power,
    "%": _modulo,
}


def _eager(function: Callable[..., Any]) -> Callable[..., Any]:
    """A lazy filter as a list: a generator has no length, prints an address and runs out."""

    @wraps(function)
    def listed(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        return result if isinstance(result, str) else list(islice(result, MAX_STEPS))

    return listed


def _on_text(function: Callable[..., Any], *, widths: bool = False) -> Callable[..., Any]:
    """A filter on text, of what may be printed, with bounded widths where it takes any."""
    # Jinja hands some filters its environment or context before the value.
    index = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        if widths:
            _within_width(*arguments[index + 1 :], *named.values())
        head, value, rest = arguments[:index], arguments[index], arguments[index + 1 :]
        return function(*head, text(value), *rest, **named)

    return checked


def _indent(value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002 (Jinja's own signature)
    longest = len(width) if isinstance(width, str) else width
    _limited(len(value) + (value.count("\n") + 1) * longest)
    result: str = DEFAULT_FILTERS["indent"](value, width, first, blank)
    return result


def _batch(value: Any, linecount: int, fill_with: Any = None) -> Any:
    _within_width(linecount)
    return DEFAULT_FILTERS["batch"](value, linecount, fill_with)


def _slice(value: Any, slices: int, fill_with: Any = None) -> Any:
    _within_width(slices)
    return DEFAULT_FILTERS["slice"](value, slices, fill_with)


def _filters() -> dict[str, Callable[..., Any]]:
    filters = {
        name: filter_ for name, filter_ in DEFAULT_FILTERS.items() if name not in REMOVED_FILTERS
    }
    for name in ("map", "select", "reject", "selectattr", "rejectattr", "unique", "items"):
        filters[name] = _eager(filters[name])
    filters["reverse"] = _eager(filters["reverse"])
    filters["batch"] = _eager(_batch)
    filters["slice"] = _eager(_slice)
    for name in ("capitalize", "lower", "striptags", "title", "trim", "upper", "wordcount"):
        filters[name] = _on_text(filters[name])
    for name in ("center", "truncate", "wordwrap"):
        # Only padding multiplies text: a long `truncate` or `wordwrap` gives back what there was.
        filters[name] = _on_text(filters[name], widths=name == "center")
    filters["indent"] = _on_text(_indent, widths=True)
    filters |= {
        "format": format_filter,
        "join": join,
        "replace": replace,
        "string": string,
        "tojson": tojson,
        STEPS: count_steps,
        CONCAT: checked_concat,
        HISTORY: insert_history,
    }
    return filters


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
    environment.filters = _filters()
    environment.tests = {**DEFAULT_TESTS, "sameas": same_as}
    environment.globals = {
        name: value for name, value in environment.globals.items() if name in GLOBALS
    }
    return environment


GLOBALS = frozenset(DEFAULT_NAMESPACE) - {"lipsum"}
"""Names that every template has, unless an input takes them."""

ENVIRONMENT = _build()
"""The one configured environment; each prompt renders in an overlay of it."""


class Tokens:
    """The tokens of one body with their offsets, kept as the parser takes them."""

    __slots__ = ("ends", "kinds", "source", "starts")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.kinds: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        """Jinja's raw tokens, the line replaced by the offset.

        The lexer drops nothing but white space before a tag, so a token is where it is next found
        after white space; no character is looked at more than once.
        """
        body = self.source.text
        place = 0
        try:
            for _, kind, value in ENVIRONMENT.lexer.tokeniter(body, None):
                start = place if body.startswith(value, place) else body.index(value, place)
                place = start + len(value)
                self.starts.append(start)
                self.ends.append(place)
                self.kinds.append(kind)
                yield start, kind, value
        except TemplateSyntaxError as error:
            if self.kinds and self.kinds[-1] in {"comment_begin", "raw_begin"}:
                place = self.starts[-1]
            raise SyntaxFault(str(error.message), place) from None


def parse(source: Source) -> tuple[nodes.Template, Tokens]:
    """Parse a body into nodes whose `lineno` is an offset.

    Raises:
        SyntaxFault: the body is not a template.
    """
    tokens = Tokens(source)
    parser = Parser(ENVIRONMENT, "")
    try:
        parser.stream = TokenStream(ENVIRONMENT.lexer.wrap(iter(tokens)), None, None)
        tree = parser.parse()
    except TemplateSyntaxError as error:
        raise SyntaxFault(str(error.message), error.lineno) from None
    except RecursionError:
        fault = "blocks or expressions are nested too deeply"
        raise SyntaxFault(fault, tokens.starts[-1] if tokens.starts else 0) from None
    except ValueError as error:
        # An integer literal of more digits than Python converts.
        raise SyntaxFault(str(error).partition(":")[0], tokens.starts[-1]) from None
    return tree, tokens


def read_tokens(source: str, first_line: int) -> list[Token]:
    """See `promptops.template.tokenize`."""
    body = Source("", source, first_line)
    found = []
    try:
        for start, kind, value in Tokens(body):
            line, column = body.place(start)
            found.append(Token(line, column, kind, value))
    except SyntaxFault:
        pass
    return found


class Guards(NodeTransformer):
    """Puts the counting of steps and the checking of `~` into a tree before it is compiled."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 (Jinja's naming)
        """A loop is charged for its rounds as it begins."""
        self.generic_visit(node)
        node.iter = _call_filter(STEPS, node.iter)
        return node

    def visit_Include(self, node: nodes.Include) -> list[nodes.Node]:  # noqa: N802
        """An include is one step, so that includes of includes cannot multiply without end."""
        step = _call_filter(STEPS, nodes.Const("1", lineno=node.lineno))
        return [nodes.ExprStmt(step, lineno=node.lineno), node]

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        """`~` prints its operands, so they are checked like any output."""
        self.generic_visit(node)
        return _call_filter(CONCAT, nodes.List(node.nodes, lineno=node.lineno))


def _call_filter(name: str, value: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)
