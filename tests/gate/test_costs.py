"""What a change of a prompt does to its tokens and price."""

from __future__ import annotations

import pytest

from promptops.gate.costs import PromptCost, describe_costs, measure, measure_change
from promptops.prompt.tokens import estimate_tokens
from promptops.repository.prices import Price, Step
from tests.gate.pieces import edit, prompt, propose
from tests.prompts import prompt_text

TEXT = "Answer the customer's question in a friendly way, and say when you do not know."


class Prices:
    """The same price for every model but one."""

    def __init__(self, price: Price) -> None:
        self._price = price

    def find(self, model: str) -> Price | None:
        return None if model == "own/x" else self._price


CHEAP = Prices(Price(input=1_000_000, output=10_000_000, cached=0, source="x"))


def cost(text: str, prices: Prices = CHEAP) -> PromptCost:
    return measure(prompt(text), prices)  # type: ignore[arg-type]


def test_tags_cost_nothing_and_both_branches_count() -> None:
    plain = cost(prompt_text(body=TEXT))
    assert plain.tokens == estimate_tokens(TEXT)
    # A micro-dollar a token, a thousand times.
    assert plain == PromptCost(plain.tokens, None, plain.tokens * 1_000)
    assert cost(prompt_text(body=TEXT + "{{ question }}")) == plain
    both = f"{{% if question %}}{TEXT}{{% else %}}{TEXT}{{% endif %}}"
    assert cost(prompt_text(body=both)).tokens == 2 * plain.tokens


def test_the_longest_answer_counts_where_it_is_limited() -> None:
    short, long = (cost(prompt_text(body=TEXT, max_tokens=str(n))) for n in (10, 20))
    assert (short.answer, long.answer) == (10, 20)
    assert short.micros is not None
    assert long.micros == short.micros + 10 * 10 * 1_000


def test_a_price_of_long_requests_is_not_reached_by_a_thousand_short_ones() -> None:
    step = Step(above=1_000, input=9_000_000, output=9_000_000, cached=0)
    prices = Prices(Price(1_000_000, 10_000_000, 0, "x", step=step))
    assert cost(prompt_text(body=TEXT), prices) == cost(prompt_text(body=TEXT))


def test_each_valid_side_of_each_prompt_is_measured() -> None:
    known, unknown = prompt_text(body=TEXT), prompt_text("1.1.0", TEXT, model="own/x")
    change = propose(
        edit(None, known, name="new"),
        edit(known, "---\nversion: one\n---\n", name="broken"),
        edit(known, unknown, name="moved"),
    )
    one = cost(known)
    assert measure_change(change, CHEAP) == {  # type: ignore[arg-type]
        "new": (None, one),
        "broken": (one, None),
        "moved": (one, one._replace(micros=None)),
    }


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            PromptCost(61, None, 250_000),
            PromptCost(1_074, None, 255_000),
            ("61 -> 1,074", "$0.25 -> $0.26"),
        ),
        (PromptCost(61, None, 250_000), PromptCost(61, None, 250_000), ("61", "$0.25")),
        (None, PromptCost(61, None, None), ("61", "")),
        (PromptCost(61, None, 250_000), PromptCost(74, None, None), ("61 -> 74", "")),
        (PromptCost(61, None, 250_000), None, ("", "")),
    ],
)
def test_costs_in_words(
    before: PromptCost | None, after: PromptCost | None, told: tuple[str, str]
) -> None:
    assert describe_costs(before, after) == told
