"""Expressions that cannot work on the declared type of an input.

## Finds

A loop over a number, an attribute of a text, a filter, an operator or a comparison that fails for
every value of the type that an input is declared with.

## Why

Rendering fails whenever it gets there: either the expression or the declaration is wrong.

## Example

    inputs: {count: integer}
    ---
    {% for ticket in count %}{{ ticket }}{% endfor %}

## Instead

    inputs: {tickets: array}
    ---
    {% for ticket in tickets %}{{ ticket }}{% endfor %}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import nodes

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.TEMPLATE, Severity.ERROR)

_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_ONE_VALUE = frozenset({"integer", "number", "boolean"})
_METHODS = {"string": frozenset(dir(str)), "array": frozenset(dir(list))}
_OF_MANY = [
    "batch",
    "count",
    "dictsort",
    "first",
    "groupby",
    "items",
    "join",
    "last",
    "length",
    "list",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "slice",
    "sort",
    "sum",
    "unique",
]
# The input types on which each filter fails for every value.
_REFUSED = {
    **dict.fromkeys(_OF_MANY, _ONE_VALUE),
    "abs": frozenset({"string", "array", "object"}),
    "round": frozenset({"string", "array", "object"}),
    "dictsort": _ONE_VALUE | {"string", "array"},
    "items": _ONE_VALUE | {"string", "array"},
}
_ARITHMETIC = frozenset({"Sub", "Div", "FloorDiv", "Pow"})
_ORDER = frozenset({"gt", "gteq", "lt", "lteq"})
# A test or a default shows that the author knows that the value may be missing.
_ASKING = frozenset({"defined", "undefined"})
_DEFAULTS = frozenset({"default", "d"})
_OPENINGS = re.compile(r"\{[{%]")
_PLAIN_TAG = re.compile(
    r"\{\{-?\s*\w+\s*-?\}\}"
    r"|\{%-?\s*(?:(?:if|elif)\s+(?:not\s+)?\w+(?:\s+(?:and|or)\s+(?:not\s+)?\w+)*"
    r"|else|end\w+|system|user|assistant|include\s+\"[^\"{}]*\")\s*-?%\}"
)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such expression at the name of the input."""
    schemas = {name: subject.input_schema(name) for name in subject.inputs}
    typed = {name for name, schema in schemas.items() if _one_type(schema) in _WORDS}
    if not typed:
        return
    for path, analysis in subject.analyses.items():
        if analysis.is_plain:
            continue
        judged = typed.intersection(analysis.undeclared) - analysis.assigned
        if path != subject.path:
            # The including template sets this name, so it is not the input.
            judged -= {name for one in subject.analyses.values() for name in one.assigned}
        text = subject.text(path) if judged and not analysis.problems else ""
        if not text or _is_plain(text):
            continue
        from promptops.prompt.template.parsing import parse
        from promptops.prompt.template.source import TemplateSource

        first_line = subject.closure.document.body_line if path == subject.path else 1
        body = TemplateSource(path, text, first_line)
        known = {name: schemas[name] for name in judged}
        for name, offset, fault, hint in _faults(parse(body)[0], known):
            word = _WORDS[schemas[name]["type"]]
            is_written = body.text.startswith(name, offset)
            place = body.position(offset, offset + len(name) if is_written else offset + 1)
            yield Problem(f"'{name}' is {word}, {fault}", path, place, hint or _HINT)


def _one_type(schema: Mapping[str, Any]) -> str | None:
    kind = schema.get("type")
    return kind if isinstance(kind, str) else None


_HINT = "change the expression or the declared type"


def _is_plain(text: str) -> bool:
    """Return whether the body has only constructs that work with every type: no second parse is
    needed.

    These are printed names, conditions of bare names, includes and messages.
    """
    return len(_OPENINGS.findall(text)) == sum(1 for _ in _PLAIN_TAG.finditer(text))


_Fault = tuple[str, int, str, str | None]


