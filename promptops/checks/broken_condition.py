"""Conditions of routes, escalations and reviews that cannot be evaluated.

## Finds

A `when` that is not a Jinja expression, and a route's `when` that reads something other than a
declared input.

## Why

The condition fails at run time, on the very call that it should have decided.

## Example

    routes:
      - {when: "langauge == 'de'", prompt: support/triage-de}
    inputs: {language: string}

## Instead

    routes:
      - {when: "language == 'de'", prompt: support/triage-de}
    inputs: {language: string}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.finding import Severity
from promptops.frontmatter import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.finding import Problem
    from promptops.template import Analysis

SEVERITY = Severity.ERROR


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each condition that does not parse, and each unknown input in a route's."""
    for place, condition in _conditions(subject):
        analysis = _analyze(subject, condition)
        if analysis.problems:
            said = analysis.problems[0]
            yield subject.problem(f"not an expression: {said.message}", place, said.hint)
        elif place[0] == "routes":
            for name in analysis.undeclared:
                if name not in subject.inputs:
                    near = nearest(name, subject.inputs)
                    yield subject.problem(
                        f"the condition reads '{name}', which is no input",
                        place,
                        f"did you mean '{near}'?" if near else "declare it under 'inputs'",
                    )


def read_names(subject: PromptSubject) -> set[str]:
    """The names that the routes' conditions read."""
    return {
        name
        for place, condition in _conditions(subject)
        if place[0] == "routes"
        for name in _analyze(subject, condition).undeclared
    }


def _conditions(subject: PromptSubject) -> Iterator[tuple[list[str | int], str]]:
    data = subject.closure.document.data
    routes = data.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else ()):
        if isinstance(route, dict) and isinstance(route.get("when"), str):
            yield ["routes", index, "when"], route["when"]
    for key in ("escalate", "review"):
        rule = data.get(key)
        if isinstance(rule, dict) and isinstance(rule.get("when"), str):
            yield [key, "when"], rule["when"]


def _analyze(subject: PromptSubject, condition: str) -> Analysis:
    from promptops.template import analyze

    # In an `if` tag nothing but an expression can stand, not even the end of the tag.
    return analyze(subject.path, f"{{% if {condition} %}}{{% endif %}}", partial=True)
