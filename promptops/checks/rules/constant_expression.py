"""Expressions of numbers only, which were probably meant as text.

## Finds

A printed expression of numbers and operators, without names or strings, such as `{{ 7 * 7 }}`.

## Why

The model reads the result. Authors usually mean the characters themselves, for example where a
prompt describes template injection.

## Example

    Refuse inputs such as {{7*7}}.

## Instead

    Refuse inputs such as {% raw %}{{7*7}}{% endraw %}.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import find_place
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.TEMPLATE, Severity.WARNING)
_CONSTANT = re.compile(r"\{\{[-+]?\s*(?=[^{}]*\d)[\d\s.()*/%+-]+\}\}", re.ASCII)
_LITERAL = re.compile(r"\{%[-+]?\s*raw\b.*?endraw\s*[-+]?%\}|\{#.*?#\}", re.DOTALL)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such expression."""
    for path in subject.analyses:
        text = subject.text(path)
        if _CONSTANT.search(text) is None:
            continue
        seen = _LITERAL.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        for match in _CONSTANT.finditer(seen):
            if "\n" in match[0]:
                continue
            place = find_place(text, subject.first_line(path), *match.span())
            hint = "to send the characters, put them between `{% raw %}` and `{% endraw %}`"
            yield Problem(f"{match[0]} prints its result", path, place, hint)
