"""The scenarios of a draft: valid, without repeats, spread over categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.evals.scenarios.collection import (
    ScenarioCollection,
    describe_refused,
)
from promptops.evals.scenarios.drafting import write_draft

if TYPE_CHECKING:
    from tests.repositories import Repo


from tests.evals.scenarios.pieces import WORDS, collect, make_scenario

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "name": JSON,
        "category": JSON,
        "inputs": st.fixed_dictionaries({}, optional={"question": JSON}) | JSON,
        "criteria": st.lists(st.text(max_size=9), max_size=3) | JSON,
    },
)


def test_what_is_not_valid_is_left_out_and_named(repo: Repo) -> None:
    collection = collect(repo, inputs="{question: {type: string, maxLength: 10}}")
    good = make_scenario("good", "Why?")
    bad: list[Any] = [
        "text",
        {**good, "name": " "},
        {**good, "name": ["x"]},
        {**good, "criteria": []},
        {**good, "inputs": {"other": 1}},
        {**good, "inputs": []},
        make_scenario("long", "a" * 11),
        {**good, "more": "x" * 200_001},
        {"name": "bare"},
    ]

    assert collection.check([good, *bad]) == [good]
    assert len(collection.refused) == len(bad)
    reasons = [one.reason for one in collection.refused]
    assert "'inputs'" in reasons[-1] or "required" in reasons[-1]
    assert collection.refused[6].name == "long"
    assert all(reasons)


def test_a_draft_takes_from_each_category_in_turn(repo: Repo) -> None:
    collection = collect(repo, limit=3)
    ordinary = [make_scenario(f"o{number}", WORDS[number]) for number in range(5)]
    rest = [make_scenario("h", "candle"), make_scenario("l", "chair")]
    rest[0]["category"], rest[1]["category"] = " Hostile ", "nobody knows"

    assert collection.add(ordinary + rest) == 7
    assert [one.tags[-1] for one in collection.choose()] == ["ordinary", "hostile", "other"]
    assert collection.wanted == 3  # categories are missing, as many as the draft may have
    assert "hostile" not in collection.missing


def test_embeddings_find_what_means_the_same_in_one_category(repo: Repo) -> None:
    collection = collect(repo)
    vectors = [[1.0, 0.0], [0.99, 0.01], [0.99, 0.01], [0.0, 1.0]]
    scenarios = [
        make_scenario("one", "Where is my parcel?"),
        make_scenario("same", "Has my package arrived yet?"),
        make_scenario("translated", "Wo ist mein Paket?", "language"),
        make_scenario("else", "Cancel my order."),
    ]

    assert collection.add(scenarios, vectors) == 3
    assert collection.repeated == ["same"]


def test_equal_names_are_told_apart(repo: Repo) -> None:
    collection = collect(repo)

    collection.add([make_scenario("same", "apple"), make_scenario("same", "river")])

    assert [one.name for one in collection.choose()] == ["same", "same (2)"]


@pytest.mark.story
def test_whatever_a_model_says_is_kept_or_named(repo: Repo) -> None:
    prompt = collect(repo).prompt

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(answers=st.lists(NEARLY | JSON, max_size=4))
    def check(answers: list[Any]) -> None:
        collection = ScenarioCollection(prompt, 5)
        good = collection.check(answers)
        new = collection.add(good)
        assert len(good) + len(collection.refused) == len(answers)
        assert new + len(collection.repeated) == len(good)
        assert len(describe_refused(collection.refused)) == len(collection.refused)
        text = write_draft(prompt, collection.choose(), "by a test")
        assert len(yaml.safe_load(text)["samples"]) == min(new, 5)

    check()
