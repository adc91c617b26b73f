"""Prompts whose cost has no upper bound although spending is limited.

Checks only prompts for which `[guards]` limits spending or tokens.

## Finds

A prompt without `max_tokens`, and each model without a known price that the prompt may call. A free
model needs no `max_tokens`, unless tokens are limited.

## Why

Before each call, its maximum cost is reserved. If that is unknown, every run is refused.

## Example

    model: ours/large

with a limit on spending in `promptops.toml`:

    [guards]
    spend_per_hour = 20

## Instead

    model: ours/large
    max_tokens: 800

and in `promptops.toml`:

    [models.ours]
    base_url = "https://models.example.com/v1"
    input_price = 0.5
    output_price = 1.5
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.checks.rule import CheckGroup, CheckRule, CheckScope
from promptops.checks.subject import model_places
from promptops.errors import quote
from promptops.prompt.finding import Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptops.checks.subject import CostLimits, PromptSubject

RULE = CheckRule(CheckScope.PROMPT, CheckGroup.METADATA, Severity.ERROR)


def check(subject: PromptSubject) -> Iterator[Problem]:
    """Report the missing limit on answers, then each model without a price."""
    limits = subject.context.find_limits(subject.name)
    if limits is None:
        return
    data, is_free = subject.closure.document.data, subject.context.is_free
    guard = find_refusing_guard(data, limits, is_free)
    if guard is not None:
        yield Problem(
            f"the prompt has no max_tokens, and {guard} is set",
            subject.path,
            None,
            "add max_tokens, the limit on tokens of an answer",
        )
    if limits.spending is None:
        return
    for place, model in model_places(data):
        if is_free(model) is None:
            message = f"the price of {quote(model)} is unknown, and {limits.spending} is set"
            hint = "add input_price and output_price, or free = true, to its table in [models]"
            yield subject.problem(message, place, hint)


def find_refusing_guard(
    data: Mapping[str, Any], limits: CostLimits, is_free: Callable[[str], bool | None]
) -> str | None:
    """Return the limit that a prompt needs `max_tokens` for and that it is without, or None."""
    if _bounds_answers(data):
        return None
    if limits.tokens is None and all(is_free(model) for _, model in model_places(data)):
        return None
    return limits.tokens or limits.spending


def _bounds_answers(data: Mapping[str, Any]) -> bool:
    """Return whether the request says how long an answer may be."""
    more = data.get("parameters")
    other = more.get("max_completion_tokens") if isinstance(more, dict) else None
    return "max_tokens" in data or isinstance(other, int)
