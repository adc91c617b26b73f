"""Which nights are compared, and which names are new: tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.nightly.comparing import choose_references, find_changes
from tests.evals.nightly.test_branch import RECORD

if TYPE_CHECKING:
    from promptops.evals.nightly.record import NightRecord

MODEL = "openai/gpt-4o"
OTHER = f"sha256:{'1' * 64}"


def night(day: int, **changes: Any) -> NightRecord:
    """A night; keys of its result with the model go there."""
    (model,) = RECORD.models
    mine = {
        key: changes.pop(key) for key in list(changes) if hasattr(model, key) and key != "model"
    }
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
