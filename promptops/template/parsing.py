"""From a body to Jinja2's tokens and syntax tree, with exact places.

Nodes know lines, not columns. Here the parser is fed tokens whose `lineno` is the offset in the
text, so that every node, every syntax error and every traceback entry leads to an exact place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser
from jinja2.visitor import NodeTransformer

from promptops.template.environment import ENVIRONMENT
from promptops.template.filters import CONCAT, STEPS
from promptops.template.source import Source, Token

if TYPE_CHECKING:
    from collections.abc import Iterator


class SyntaxFault(Exception):  # noqa: N818 (as above)
    """A body cannot be parsed, with the offset of the fault."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


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


def _call_filter(name: str, value: nodes.Node) -> nodes.Filter:
    return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)
