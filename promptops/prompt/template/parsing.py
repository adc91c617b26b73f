"""Parse a body into Jinja2's tokens and syntax tree, with exact positions.

Jinja's nodes have a line and no column. So the parser gets tokens whose `lineno` is the offset in
the text. Nodes, syntax errors and traceback entries then have exact offsets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser
from jinja2.visitor import NodeTransformer

from promptops.prompt.template.environment import ENVIRONMENT
from promptops.prompt.template.filters import CONCAT, HISTORY, MESSAGE, STEPS, WEIGHED
from promptops.prompt.template.printing import CALL_STEPS, PER_ITEM
from promptops.prompt.template.source import ROLES, TemplateSource, Token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


MAX_BRACKETS = 30
"""The maximum number of open brackets."""

MAX_OPEN_TAGS = 50
"""The maximum number of open tags while parsing; `faults` has a lower limit for compiling."""

MAX_TOKENS = 30_000
"""The maximum number of tokens of a body; it limits parsing to about a second."""

_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_OPENING_TAGS = frozenset({"for", "if", "with", "macro", "call", "filter", "block", *ROLES})
_CLOSING_TAGS = frozenset(f"end{tag}" for tag in _OPENING_TAGS)


class SyntaxFault(Exception):  # noqa: N818 (as above)
    """A body cannot be parsed; has the offset of the error."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class TooDeep(Exception):  # noqa: N818 (as above)
    """Something is nested deeper than this package supports."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class TooLarge(Exception):  # noqa: N818 (as above)
    """A body is larger than this package supports."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Nesting:
    """Counts open brackets and blocks before the parser recurses into them.

    Without it, the maximum depth would depend on the caller's stack depth.
    """

    __slots__ = ("blocks", "brackets", "previous")

    def __init__(self) -> None:
        self.blocks = 0
        self.brackets = 0
        self.previous = ""

    def follow(self, start: int, kind: str, value: str) -> None:
        """Count one token; raises `TooDeep` at the first that is too deep."""
        if kind == "whitespace":
            return
        if kind == "operator":
            self.brackets += (value in _OPENING) - (value in _CLOSING)
        elif kind == "name" and self.previous == "block_begin":
            self.blocks += (value in _OPENING_TAGS) - (value in _CLOSING_TAGS)
        if self.brackets > MAX_BRACKETS or self.blocks > MAX_OPEN_TAGS:
            raise TooDeep(start)
        self.previous = kind


# Jinja's messages, for an opening that is followed by more text.
_UNCLOSED = {
    "comment_begin": "Missing end of comment tag",
    "raw_begin": "Missing end of raw directive",
}


class Tokens:
    """The tokens of one body with their offsets, recorded while the parser reads them."""

    __slots__ = ("ends", "kinds", "source", "starts")

    def __init__(self, source: TemplateSource) -> None:
        self.source = source
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.kinds: list[str] = []

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        """Yield Jinja's raw tokens, with the offset in place of the line.

        The lexer drops only white space before a tag. So each token is found at its next occurrence
        after white space, in linear time.
        """
        body = self.source.text
        place = 0
        nesting = Nesting()
        try:
            for _, kind, value in ENVIRONMENT.lexer.tokeniter(body, None):
                start = place if body.startswith(value, place) else body.index(value, place)
                place = start + len(value)
                self.starts.append(start)
                self.ends.append(place)
                self.kinds.append(kind)
                if len(self.starts) > MAX_TOKENS:
                    raise TooLarge(start)
                nesting.follow(start, kind, value)
                yield start, kind, value
        except TemplateSyntaxError as error:
            if self.kinds and self.kinds[-1] in {"comment_begin", "raw_begin"}:
                place = self.starts[-1]
            raise SyntaxFault(str(error.message), place) from None
        # At the end of the text, Jinja accepts an opened comment or `raw` block that is not closed.
        unclosed = _UNCLOSED.get(self.kinds[-1]) if self.kinds else None
        if unclosed is not None:
            raise SyntaxFault(unclosed, self.starts[-1])


def parse(source: TemplateSource) -> tuple[nodes.Template, Tokens]:
    """Parse a body into nodes whose `lineno` is an offset.

    Raises:
        SyntaxFault: the body is not a template.
        TooDeep: it is nested too deeply to be parsed.
        TooLarge: it has too many tokens.
    """
    tokens = Tokens(source)
    parser = Parser(ENVIRONMENT, "")
    try:
        parser.stream = TokenStream(ENVIRONMENT.lexer.wrap(iter(tokens)), None, None)
        tree = parser.parse()
    except TemplateSyntaxError as error:
        raise SyntaxFault(str(error.message), error.lineno) from None
    except RecursionError:
        # Only chains such as `not not not ...` overflow; the length depends on the caller's stack.
        raise TooDeep(0) from None
    except ValueError as error:
        # An integer literal with more digits than Python converts.
        raise SyntaxFault(str(error).partition(":")[0], tokens.starts[-1]) from None
    return tree, tokens


def read_tokens(source: str, first_line: int) -> list[Token]:
    """See `promptops.prompt.template.tokenize`."""
    body = TemplateSource("", source, first_line)
    found = []
    try:
        for start, kind, value in Tokens(body):
            line, column = body.place(start)
            found.append(Token(line, column, kind, value))
    except (SyntaxFault, TooDeep, TooLarge):
        pass
    return found


