"""What a prompt takes before and after a change: tokens of its own text, and money."""

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
    """What one version of a prompt takes, probably.

    Attributes:
        tokens: what it sends in every run, without inputs.
        answer: the tokens of the longest answer, its `max_tokens`; None without one.
        micros: micro-dollars of 1,000 runs with the longest answers, without inputs; without
            `max_tokens` answers are left out. None: the model's price is not known.
    """

    tokens: int
    answer: int | None
    micros: int | None


Costs: TypeAlias = "Mapping[str, tuple[PromptCost | None, PromptCost | None]]"
"""What prompts take before and after a change, by name."""


def measure_change(change: Change, prices: Prices) -> Costs:
    """Return what every valid prompt of a change takes on either side of it."""
    return {
        one.name: (
            measure(one.before.prompt, prices) if one.before and one.before.prompt else None,
            measure(one.after.prompt, prices) if one.after and one.after.prompt else None,
        )
        for one in change.prompts
    }


def measure(prompt: Prompt, prices: Prices) -> PromptCost:
    """Return what a prompt takes. Both branches of a condition count, and a loop counts once."""
    texts = [element.text for element in read_flow(prompt).elements]
    tokens = sum(estimate_tokens(_TAGS.sub("", text)) for text in texts)
    answer = prompt.parameters.get("max_tokens")
    answer = answer if isinstance(answer, int) else None
    price = prices.find(prompt.model)
    if price is None:
        return PromptCost(tokens, answer, None)
    # Rounded once, and not a thousand times.
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