def _faults(tree: nodes.Template, schemas: Mapping[str, Mapping[str, Any]]) -> Iterator[_Fault]:
    """Yield each failing expression: the input, its position, the reason, and the hint."""
    from jinja2 import nodes

    pending: list[nodes.Node] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, nodes.Test) and node.name in _ASKING:
            continue
        if isinstance(node, nodes.Filter) and node.name in _DEFAULTS:
            pending.extend(node.args)
            continue
        yield from _judge(node, schemas)
        pending.extend(node.iter_child_nodes())


def _judge(node: nodes.Node, schemas: Mapping[str, Mapping[str, Any]]) -> Iterator[_Fault]:
    from jinja2 import nodes

    if isinstance(node, nodes.BinExpr):
        yield from _operator_fault(node, schemas)
        return
    name, kind = _input_of(node, schemas)
    if name is None or kind is None:
        return
    fault = None
    match node:
        case nodes.For() if kind in _ONE_VALUE:
            fault = "which cannot be iterated"
        case nodes.FilterBlock() if kind in _ONE_VALUE | {"string"}:
            fault = "not a list of messages"
        case nodes.Call():
            fault = "which cannot be called"
        case nodes.Filter() if kind in _REFUSED.get(node.name, ()):
            fault = f"which the filter '{node.name}' cannot take"
        case nodes.Compare():
            fault = _comparison_fault(node, kind)
        case nodes.Getattr():
            yield from _attribute_fault(name, node.attr, schemas[name.name])
    if fault is not None:
        yield name.name, name.lineno, fault, None


def _input_of(
    node: nodes.Node, schemas: Mapping[str, Mapping[str, Any]]
) -> tuple[nodes.Name | None, str | None]:
    """Return the input in a node that is a bare name, and its type."""
    from jinja2 import nodes

    value: object = None
    match node:
        case nodes.For(iter=value):
            pass
        case nodes.FilterBlock(filter=nodes.Filter(name="inserted history", args=[value, *_])):
            pass
        case nodes.Call(node=value) | nodes.Filter(node=value) | nodes.Getattr(node=value):
            pass
        case nodes.Compare(expr=value):
            pass
    if isinstance(value, nodes.Name) and value.ctx == "load" and value.name in schemas:
        return value, str(schemas[value.name]["type"])
    return None, None


def _attribute_fault(
    name: nodes.Name, attribute: str, schema: Mapping[str, Any]
) -> Iterator[_Fault]:
    kind = schema["type"]
    if kind == "object":
        properties = schema.get("properties")
        is_closed = schema.get("additionalProperties") is False
        if not isinstance(properties, dict) or not is_closed or "patternProperties" in schema:
            return
        if attribute not in properties and attribute not in dir(dict):
            near = nearest(attribute, properties)
            hint = f"did you mean '{near}'?" if near else None
            yield name.name, name.lineno, f"which has no property '{attribute}'", hint
    elif kind in _ONE_VALUE or attribute not in _METHODS[kind]:
        yield name.name, name.lineno, f"which has no '{attribute}'", None


def _operator_fault(
    node: nodes.BinExpr, schemas: Mapping[str, Mapping[str, Any]]
) -> Iterator[_Fault]:
    from jinja2 import nodes

    operator = type(node).__name__
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(one, nodes.Name) or one.name not in schemas:
            continue
        kind = schemas[one.name]["type"]
        if operator in _ARITHMETIC and kind in {"string", "array", "object"}:
            yield one.name, one.lineno, "which does not support arithmetic", None
        elif operator == "Add" and isinstance(other, nodes.Const):
            value = other.value
            is_text, is_number = isinstance(value, str), isinstance(value, (int, float))
            if (kind == "string" and is_number) or (kind in _ONE_VALUE and is_text):
                fault = f"which cannot be added to {value!r}"
                yield one.name, one.lineno, fault, "join texts with '~'"


def _comparison_fault(node: nodes.Compare, kind: str) -> str | None:
    """Return why values of a type cannot be ordered relative to a constant; None if they can."""
    from jinja2 import nodes

    match node.ops:
        case [nodes.Operand(op=op, expr=nodes.Const(value=value))] if op in _ORDER:
            is_number = isinstance(value, (int, float))
            if isinstance(value, str) if kind == "string" else kind in _ONE_VALUE and is_number:
                return None
            return f"which cannot be compared with {value!r}"
    return None
