"""Prompts that can grow larger than what their model reads.

Off unless `promptops.toml` turns it on: it is an estimate, based on LiteLLM's table of models.

## Finds

A prompt whose text, partials and longest allowed input values together have more tokens than the
model's context window. The count is a low estimate: one token for five letters of English.

## Why

The call fails for the callers with the longest inputs.

## Example

    model: openai/gpt-4
    inputs: {book: {type: string, maxLength: 1000000}}

## Instead

    model: openai/gpt-4
    inputs: {chapter: {type: string, maxLength: 20000}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.models import find_model
from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import read_uses
from promptops.prompt.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.checks.subject import PromptSubject
    from promptops.prompt.finding import Problem

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.TEMPLATE, Severity.WARNING, is_on=False)
_LETTERS_PER_TOKEN = 5


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report the model of a prompt that can be too large for it."""
    written = subject.closure.document.data.get("model")
    model = find_model(written) if isinstance(written, str) else None
    if model is None or not model.window:
        return
    letters = sum(len(subject.text(path)) for path in subject.analyses)
    limits = {name: subject.input_schema(name).get("maxLength", 0) for name in subject.inputs}
    for _, use, _, sources in read_uses(subject):
        if use.printed:
            found = [limits.get(name, 0) for name in sources]
            letters += max((one for one in found if isinstance(one, int)), default=0)
    tokens = letters // _LETTERS_PER_TOKEN
    if tokens > model.window:
        message = (
            f"this can reach {tokens:,} tokens, and the context window of {model.name} "
            f"has {model.window:,}"
        )
        hint = "limit the inputs, shorten the text, or choose a model with a larger window"
        yield subject.problem(message, ["model"], hint)
