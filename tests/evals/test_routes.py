"""Routes: which prompts and models they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import InputError, NotFoundError
from promptops.evals.routes import follow_routes, list_models, list_reached, may_ask
from tests.evals.pieces import MODEL, resolve

if TYPE_CHECKING:
    from promptops.runtime.resolution import ResolvedPrompt

ROUTES = """
- {when: "question == 'small'", model: house/small}
- {when: "question == 'other'", prompt: other}
- {when: "question == 'fixed'", reply: Hello.}
- {when: "question == 'gone'", prompt: gone}"""
CIRCLE = """[{when: "question == 'any'", prompt: circle}]"""
PROMPTS = {
    "ask@working": resolve(routes=ROUTES, fallbacks="[house/spare]"),
    "other@working": resolve(
        "other", model="house/other", escalate="{model: house/large, when: \"'?' in output\"}"
    ),
    "circle@working": resolve("circle", routes=CIRCLE),
}


def find(ref: str) -> ResolvedPrompt:
    if ref not in PROMPTS:
        raise NotFoundError(f"there is no prompt {ref}")
    return PROMPTS[ref]


@pytest.mark.parametrize(
    ("question", "models"),
    [
        ("plain", [MODEL, "house/spare"]),
        ("small", ["house/small", "house/spare"]),
        ("other", ["house/other", "house/large"]),
        ("fixed", []),
    ],
)
def test_inputs_lead_to_models(question: str, models: list[str]) -> None:
    reached = follow_routes(PROMPTS["ask@working"], {"question": question}, find)
    assert reached.list_models() == models


def test_candidates_come_in_the_place_of_the_own_model() -> None:
    prompt = resolve(choose="{by: cost, among: [house/a, house/b]}")
    assert list_models(prompt) == ["house/a", "house/b", MODEL]


def test_routes_that_lead_in_a_circle_end() -> None:
    circle = PROMPTS["circle@working"]
    assert follow_routes(circle, {"question": "any"}, find).prompt is circle
    assert [one.name for one in list_reached(circle, find)] == ["circle"]


def test_inputs_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(InputError):
        follow_routes(PROMPTS["ask@working"], {"question": 7}, find)
    with pytest.raises(NotFoundError):
        follow_routes(PROMPTS["ask@working"], {"question": "gone"}, find)


def test_a_model_may_be_asked_wherever_routes_lead() -> None:
    ask = PROMPTS["ask@working"]
    assert list_models(ask) == [MODEL, "house/spare", "house/small"]
    assert may_ask(ask, "house/small", find)
    assert may_ask(ask, "house/large", find)
    assert not may_ask(PROMPTS["other@working"], "house/small", find)


def test_a_broken_route_leads_nowhere() -> None:
    assert [one.name for one in list_reached(PROMPTS["ask@working"], find)] == ["ask", "other"]
