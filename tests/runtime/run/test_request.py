"""Which requests are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.repository.prices import Price
from promptops.repository.settings.cache import CacheSettings
from promptops.runtime.models.model import Request
from promptops.runtime.run.interface import Caller
from promptops.runtime.run.request import Bounds, cache_key, estimate, name_request
from tests.runtime.run.pieces import PROMPT, make_course, make_facts, make_prompt

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider

ASKED = {"text": "x"}


def test_what_differs_is_asked(cached: Registry, team: Repo, near: Provider) -> None:
    cached.run("c@working", ASKED)
    cached.run("c@working", {"text": "y"})
    cached.run("c@working", ASKED, tenant="acme")
    cached.run("c@working", ASKED, model="near/other")
    caller = Caller(environment="eval")
    cached.open_runner().run("c@working", ASKED, caller, None)
    assert len(near.requests) == 5


@pytest.mark.parametrize("more", ["", "temperature: 0.5\n"])
def test_sampled_answers_are_not_kept_unless_asked_for(
    team: Repo, cached: Registry, near: Provider, more: str
) -> None:
    team.write("prompts/s.md", PROMPT.format(more=more))
    cached.run("s@working", ASKED)
    cached.run("s@working", ASKED)
    assert len(near.requests) == 2
    config = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", f"{config}sampled = true\n")
    with promptops.open(team.path) as registry:
        registry.run("s@working", ASKED)
        registry.run("s@working", ASKED)
    assert len(near.requests) == 3


def test_nothing_is_kept_without_the_table(registry: Registry, team: Repo, near: Provider) -> None:
    team.write("prompts/c.md", PROMPT.format(more="temperature: 0\n"))
    registry.run("c@working", ASKED)
    registry.run("c@working", ASKED)
    assert len(near.requests) == 2


MESSAGES = ({"role": "user", "content": "x"},)
# Micro-dollars for a million tokens.
PRICE = Price(1_000_000, 2_000_000, 500_000, "test")
FREE = Price(0, 0, 0, "test", is_free=True)


def request(model: str = "m", **parameters: Any) -> Request:
    return Request(model, MESSAGES, parameters)


@pytest.mark.parametrize(
    ("price", "parameters", "tokens", "cost", "lacking"),
    [
        (PRICE, {"max_tokens": 20}, 120, 140, ""),
        (PRICE, {"max_tokens": 20, "n": 3}, 160, 220, ""),
        (PRICE, {"max_tokens": 20, "max_completion_tokens": 30}, 130, 160, ""),
        (PRICE, {}, None, None, "max_tokens"),
        (PRICE, {"max_tokens": "20"}, None, None, "max_tokens"),
        (PRICE, {"max_tokens": 20, "n": None}, None, None, "max_tokens"),
        (None, {"max_tokens": 20}, 120, None, "a price of m"),
        (None, {}, None, None, "a price of m and max_tokens"),
        (FREE, {}, None, 0, "max_tokens"),
    ],
)
def test_a_request_is_bounded_by_its_price_and_the_length_of_its_answers(
    price: Price | None,
    parameters: dict[str, Any],
    tokens: int | None,
    cost: int | None,
    lacking: str,
) -> None:
    bounds = estimate(request(**parameters), make_facts(price=lambda _model: price))
    assert bounds == Bounds(100, tokens, cost, lacking)


def test_equal_requests_have_one_name_and_others_another() -> None:
    names = {
        name_request(one)
        for one in (
            request(a=1, b=2),
            request("other", a=1, b=2),
            request(a=1, b=3),
            Request("m", (*MESSAGES, *MESSAGES), {"a": 1, "b": 2}),
            Request("m", ({"role": "user", "content": "half \ud800"},), {"a": {1, 2}}),
        )
    }
    assert len(names) == 5
    assert name_request(request(b=2, a=1)) in names


CACHED = make_facts(cache=CacheSettings(60))


def test_an_answer_is_cached_for_a_tenant_and_a_text_of_the_prompt() -> None:
    course, asked = make_course(make_prompt(), tenant="acme"), request(temperature=0)
    key = cache_key(asked, course, CACHED)
    assert key is not None
    others = [
        cache_key(asked, make_course(make_prompt(), tenant=None), CACHED),
        cache_key(asked, make_course(make_prompt("Say {{ question }}"), tenant="acme"), CACHED),
        cache_key(request("other", temperature=0), course, CACHED),
    ]
    assert len({key, *others}) == 4
    another_user = make_course(make_prompt(), tenant="acme", user="u-2")
    assert cache_key(asked, another_user, CACHED) == key


@pytest.mark.parametrize(
    ("settings", "parameters", "counted_in", "is_cached"),
    [
        (CacheSettings(60), {"temperature": 0}, None, True),
        (CacheSettings(60), {"temperature": 0.1}, None, False),
        (CacheSettings(60), {}, None, False),
        (CacheSettings(60, is_for_sampled=True), {}, None, True),
        (CacheSettings(60), {"temperature": 0}, "eval", False),
        (CacheSettings(0), {"temperature": 0}, None, False),
    ],
)
def test_only_answers_that_would_come_again_are_cached(
    settings: CacheSettings,
    parameters: dict[str, Any],
    counted_in: str | None,
    *,
    is_cached: bool,
) -> None:
    course = make_course(make_prompt())
    course.counted_in = counted_in
    key = cache_key(request(**parameters), course, make_facts(cache=settings))
    assert (key is not None) == is_cached
