"""Parameters that the prompt's model does not accept.

Off unless `promptops.toml` turns it on: providers change what models accept, and the table is
LiteLLM's as of this release of promptops.

## Finds

`temperature`, `top_p`, `stop`, `seed`, `tools` or `output` for a model that refuses it, and a
`max_tokens` above the longest answer that the model can give.

## Why

The call fails, or the parameter is dropped and the prompt does not do what its file says.

## Example

    model: anthropic/claude-haiku-4-5
    seed: 7

## Instead

    model: anthropic/claude-haiku-4-5
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.models import find_model
from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.finding import Problem

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.METADATA, Severity.WARNING, is_on=False)
_KEYS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "max_tokens",
    "stop": "stop",
    "seed": "seed",
    "tools": "tools",
    "output": "response_format",
}


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report each such key at its value."""
    data = subject.closure.document.data
    written = data.get("model")
    model = find_model(written) if isinstance(written, str) else None
    if model is None:
        return
    for key, parameter in _KEYS.items():
        if key in data and parameter in model.refused:
            message = f"{model.name} does not take '{key}'"
            yield subject.problem(message, [key], "remove it, or choose another model")
    most = data.get("max_tokens")
    longest = model.longest_answer
    if isinstance(most, int) and longest and most > longest:
        message = f"{model.name} returns at most {longest:,} tokens"
        yield subject.problem(message, ["max_tokens"], f"write {longest} or less")
