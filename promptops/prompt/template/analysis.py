"""Analyze a body's syntax tree: problems, includes, messages and inputs.

Nothing is run. The module has the rules that Jinja2 lacks: where messages may be opened, which
includes can be followed without running the template, and which tags are not supported.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from jinja2 import nodes

from promptops.prompt.template.environment import ENVIRONMENT, GLOBALS
from promptops.prompt.template.faults import (
    nesting_problem,
    require_depth,
    size_problem,
    syntax_problem,
)
from promptops.prompt.template.filters import HISTORY, MESSAGE, REMOVED_FILTERS
from promptops.prompt.template.includes import include_fault, literal_include
from promptops.prompt.template.parsing import SyntaxFault, Tokens, TooDeep, TooLarge, parse
from promptops.prompt.template.source import (
    WHITE_SPACE,
    Analysis,
    Include,
    TemplateProblem,
    TemplateSource,
    Use,
)
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from promptops.prompt.finding import Position

MAX_PROBLEMS = 100
"""The maximum number of problems reported for one file."""

MAX_STEPS = 300_000
"""The maximum number of pairs of a location and a variable visible there, in one body.

Thousands of names and thousands of locations each fit into the limit of tokens; memory and time
grow with their product.
"""

NOTHING: frozenset[str] = frozenset()

_UNSUPPORTED: dict[type[nodes.Node], tuple[str, str]] = {
    nodes.Extends: ("extends", "put the common text into partials and include them"),
    nodes.Block: ("block", "put the common text into partials and include them"),
    nodes.Import: ("import", "define the macro in the file that uses it"),
    nodes.FromImport: ("from", "define the macro in the file that uses it"),
    nodes.Scope: ("autoescape", "prompts are plain text: leave the tag out"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """The context of a statement.

    Attributes:
        role: the role of the open message, if any.
        role_fault: why no message may be opened here; None if one may.
        buffered: whether printed text is captured (by `set`, `filter` or a macro).
        depth: how many blocks are around it.
    """

    role: str | None = None
    role_fault: str | None = None
    buffered: bool = False
    depth: int = 0


Scope = dict[str, tuple[frozenset[str], bool]]
"""Names that the template has set: the inputs in their value, and whether they are set on every
path.
"""


def inspect(
    path: str, source: str, *, partial: bool, first_line: int
) -> tuple[Analysis, nodes.Template | None, TemplateSource]:
    """Return the result of `analyze`, and the tree (None after a syntax error) with its text."""
    body = TemplateSource(path, source, first_line)
    try:
        tree, tokens = parse(body)
        require_depth(tree)
        analysis = _TemplateReader(body, tokens, partial=partial).read(tree)
    except SyntaxFault as fault:
        return Analysis(problems=_list_faults(body, fault)), None, body
    except TooDeep as fault:
        return Analysis(problems=(nesting_problem(body, fault),)), None, body
    except TooLarge as fault:
        return Analysis(problems=(size_problem(body, fault),)), None, body
    return analysis, tree, body


def _list_faults(body: TemplateSource, first: SyntaxFault) -> tuple[TemplateProblem, ...]:
    """Return every syntax fault of a body, of which `first` is one."""
    from promptops.prompt.template.languages import recognize
    from promptops.prompt.template.recovery import find_faults

    language = recognize(body.text)
    return tuple(
        syntax_problem(
            body, one.fault, body.text[one.start : one.end], language, is_foreign=one.is_foreign
        )
        for one in find_faults(body, first)[:MAX_PROBLEMS]
    )


class _TemplateReader:
    """Walks over one tree and collects the parts of an `Analysis`."""

    def __init__(self, body: TemplateSource, tokens: Tokens, *, partial: bool) -> None:
        self.body = body
        self.partial = partial
        self.tags = _tag_spans(tokens)
        self.tag_starts = [start for start, _ in self.tags]
        self.problems: list[tuple[int, TemplateProblem]] = []
        self.reported: set[int] = set()
        self.stray: list[tuple[int, int]] = []
        self.includes: list[Include] = []
        self.roles: list[tuple[str, Position]] = []
        self.histories: list[tuple[str, Position]] = []
        self.undeclared: dict[str, list[Position]] = {}
        self.assigned: set[str] = set()
        self.uses: list[Use] = []
        self.steps = 0
        # The macros of the current block, and of the blocks around each open macro.
        self.macros: frozenset[str] = NOTHING
        self.callable: list[frozenset[str]] = []

    def read(self, tree: nodes.Template) -> Analysis:
        fault = "a partial" if self.partial else None
        self.block(tree.body, {}, Place(role_fault=fault))
        if (self.roles or self.histories) and not self.partial:
            hint = "move it into a message, or put it into a comment: `{# ... #}`"
            for start, end in self.stray:
                self.problem(
                    "stray-text", "text outside of the messages", hint, start=start, end=end
                )
        self.problems.sort(key=lambda item: item[0])
        return Analysis(
            problems=tuple(problem for _, problem in self.problems[:MAX_PROBLEMS]),
            includes=tuple(self.includes),
            roles=tuple(self.roles),
            histories=tuple(self.histories),
            undeclared={name: tuple(places) for name, places in self.undeclared.items()},
            assigned=frozenset(self.assigned),
            uses=tuple(self.uses),
        )

    # Positions and problems

    def tag(self, offset: int) -> tuple[int, int]:
        """Return start and end of the tag or expression around an offset."""
        index = bisect_right(self.tag_starts, offset) - 1
        return self.tags[index] if index >= 0 else (offset, offset)

    def problem(
        self, kind: str, message: str, hint: str | None, *, start: int, end: int | None = None
    ) -> None:
        if end is None:
            start, end = self.tag(start)
        position = self.body.position(start, end)
        self.problems.append((start, TemplateProblem(kind, message, hint, position)))

    def spend(self, steps: int, offset: int) -> None:
        """Count the cost of a location; raises `TooLarge` over the limit."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise TooLarge(offset)

    def enter(self, scope: Scope, offset: int) -> Scope:
        """Return a copy of a scope for a block."""
        self.spend(len(scope), offset)
        return dict(scope)

    # Statements

    def block(self, body: Sequence[nodes.Node], scope: Scope, place: Place) -> frozenset[str]:
        """Read statements in order; return the inputs that they print."""
        printed: set[str] = set()
        outer = self.macros
        self.macros = frozenset(node.name for node in body if isinstance(node, nodes.Macro))
        for node in body:
            printed |= self.statement(node, scope, place)
        self.macros = outer
        return frozenset(printed)

    def message(self, node: nodes.FilterBlock, scope: Scope, place: Place) -> frozenset[str]:
        """Read a role tag or `{% history %}`, which are parsed as filter blocks with reserved
        names.
        """
        name = str(node.filter.args[-1].as_const())
        position = self.body.position(*self.tag(node.lineno))
        if node.filter.name == HISTORY:
            self.require_open_place("history", node.lineno, place)
            self.histories.append((name, position))
            return self.read_value(node.filter.args[0], scope, place)
        self.require_open_place(name, node.lineno, place)
        self.roles.append((name, position))
        inner = self.enter(scope, node.lineno)
        return self.block(node.body, inner, replace(place, role=name))

    def require_open_place(self, tag: str, offset: int, place: Place) -> None:
        around = f"the message `{place.role}`" if place.role else place.role_fault
        if around is not None:
            message = f"`{tag}` inside {around}"
            hint = "write messages at the top of a prompt or in `for`, `if` and `with`"
            self.problem("misplaced-role", message, hint, start=offset)

    def statement(self, node: nodes.Node, scope: Scope, place: Place) -> frozenset[str]:
        match node:
            case nodes.Output():
                return self.output(node, scope, place)
            case nodes.For():
                return self.for_loop(node, scope, place)
            case nodes.If():
                return self.condition(node, scope, place)
            case nodes.Assign():
                self.assign(node.target, self.read_value(node.node, scope, place), scope)
                return NOTHING
            case nodes.With():
                return self.with_block(node, scope, place)
            case nodes.Include():
                return self.include(node, scope, place)
            case nodes.Macro():
                return self.macro(node, scope, place)
            case nodes.FilterBlock() if node.filter.name in {MESSAGE, HISTORY}:
                return self.message(node, scope, place)
            case nodes.AssignBlock() | nodes.FilterBlock() | nodes.CallBlock():
                return self.buffered_block(node, scope, place)
            case _:
                self.unsupported(node)
                return NOTHING

    def unsupported(self, node: nodes.Node) -> None:
        tag, hint = _UNSUPPORTED.get(type(node), ("this tag", "remove it"))
        kind = "unsupported-include" if tag in {"extends", "import", "from"} else "unsupported-tag"
        # The node around `autoescape` is the only one in Jinja without a line.
        offset = next(_offsets(node), 0) if isinstance(node, nodes.Scope) else node.lineno
        self.problem(kind, f"`{tag}` is not available in prompts", hint, start=offset)

    def output(self, node: nodes.Output, scope: Scope, place: Place) -> frozenset[str]:
        printed: set[str] = set()
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                self.data(child, place)
            else:
                self.maybe_stray(*self.tag(child.lineno), place)
                printed |= self.read_value(child, scope, place, printed=True)
        return frozenset(printed)

    def data(self, node: nodes.TemplateData, place: Place) -> None:
        stripped = node.data.strip(WHITE_SPACE)
        if stripped:
            start = node.lineno + node.data.index(stripped)
            self.maybe_stray(start, start + len(stripped.partition("\n")[0]), place)

    def maybe_stray(self, start: int, end: int, place: Place) -> None:
        if place.role is None and not place.buffered and len(self.stray) < MAX_PROBLEMS:
            self.stray.append((start, end))

    def for_loop(self, node: nodes.For, scope: Scope, place: Place) -> frozenset[str]:
        origins = self.read_value(node.iter, scope, place)
        inner = self.enter(scope, node.lineno)
        self.require_free_loop(node)
        self.assign(node.target, origins, inner)
        if node.test is not None:
            self.read_value(node.test, inner, place)
        inner["loop"] = (NOTHING, True)
        inside = place
        if node.recursive:
            inside = replace(place, role_fault="a recursive loop")
        printed = self.block(node.body, inner, inside)
        return printed | self.block(node.else_, self.enter(scope, node.lineno), place)

    def require_free_loop(self, node: nodes.For) -> None:
        """Report an assignment to `loop`, which Jinja reserves inside a loop and its `else`."""
        for name in node.find_all(nodes.Name):
            if name.name == "loop" and name.ctx == "store" and name.lineno not in self.reported:
                self.reported.add(name.lineno)
                message = "`loop` cannot be set inside a loop"
                self.problem("reserved-name", message, "rename it", start=name.lineno)

    def condition(self, node: nodes.If, scope: Scope, place: Place) -> frozenset[str]:
        self.read_value(node.test, scope, place)
        branches = [self.enter(scope, node.lineno)]
        printed = self.block(node.body, branches[0], place)
        for branch in node.elif_:
            self.read_value(branch.test, scope, place)
            branches.append(self.enter(scope, branch.lineno))
            printed |= self.block(branch.body, branches[-1], place)
        branches.append(self.enter(scope, node.lineno))
        printed |= self.block(node.else_, branches[-1], place)
        changed = {
            name
            for branch in branches
            for name, known in branch.items()
            if scope.get(name) is not known
        }
        for name in sorted(changed):
            found = [branch[name] for branch in branches if name in branch]
            origins = NOTHING.union(*(origin for origin, _ in found))
            surely = len(found) == len(branches) and all(sure for _, sure in found)
            self.spend(len(found) * (1 + len(origins)), node.lineno)
            scope[name] = (origins, surely)
        return printed

    def with_block(self, node: nodes.With, scope: Scope, place: Place) -> frozenset[str]:
        inner = self.enter(scope, node.lineno)
        for target, value in zip(node.targets, node.values, strict=True):
            self.assign(target, self.read_value(value, scope, place), inner)
        return self.block(node.body, inner, place)

    def include(self, node: nodes.Include, scope: Scope, place: Place) -> frozenset[str]:
        start, end = self.tag(node.lineno)
        literal = literal_include(self.body.text, start)
        if literal is None or node.ignore_missing or not node.with_context:
            self.problem(
                "unsupported-include",
                "only a literal path can be included",
                'write `{% include "_shared/tone.md" %}`, inside an `if` where it is optional',
                start=node.lineno,
            )
            return NOTHING
        fault = include_fault(literal[0])
        if fault is not None:
            hint = "write the path from the prompts folder, such as `_shared/tone.md`"
            self.problem("unsupported-include", fault, hint, start=node.lineno)
            return NOTHING
        self.maybe_stray(start, end, place)
        self.spend(len(scope), node.lineno)
        visible = {name: origins for name, (origins, surely) in scope.items() if surely}
        position = self.body.position(start, end)
        self.includes.append(Include(literal[0], position, place.role, visible))
        return NOTHING

    def macro(self, node: nodes.Macro, scope: Scope, place: Place) -> frozenset[str]:
        inner = self.enter(scope, node.lineno)
        inner |= dict.fromkeys(("varargs", "kwargs", "caller"), (NOTHING, True))
        self.parameters(node, inner, place)
        fault = f"the macro `{node.name}`"
        inside = replace(place, role=None, role_fault=place.role_fault or fault, buffered=True)
        # When the macro is called, it and all macros of the same block exist, later ones included.
        self.callable.append(self.macros)
        printed = self.block(node.body, inner, inside)
        self.callable.pop()
        scope[node.name] = (printed, True)
        self.assigned.add(node.name)
        return NOTHING

    def parameters(self, node: nodes.Macro | nodes.CallBlock, inner: Scope, place: Place) -> None:
        seen: set[str] = set()
        for argument in node.args:
            if argument.name in seen:
                message = f"the parameter `{argument.name}` is given twice"
                self.problem("syntax", message, "rename one of them", start=node.lineno)
            seen.add(argument.name)
        required = node.args[: len(node.args) - len(node.defaults)]
        if any(argument.name == "caller" for argument in required):
            message = "the parameter `caller` has no default"
            hint = "leave it out, or write `caller=none`"
            self.problem("reserved-name", message, hint, start=node.lineno)
        for default in node.defaults:
            self.read_value(default, inner, place)
        for argument in node.args:
            self.assign(argument, NOTHING, inner)

    def buffered_block(
        self,
        node: nodes.AssignBlock | nodes.FilterBlock | nodes.CallBlock,
        scope: Scope,
        place: Place,
    ) -> frozenset[str]:
        """Read a block whose text is captured: by a variable, a filter or a macro."""
        tag = {nodes.AssignBlock: "set", nodes.FilterBlock: "filter"}.get(type(node), "call")
        fault = place.role_fault or f"a `{tag}` block"
        inside = replace(place, role=None, role_fault=fault, buffered=True)
        inner = self.enter(scope, node.lineno)
        if isinstance(node, nodes.AssignBlock):
            origins = self.block(node.body, inner, inside)
            if node.filter is not None:
                origins |= self.read_value(node.filter, scope, place)
            self.assign(node.target, origins, scope)
            return NOTHING
        self.maybe_stray(*self.tag(node.lineno), place)
        if isinstance(node, nodes.CallBlock):
            printed = self.read_value(node.call, scope, place, printed=True)
            self.parameters(node, inner, place)
        else:
            printed = self.read_value(node.filter, scope, place, printed=True)
            # The block's text is printed here, so its inputs belong to this message.
            inside = replace(inside, role=place.role, buffered=place.buffered)
            inside = replace(inside, role_fault=fault)
        return printed | self.block(node.body, inner, inside)

    def assign(self, target: nodes.Node, origins: frozenset[str], scope: Scope) -> None:
        if isinstance(target, nodes.Name):
            scope[target.name] = (origins, True)
            self.assigned.add(target.name)
        elif isinstance(target, nodes.NSRef):
            known, surely = scope.get(target.name, (NOTHING, False))
            if not surely:
                self.read_name(target.name, target.lineno)
            scope[target.name] = (known | origins, True)
        elif isinstance(target, nodes.Tuple):
            for item in target.items:
                self.assign(item, origins, scope)

    # Expressions

    def read_value(
        self, node: nodes.Node, scope: Scope, place: Place, *, printed: bool = False
    ) -> frozenset[str]:
        """Read an expression; return the inputs in its value."""
        if isinstance(node, nodes.Name):
            return self.name(node, scope, place, printed=printed)
        if isinstance(node, nodes.CondExpr):
            self.read_value(node.test, scope, place)
            children: Iterable[nodes.Node] = filter(None, (node.expr1, node.expr2))
        else:
            children = node.iter_child_nodes()
        self.check_names(node)
        origins: set[str] = set()
        for child in children:
            origins |= self.read_value(child, scope, place, printed=printed)
        return frozenset(origins)

    def name(
        self, node: nodes.Name, scope: Scope, place: Place, *, printed: bool
    ) -> frozenset[str]:
        name = node.name
        if name in {"self", "super"}:
            message = f"`{name}` is not available in prompts"
            self.problem("reserved-name", message, "rename the input", start=node.lineno)
            return NOTHING
        origins, surely = scope.get(name, (NOTHING, False))
        surely = surely or any(name in macros for macros in self.callable)
        if not surely and (name in scope or name not in GLOBALS):
            position = self.read_name(name, node.lineno)
            origins |= {name}
        else:
            position = None
        if origins:
            self.spend(len(origins), node.lineno)
            position = position or self.name_position(name, node.lineno)
            reaches = printed and not place.buffered
            self.uses.extend(
                Use(origin, position, place.role, reaches) for origin in sorted(origins)
            )
        return origins

    def read_name(self, name: str, offset: int) -> Position:
        position = self.name_position(name, offset)
        self.undeclared.setdefault(name, []).append(position)
        return position

    def name_position(self, name: str, offset: int) -> Position:
        # A bare `{% history %}` reads an input that it does not name.
        written = self.body.text.startswith(name, offset)
        return self.body.position(offset, offset + len(name) if written else offset)

    def check_names(self, node: nodes.Node) -> None:
        """Report unknown filters and tests, and expressions that Jinja compiles to broken code."""
        if isinstance(node, nodes.Filter):
            self.known("filter", node.name, ENVIRONMENT.filters, node.lineno)
        elif isinstance(node, nodes.Const) and node.value in {inf, -inf}:
            message = "the number is too large"
            self.problem("syntax", message, "write a smaller one", start=node.lineno)
        elif isinstance(node, nodes.Test):
            self.known("test", node.name, ENVIRONMENT.tests, node.lineno)
        if isinstance(node, (nodes.Filter, nodes.Test, nodes.Call)):
            keys = [keyword.key for keyword in node.kwargs]
            if len(set(keys)) < len(keys):
                message = "an argument is given twice"
                self.problem("syntax", message, "remove one of them", start=node.lineno)

    def known(self, kind: str, name: str, names: Mapping[str, object], offset: int) -> None:
        if name in names:
            return
        hint: str | None = None
        if kind == "filter":
            hint = REMOVED_FILTERS.get(name)
        if hint is None:
            near = nearest(name, [known for known in names if " " not in known])
            hint = f"did you mean `{near}`?" if near else None
        self.problem(f"unknown-{kind}", f"there is no {kind} `{name}`", hint, start=offset)


def _offsets(node: nodes.Node) -> Iterator[int]:
    for child in node.iter_child_nodes():
        if child.lineno is not None:
            yield int(child.lineno)


def _tag_spans(tokens: Tokens) -> list[tuple[int, int]]:
    """Return start and end of every tag and expression, in text order."""
    spans = []
    start = 0
    for index, kind in enumerate(tokens.kinds):
        if kind in {"block_begin", "variable_begin"}:
            start = tokens.starts[index]
        elif kind in {"block_end", "variable_end"}:
            # Jinja includes the white space that it drops after a tag in the tag.
            closed = tokens.source.text[start : tokens.ends[index]].rstrip()
            spans.append((start, start + len(closed)))
    return spans
