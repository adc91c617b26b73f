"""Which nights are compared, and which names are new: tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.nightly.comparing import (
    Reference,
    choose_references,
    find_changes,
    with_reference,
)
from promptops.evals.result import SampleOutcome, SampleResult, SuiteRunResult, Trial, TrialState
from promptops.prompt.suite.suite import Thresholds
from tests.evals.nightly.pieces import DIGEST, RECORD

if TYPE_CHECKING:
    from promptops.evals.nightly.record import NightRecord

MODEL = "openai/gpt-4o"
OTHER = f"sha256:{'1' * 64}"


def night(day: int, **changes: Any) -> NightRecord:
    """A night; keys of its result with the model go there."""
    (model,) = RECORD.models
    mine = {key: changes.pop(key) for key in list(changes) if hasattr(model, key)}
    return replace(RECORD, night=f"2026-11-{day:02}", models=(replace(model, **mine),), **changes)


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ([], []),
        ([night(1)], [1]),
        ([night(1), night(2), night(3)], [3, 1]),
        ([night(1), night(2, state="could not judge")], [1]),
        ([night(1), night(2, state="alarm", alarms=("worse",))], [1]),
        ([night(1), night(2, state="alarm", alarms=("blocked",))], [1]),
        ([night(1), night(2, state="alarm", alarms=("served", "fingerprint"))], [2, 1]),
        ([night(1), night(2, shares=None)], [1]),
        ([night(1), night(2, shares={})], [1]),
        ([night(1, digest=OTHER), night(2)], [2]),
        ([night(1, suite_digest=OTHER), night(2)], [2]),
        ([night(1, judge=OTHER), night(2)], [2]),
        ([night(1, prompt="other"), night(2)], [2]),
        ([night(1), night(2, is_accepted=True), night(3)], [3, 2]),
        ([night(1), night(2, is_accepted=True, state="could not judge")], []),
        ([night(1), night(9), night(10)], [1]),
        ([night(9)], []),
    ],
)
def test_the_latest_and_the_first_good_night_are_references(
    earlier: list[NightRecord], expected: list[int]
) -> None:
    found = choose_references(earlier, night(9), MODEL)
    assert [int(one.night[-2:]) for one in found] == expected
    assert choose_references(earlier, night(9), "another/model") == []


def served(*names: tuple[str, ...]) -> list[NightRecord]:
    return [night(day, served=each) for day, each in enumerate(names, 1)]


@pytest.mark.parametrize(
    ("earlier", "tonight", "said"),
    [
        (served(), ("a",), None),
        (served(("a",)), ("a",), None),
        (served(("a",)), ("b",), "served model: b, was a"),
        (served(("a",)), ("a", "b"), "served model: b, was a"),
        (served(("a",)), (), None),
        (served(()), ("b",), None),
        (served(("a",), ("b",)), ("a",), None),
        (served(("a",), *[("b",)] * 7), ("a",), "served model: a, was b"),
        (served(("a",), ()), ("b",), "served model: b, was a"),
        ([*served(("a",)), night(20, served=("b",))], ("b",), "served model: b, was a"),
        (served(("a",), *[()] * 7), ("b",), "served model: b, was a"),
        (
            [*served(("a",)), night(2, model="other", served=("b",))],
            ("b",),
            "served model: b, was a",
        ),
    ],
)
def test_a_served_model_is_new_if_no_recent_night_had_it(
    earlier: list[NightRecord], tonight: tuple[str, ...], said: str | None
) -> None:
    record = night(20, served=tonight)
    found = find_changes(earlier, record, record.models[0])
    assert [one.text for one in found] == ([] if said is None else [said])
    later = night(0, served=tonight)
    assert find_changes(earlier, later, later.models[0]) == []


@pytest.mark.parametrize(
    ("before", "tonight", "said"),
    [
        (("a", "b"), ("b", "c"), None),
        (("a", "b"), ("c",), "system fingerprint: c, was a, b"),
        ((), ("c",), None),
        (("a",), (), None),
        (("a", "b", "c", "d"), ("e",), "system fingerprint: e, was a, b, c and 1 more"),
    ],
)
def test_fingerprints_are_new_only_as_a_whole(
    before: tuple[str, ...], tonight: tuple[str, ...], said: str | None
) -> None:
    record = night(20, fingerprints=tonight)
    found = find_changes([night(1, fingerprints=before)], record, record.models[0])
    assert [one.text for one in found] == ([] if said is None else [said])


def suite(*names: str, **thresholds: Any) -> SuiteRunResult:
    """A suite whose samples pass one trial of two."""
    trials = (Trial(1, SampleOutcome.PASSED), Trial(2, SampleOutcome.FAILED))
    return SuiteRunResult(
        "evals/ask.yaml",
        DIGEST,
        "ask",
        TrialState("1.0.0 (production)", "1.0.0", DIGEST),
        tuple(SampleResult(name, MODEL, (), 1, trials) for name in names),
        thresholds=Thresholds(**thresholds),
    )


def test_an_earlier_night_becomes_the_baseline() -> None:
    (model,) = RECORD.models
    before = replace(model, shares={"a": (1, 3), "gone": (1, 1)})
    found = with_reference(suite("a", "new"), MODEL, Reference("2026-11-01", before, "0.9.0"))
    assert found.baseline == TrialState("the night of 2026-11-01", "0.9.0", DIGEST)
    known, new = found.samples
    assert [one.outcome.value for one in known.baseline] == ["passed", "failed", "failed"]
    assert [one.number for one in known.baseline] == [1, 2, 3]
    assert (new.baseline, found.no_baseline) == ((), "")


@pytest.mark.parametrize(
    ("thresholds", "overall"),
    [
        ({}, 0.0),
        ({"overall": 0.9}, 0.9),
        ({"tags": {"must": 1.0}}, None),
        ({"overall": 0.9, "tags": {"must": 1.0}}, 0.9),
    ],
)
def test_a_first_night_is_held_to_written_thresholds_alone(
    thresholds: dict[str, Any], overall: float | None
) -> None:
    found = with_reference(suite("a", errors=0.5, **thresholds), MODEL, None)
    assert (found.thresholds.overall, found.thresholds.errors) == (overall, 0.5)
    assert found.thresholds.tags == thresholds.get("tags", {})
    assert found.baseline is None
    assert found.no_baseline == "there is no earlier night of this version and suite"


@pytest.mark.parametrize(
    ("count", "said"), [(3, "a0, a1, a2"), (4, "a0, a1, a2 and 1 more"), (1, "a0")]
)
def test_three_names_are_shown(count: int, said: str) -> None:
    record = night(20, served=tuple(f"a{number}" for number in range(count)))
    (found,) = find_changes(served(("b",)), record, record.models[0])
    assert found.text == f"served model: {said}, was b"
