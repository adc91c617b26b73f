"""Makes mutants: a module's source again and again, each time with one condition turned round.

What is turned: conditions of `if`, `while`, ternaries and comprehensions, and what functions that
give a truth value return (negated); `and` and `or` (exchanged, or one side dropped); comparisons
(to the opposite, and one off at the border); `not` (dropped); `any` and `all`; True and False,
as defaults too; and the statements that only do something: a call, a `yield`, a `continue`, a
`break`, an early `return` (left out).
"""

from __future__ import annotations

import ast
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_OTHERS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Lt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
}
_QUANTIFIERS = {"any": "all", "all": "any"}
# Where nothing is decided: annotations, and what is said about a definition from outside.
_SKIPPED = frozenset({"annotation", "returns", "decorator_list", "bases", "keywords"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one fault.

    Attributes:
        module: its name.
        function: the outermost function or method with the fault; empty for the body of a class.
        line: where the fault is.
        before: what stands there.
        after: what the mutant has instead.
        code: the whole module, compiled.
    """

    module: str
    function: str
    line: int
    before: str
    after: str
    code: CodeType

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What names the mutant for as long as nobody changes that place."""
        return self.module, self.function, self.before, self.after


class _Site(NamedTuple):
    """A node, where it hangs, and the function around it."""

    node: ast.AST
    parent: ast.AST
    field: str
    place: int | None
    function: str
    is_truth: bool

    def put(self, node: ast.AST) -> None:
        if self.place is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.place] = node


def make_mutants(module: str, source: str) -> Iterator[Mutant]:
    """All mutants of a module, in the order of its lines."""
    tree = ast.parse(source)
    for site in list(_find_sites(tree, "", "", is_truth=False)):
        before = _describe(site.node)
        seen = {before}
        for node in _replace(site):
            after = _describe(node)
            if after in seen:
                continue
            seen.add(after)
            site.put(ast.fix_missing_locations(ast.copy_location(node, site.node)))
            code = compile(tree, f"<mutant of {module}>", "exec")
            line = getattr(site.node, "lineno", 0)
            yield Mutant(module, site.function, line, before, after, code)
        site.put(site.node)


def _find_sites(node: ast.AST, scope: str, function: str, *, is_truth: bool) -> Iterator[_Site]:
    """Everything below a node; `is_truth`: the function around it returns a truth value."""
    if isinstance(node, ast.FunctionDef):
        if not function:
            function = f"{scope}{node.name}"
        is_truth = isinstance(node.returns, ast.Name) and node.returns.id == "bool"
    elif isinstance(node, ast.ClassDef):
        scope = f"{scope}{node.name}."
    elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    for field, index, child in _children(node):
        if function or isinstance(node, ast.AnnAssign):
            yield _Site(child, node, field, index, function, is_truth)
        yield from _find_sites(child, scope, function, is_truth=is_truth)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    """What hangs below a node, and where, as far as anything is decided there."""
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return  # it guards what cannot be
    for field, value in ast.iter_fields(node):
        if field in _SKIPPED and not isinstance(node, ast.Call):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield field, index, child


def _replace(site: _Site) -> Iterator[ast.AST]:
    node = site.node
    if isinstance(node, ast.stmt):
        yield from _leave_out(site, node)
    if not isinstance(node, ast.expr):
        return
    yield from _turn(node)
    is_condition = (
        site.field in {"test", "ifs"}
        or (site.is_truth and isinstance(site.parent, ast.Return))
        or (isinstance(site.parent, ast.Return) and isinstance(node, ast.BoolOp | ast.Compare))
    )
    is_turned = isinstance(node, ast.Compare) and len(node.ops) == 1
    is_turned = is_turned or isinstance(node, ast.Constant)
    if is_condition and not is_turned and not _is_negation(node):
        yield ast.UnaryOp(ast.Not(), node)


def _turn(node: ast.expr) -> Iterator[ast.expr]:
    """The other readings of an expression, whatever it is used for."""
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            for other in _OTHERS[type(operator)]:
                changed = copy(node)
                changed.ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                yield changed
    elif isinstance(node, ast.BoolOp):
        other_operator = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield ast.BoolOp(other_operator, node.values)
        for index in range(len(node.values)):
            rest = node.values[:index] + node.values[index + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif _is_negation(node):
        yield node.operand  # type: ignore[attr-defined]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in _QUANTIFIERS:
            quantifier = ast.Name(_QUANTIFIERS[node.func.id], node.func.ctx)
            yield ast.Call(quantifier, node.args, node.keywords)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)


def _leave_out(site: _Site, node: ast.stmt) -> Iterator[ast.stmt]:
    """The statement as one that does nothing, where it is one whose value nobody uses."""
    match node:
        case ast.Expr(ast.Yield() | ast.YieldFrom()):
            # It must stay a generator.
            yield ast.If(ast.Constant(False), [node], [])
        case ast.Expr(ast.Call()) | ast.AugAssign() | ast.Continue() | ast.Break():
            yield ast.Pass()
        case ast.Return(None | ast.Constant(None)):
            is_last = isinstance(site.parent, ast.FunctionDef) and node is site.parent.body[-1]
            if not is_last:
                yield ast.Pass()


def _is_negation(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _describe(node: ast.AST) -> str:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Constant):
        return "pass"
    return ast.unparse(node)
