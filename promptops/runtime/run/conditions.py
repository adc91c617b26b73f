"""Evaluate conditions of routes, escalation and review in the template sandbox.

A condition is the expression between `{% if` and `%}`; `find_faults` refuses anything else.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from promptops.prompt.template import CompiledTemplate

if TYPE_CHECKING:
    from collections.abc import Mapping


def holds(path: str, condition: str, values: Mapping[str, object]) -> bool:
    """Return whether a condition holds for these values.

    Args:
        path: the prompt's file, for errors.
        condition: the expression.
        values: the values of its names: plain JSON.

    Raises:
        TemplateError: it reads an undefined name, or does something forbidden.
    """
    message = _compile(path, condition).render(values)[0]
    return message["content"] == "yes"


@lru_cache(maxsize=1024)
def _compile(path: str, condition: str) -> CompiledTemplate:
    # The newline ends a comment in the expression, which could otherwise hide the tag's end.
    return CompiledTemplate(path, f"{{% if {condition}\n%}}yes{{% else %}}no{{% endif %}}", {})