class BudgetGuards(NodeTransformer):
    """Inserts step counting and the check of `~` into a tree before it is compiled."""

    def visit_Template(self, node: nodes.Template) -> nodes.Node:  # noqa: N802 (Jinja's naming)
        """Charge a whole body for its length, since it may be included repeatedly."""
        steps = _measure(node.body)
        self.generic_visit(node)
        if steps > CALL_STEPS:
            node.body = [_charge(steps, node.lineno), *node.body]
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        """Charge a loop for its iterations, each by the length of the body, before it begins."""
        steps = 1 + _measure(node.body) + (_measure([node.test]) if node.test else 0)
        self.generic_visit(node)
        if node.recursive:
            # Further iterations come from calling `loop`, which is not intercepted.
            node.body = [_charge(steps, node.lineno), *node.body]
        node.iter = _call_filter(STEPS, node.iter, steps)
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        """Charge a macro for the length of its body on each call."""
        steps = _measure(node.body)
        self.generic_visit(node)
        node.body = [_charge(steps, node.lineno), *node.body]
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802
        """Charge a call block as a macro: the called macro calls it."""
        steps = _measure(node.body)
        self.generic_visit(node)
        node.body = [_charge(steps, node.lineno), *node.body]
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        """Charge a slice for the size of its source, which it copies."""
        self.generic_visit(node)
        if isinstance(node.arg, nodes.Slice):
            node.node = _weigh(node.node)
        return node

    def visit_Include(self, node: nodes.Include) -> list[nodes.Node]:  # noqa: N802
        """Charge an include as a call, which bounds nested includes."""
        return [_charge(CALL_STEPS, node.lineno), node]

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        """Charge a filter for the size of its input."""
        self.generic_visit(node)
        if node.node is not None and node.name not in _OWN:
            node.node = _weigh(node.node, PER_ITEM if node.name in _BY_ITEM else 1)
        return _call_filter(WEIGHED, node, 1) if node.name in _GROWING else node

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        """Charge a list for its items, repeated ones too."""
        self.generic_visit(node)
        return _weigh(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        """Charge a tuple as a list, unless it is an assignment target."""
        self.generic_visit(node)
        return _weigh(node) if node.ctx == "load" else node

    visit_Dict = visit_List  # noqa: N815 (Jinja's naming)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        """Charge a comparison for both sides."""
        self.generic_visit(node)
        node.expr = _weigh(node.expr)
        for operand in node.ops:
            operand.expr = _weigh(operand.expr)
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        """Charge a test that compares."""
        self.generic_visit(node)
        if node.args and node.node is not None:
            node.node = _weigh(node.node)
        return node

    def visit_FilterBlock(self, node: nodes.FilterBlock) -> nodes.Node:  # noqa: N802
        """Check what a filter block prints; our role tags print no text."""
        self.generic_visit(node)
        if node.filter.name not in {MESSAGE, HISTORY}:
            node.filter = _call_filter("string", node.filter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        """Check the operands of `~`, which prints them."""
        self.generic_visit(node)
        return _call_filter(CONCAT, nodes.List(node.nodes, lineno=node.lineno))


_OWN = frozenset({STEPS, WEIGHED, CONCAT, MESSAGE, HISTORY, "default", "d"})
# These filters process a text letter by letter or word by word.
_BY_ITEM = frozenset(
    {"batch", "groupby", "join", "list", "map", "max", "min", "reject", "rejectattr", "reverse"}
    | {"select", "selectattr", "slice", "sort", "striptags", "sum", "title", "unique", "urlencode"}
    | {"wordcount", "wordwrap"}
)
# These filters may return much more than they receive.
_GROWING = frozenset({"center", "format", "indent", "join", "replace", "tojson", "wordwrap"})
_LIGHT = (nodes.Const, nodes.Name, nodes.Output, nodes.TemplateData, nodes.Assign, nodes.If)
_LIGHT_ONES = 8
# These have a body of their own, which is charged when it runs.
_BODIES = (nodes.For, nodes.Macro, nodes.CallBlock)


def _measure(body: Iterable[nodes.Node]) -> int:
    """Return how many iterations of an empty loop take about as long as running `body` once.

    Loops, macros and call blocks in it count one step each: they are charged on their own.
    """
    light = heavy = 0
    pending = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, _LIGHT):
            light += 1
        else:
            heavy += 1
        if not isinstance(node, _BODIES):
            pending.extend(node.iter_child_nodes())
    return heavy + light // _LIGHT_ONES


def _weigh(node: nodes.Expr, times: int = 1) -> nodes.Expr:
    """Charge for a value. A literal needs no charge: the file's size bounds it."""
    is_written = isinstance(node, nodes.Const) or (
        isinstance(node, (nodes.List, nodes.Tuple))
        and all(isinstance(item, nodes.Const) for item in node.items)
    )
    return node if is_written else _call_filter(WEIGHED, node, times)


def _charge(steps: int, lineno: int) -> nodes.Node:
    """Return a statement that spends steps of the budget."""
    one = nodes.Const("*", lineno=lineno)
    return nodes.ExprStmt(_call_filter(STEPS, one, steps), lineno=lineno)


def _call_filter(name: str, value: nodes.Node, times: int | None = None) -> nodes.Filter:
    arguments = [] if times is None else [nodes.Const(times, lineno=value.lineno)]
    return nodes.Filter(value, name, arguments, [], None, None, lineno=value.lineno)
