"""Template variables that take the name of an input.

## Finds

A loop variable, a macro, or a variable set by `set` or `with`, in the prompt or a partial, that has
the name of a declared input. Changing an input by itself (`{% set ticket = ticket | trim %}`) and
giving it a value under a condition are not reported.

## Why

From there on the name means something else than what the caller passed, and a reader cannot see
which of the two a line means.

## Example

    inputs: {ticket: string, tickets: array}
    ---
    {% for ticket in tickets %}{{ ticket }}{% endfor %}

## Instead

    inputs: {tickets: array}
    ---
    {% for ticket in tickets %}{{ ticket }}{% endfor %}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import nodes

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.TEMPLATE, Severity.WARNING)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each name where it is set."""
    if not subject.inputs:
        return
    for path, analysis in subject.analyses.items():
        taken = analysis.assigned.intersection(subject.inputs)
        if not taken or analysis.problems:
            continue
        from promptops.prompt.template.parsing import parse
        from promptops.prompt.template.source import TemplateSource

        is_main = path == subject.path
        first_line = subject.closure.document.body_line if is_main else 1
        body = TemplateSource(path, subject.text(path), first_line)
        for offset, name in sorted(set(_takings(parse(body)[0]))):
            if name in taken:
                start = body.text.find(name, offset)
                place = body.position(start, start + len(name))
                whose = "" if is_main else f" of {subject.name}"
                message = f"'{name}' shadows the input{whose}"
                yield Problem(message, path, place, "give it another name")


def _takings(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    """Yield every name that is assigned, with the offset from which to search for it."""
    from jinja2 import nodes

    pending: list[tuple[nodes.Node, bool]] = [(tree, False)]
    while pending:
        node, is_conditional = pending.pop()
        if isinstance(node, nodes.For):
            yield from _names(node.target, node.iter)
        elif isinstance(node, nodes.Macro):
            yield node.lineno, node.name
        elif isinstance(node, nodes.With):
            for target, value in zip(node.targets, node.values, strict=True):
                yield from _names(target, value)
        elif isinstance(node, (nodes.Assign, nodes.AssignBlock)) and not is_conditional:
            yield from _names(node.target, node)
        is_conditional = is_conditional or isinstance(node, nodes.If)
        pending.extend((child, is_conditional) for child in node.iter_child_nodes())


def _names(target: nodes.Node, value: nodes.Node) -> Iterator[tuple[int, str]]:
    """Yield the names that `target` assigns, except those that `value` reads."""
    from jinja2 import nodes

    read = {name.name for name in value.find_all(nodes.Name) if name.ctx == "load"}
    if isinstance(value, nodes.Name):
        read.add(value.name)
    found = [target] if isinstance(target, nodes.Name) else target.find_all(nodes.Name)
    for name in found:
        if name.name not in read:
            yield name.lineno, name.name
