"""Estimate a prompt's tokens and cost before and after a change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from promptops.prompt.diff.flow import read_flow
from promptops.prompt.tokens import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.gate.rules import Change
    from promptops.prompt.prompt import Prompt
    from promptops.repository.prices import Prices

COSTS_NOTE = (
    "Tokens are estimates of the prompt's own text, without inputs; the price of 1,000 runs is "
    "theirs and that of answers of max_tokens."
)
_RUNS = 1_000
_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


class PromptCost(NamedTuple):
    """The estimated cost of one version of a prompt.

    Attributes:
        tokens: the tokens of its text, without inputs.
        answer: the tokens of the longest answer, its `max_tokens`; None without one.
        micros: the cost of 1,000 runs in micro-dollars, without inputs and with the longest
            answers; answers are left out without `max_tokens`. None if the model's price is
            unknown.
    """

    tokens: int
    answer: int | None
    micros: int | None


Costs: TypeAlias = "Mapping[str, tuple[PromptCost | None, PromptCost | None]]"
"""Prompt name -> cost before and after a change."""


def measure_change(change: Change, prices: Prices) -> Costs:
    """Return the cost of every valid prompt of a change, on both sides."""
    return {
        one.name: (
            measure(one.before.prompt, prices) if one.before and one.before.prompt else None,
            measure(one.after.prompt, prices) if one.after and one.after.prompt else None,
        )
        for one in change.prompts
    }


def measure(prompt: Prompt, prices: Prices) -> PromptCost:
    """Return a prompt's cost. Both branches of a condition count, and a loop counts once."""
    texts = [element.text for element in read_flow(prompt).elements]
    tokens = sum(estimate_tokens(_TAGS.sub("", text)) for text in texts)
    answer = prompt.parameters.get("max_tokens")
    answer = answer if isinstance(answer, int) else None
    price = prices.find(prompt.model)
    if price is None:
        return PromptCost(tokens, answer, None)
    # Round the total, not each run.
    micros = price.cost(tokens * _RUNS, (answer or 0) * _RUNS)
    if price.step is not None and tokens <= price.step.above < tokens * _RUNS:
        micros = price.cost(tokens, answer or 0) * _RUNS
    return PromptCost(tokens, answer, micros)


def describe_costs(before: PromptCost | None, after: PromptCost | None) -> tuple[str, str]:
    """Return tokens and dollars in words: `61 -> 74`, `$0.25 -> $0.26`; empty where unknown."""
    tokens = _arrow(*(None if one is None else f"{one.tokens:,}" for one in (before, after)))
    money = _arrow(
        *(
            None if one is None or one.micros is None else f"${one.micros / 1_000_000:,.2f}"
            for one in (before, after)
        )
    )
    return tokens, money


def _arrow(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return after or ""
    return before if before == after else f"{before} -> {after}"
