"""What drift is found, and how often there is none and it is said."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.runtime.drift.report import find_drift
from tests.runtime.drift.pieces import make_group, make_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.drift.report import Drift


@pytest.fixture
def without_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding the languages of hundreds of runs takes longer than all the rest."""
    monkeypatch.setattr("promptops.runtime.drift.features.find_language", lambda _: None)


def look(
    change: Callable[[dict[str, Any], random.Random], None] | None, seed: int = 1, count: int = 400
) -> Drift:
    chance = random.Random(seed)
    reference = make_runs(chance, count)
    return find_drift("a", make_runs(chance, count, change, day=7), reference)


def shorter(values: dict[str, Any], _: random.Random) -> None:
    values["answer"] = values["answer"][: len(values["answer"]) // 2]


def refusing(values: dict[str, Any], chance: random.Random) -> None:
    if chance.random() < 0.12:
        values["answer"] = "I'm sorry, but I can't help with that."


def failing(values: dict[str, Any], chance: random.Random) -> None:
    if chance.random() < 0.12:
        values |= {"stage": "parse", "status": "failed"}


def german(values: dict[str, Any], chance: random.Random) -> None:
    if chance.random() < 0.3:
        values["answer"] = "Der Betrag wurde zweimal abgebucht, und der Kunde moechte sein Geld."


def missing(values: dict[str, Any], chance: random.Random) -> None:
    if chance.random() < 0.3:
        values["inputs"].pop("age", None)


def typed(values: dict[str, Any], chance: random.Random) -> None:
    if chance.random() < 0.2:
        values["inputs"]["age"] = "unknown"


def fresh(values: dict[str, Any], chance: random.Random) -> None:
    if chance.random() < 0.1:
        values["inputs"]["plan"] = "enterprise"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "measure"),
    [
        (shorter, "output length"),
        (refusing, "refusals"),
        (failing, "schema failures"),
        (missing, "input age: type"),
        (typed, "input age: type"),
        (fresh, "input plan: new values"),
    ],
)
@pytest.mark.usefixtures("without_languages")
def test_a_change_is_found_with_its_first_example(change: Any, measure: str) -> None:
    drift = look(change)
    found = {one.measure: one for one in drift.alarms}
    assert measure in found
    assert found[measure].run_id is not None
    assert drift.versions == ("1.2.0",)


@pytest.mark.slow
def test_another_language_is_found() -> None:
    pytest.importorskip("py3langid")
    found = {one.measure: one for one in look(german, count=200).alarms}
    assert found["output language"].recent == snapshot("34.1% de")


@pytest.mark.slow
@pytest.mark.usefixtures("without_languages")
def test_the_first_example_shows_it() -> None:
    chance = random.Random(5)
    reference = make_runs(chance, 300)
    recent = make_runs(chance, 300, refusing, day=7)
    drift = find_drift("a", recent[::-1], reference)
    example = next(one.run_id for one in drift.alarms if one.measure == "refusals")
    first = next(run for run in recent if "help with that" in str(run.answer))
    assert example == first.id


def test_few_runs_say_nothing() -> None:
    assert look(shorter, count=20).shifts == ()


def test_an_hour_is_compared_with_the_same_hour_of_earlier_days() -> None:
    chance = random.Random(3)
    days = [make_group(chance, 300, 0.02, 900, 500) for _ in range(14)]
    for bad, measure in (
        (make_group(chance, 300, 0.15, 900, 500), "error rate"),
        (make_group(chance, 300, 0.02, 2500, 500), "latency (95 %)"),
        (make_group(chance, 300, 0.02, 900, 1200), "cost of a run"),
    ):
        assert [one.measure for one in find_drift("a", [], [], [bad, *days]).alarms] == [measure]
    assert find_drift("a", [], [], [make_group(chance, 5, 1, 9, 9), *days]).shifts == ()
    assert find_drift("a", [], [], [days[0], *days[1:4]]).shifts == ()


@pytest.mark.story
@pytest.mark.usefixtures("without_languages")
def test_false_alarms_are_rare() -> None:
    """The benchmark looks several thousand times; this is what fits into a test."""
    looks = [look(None, seed=seed, count=100) for seed in range(60)]
    assert sum(bool(one.alarms) for one in looks) <= 1
    assert all(len(one.shifts) >= 6 for one in looks)


@pytest.mark.slow
@pytest.mark.usefixtures("without_languages")
def test_another_meaning_is_found_by_an_embedding() -> None:
    def embed(texts: list[str]) -> list[list[float]]:
        return [[float("refund" in text), float("order" in text), 1.0] for text in texts]

    def other(values: dict[str, Any], chance: random.Random) -> None:
        if chance.random() < 0.4:
            values["answer"] = values["answer"].replace("order", "refund")

    chance = random.Random(9)
    reference = make_runs(chance, 300)
    recent = make_runs(chance, 300, other, day=7)
    same = find_drift("a", make_runs(chance, 300, day=7), reference, embed=embed)
    assert "output meaning" in {one.measure for one in same.shifts}
    assert not same.alarms
    found = find_drift("a", recent, reference, embed=embed)
    assert [one.measure for one in found.alarms] == ["output meaning"]
