"""A judge's rulings beside people's labels, and what its order and length of texts do to it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import UsageError
from promptops.evals.calibration import (
    Calibration,
    add_reversed,
    calibrate,
    calibration_to_json,
    find_kappa,
    read_labels,
    write_calibrations,
)
from promptops.evals.preparation import SuitePart
from promptops.evals.result import SampleOutcome, SampleResult, SuiteRunResult, Trial, TrialState
from promptops.evals.scorers.preference import write_criteria, write_pair
from promptops.evals.tape import Tape
from promptops.prompt.suite.suite import Check, Sample, Suite
from tests.evals.pieces import resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STATE = TrialState("work tree", "1.0.0", "sha256:0")


def label(*met: object) -> Check:
    return Check("json", {"criteria": [{"met": one} for one in met]})


def make_sample(
    name: str, *met: bool, answer: str = "yes", criteria: list[str] | None = None
) -> Sample:
    asked = [f"criterion {number}" for number in range(len(met))] if criteria is None else criteria
    return Sample(name, {"answer": answer, "criteria": asked}, (label(*met),))


def make_part(*samples: Sample) -> SuitePart:
    suite = Suite("evals/judge.yaml", "judge", samples)
    judge = resolve("judge", "{{ question }}")
    return SuitePart(suite, "sha256:1", judge, STATE, ("m",), samples, Tape("a"), "a")


def measure(part: SuitePart, rule: Callable[[Sample], list[Any] | str]) -> Calibration:
    """Measure a judge that rules so on each sample of a suite."""
    whole = add_reversed(part)
    results = []
    for one in whole.samples:
        said = rule(one)
        text = said if isinstance(said, str) else json.dumps({"criteria": said})
        trial = Trial(1, SampleOutcome.FAILED, 0.0, text)
        results.append(SampleResult(one.name, "m", (), 1, (trial,)))
    result = SuiteRunResult("evals/judge.yaml", "sha256:1", "judge", STATE, tuple(results))
    return calibrate(whole, result, "m")


def met(*rulings: object) -> list[dict[str, object]]:
    return [{"met": one} for one in rulings]


@pytest.mark.parametrize(
    ("checks", "labels"),
    [
        ((label(True, False),), [True, False]),
        ((Check("contains", "a"), label(True, False)), [True, False]),
        ((replace(label(True, False), is_negated=True),), None),
        ((Check("json", {"other": 1}), label(False, False)), [False, False]),
        ((label(True),), None),
        ((label(True, "yes"),), None),
        ((Check("json", ["criteria"]),), None),
        ((), None),
    ],
)
def test_a_label_is_a_ruling_for_each_criterion(
    checks: tuple[Check, ...], labels: list[bool] | None
) -> None:
    sample = Sample("a", {"criteria": ["It is kind.", "It is short."]}, checks)
    assert read_labels(sample) == labels


def test_criteria_and_pairs_are_asked_in_both_orders() -> None:
    by = list(write_criteria("kinder"))
    pair = make_sample("pair", True, False, answer=write_pair("new", "old"), criteria=by)
    whole = add_reversed(
        make_part(make_sample("one", True), make_sample("two", True, False), pair, Sample("b", {}))
    )
    asked = {one.name: (one.inputs["answer"], one.inputs["criteria"]) for one in whole.samples}
    assert asked == {
        "one": ("yes", ["criterion 0"]),
        "two": ("yes", ["criterion 0", "criterion 1"]),
        "two (criteria reversed)": ("yes", ["criterion 1", "criterion 0"]),
        "pair": (write_pair("new", "old"), by),
        "pair (criteria reversed)": (write_pair("new", "old"), by[::-1]),
        "pair (answers swapped)": (write_pair("old", "new"), by),
    }


def test_a_suite_without_labels_measures_nothing() -> None:
    with pytest.raises(UsageError, match="has no labelled samples"):
        add_reversed(make_part(Sample("a", {"criteria": ["It is kind."]})))


def test_disagreements_are_counted_in_each_direction() -> None:
    part = make_part(make_sample("a", True, True, False), make_sample("b", False, False, False))
    found = measure(part, lambda _: met(True, False, True))
    assert (found.agreement.pairs, found.passes_wrongly, found.fails_wrongly) == (6, 3, 1)


def test_a_ruling_that_follows_the_order_is_found_out() -> None:
    part = make_part(make_sample("a", True, False), make_sample("b", True, False))
    by_place = measure(part, lambda _: met(True, False))
    assert (by_place.reordered, by_place.flipped) == (4, 4)

    def by_criterion(sample: Sample) -> list[Any]:
        return met(*(one == "criterion 0" for one in sample.inputs["criteria"]))

    steady = measure(part, by_criterion)
    assert (steady.reordered, steady.flipped) == (4, 0)


@pytest.mark.parametrize(
    "reply", ["yes", "{}", '{"criteria": [1]}', met(True), met(True, True, True), met(True, "no")]
)
def test_a_reply_that_cannot_be_used_is_no_ruling(reply: Any) -> None:
    found = measure(make_part(make_sample("a", True, False)), lambda _: reply)
    assert (found.unjudged, found.agreement.pairs, found.reordered) == (1, 0, 0)


def test_a_kindness_to_long_answers_is_measured() -> None:
    samples = [make_sample(f"s{n}", False, answer="long" * n) for n in range(1, 7)]
    part = make_part(*samples)
    kind = measure(part, lambda one: met(len(one.inputs["answer"]) > 12))
    assert kind.length_bias == 1.0
    same = [make_sample(f"s{n}", False, answer="same") for n in range(6)]
    assert measure(make_part(*same), lambda _: met(True)).length_bias is None
    assert measure(make_part(*samples[:3]), lambda _: met(True)).length_bias is None


def test_a_measurement_is_found_by_judge_and_model(tmp_path: Path) -> None:
    part = make_part(*(make_sample(f"s{n}", n % 2 == 0) for n in range(8)))
    found = measure(part, lambda one: met(int(one.name[1]) % 2 == 0))
    file = tmp_path / "judge.calibration.json"
    write_calibrations(file, [found])
    data = file.read_bytes()
    digest = part.change.digest
    assert find_kappa(data, digest, "m") == found.agreement.kappa == 1
    assert find_kappa(data, digest, "other") is None
    assert find_kappa(data, "sha256:2", "m") is None


@pytest.mark.parametrize(
    "data", [None, b"", b"[]", b'{"models": [{"digest": 1}]}', b'{"models": 1}']
)
def test_a_file_that_is_none_has_no_measurement(data: bytes | None) -> None:
    assert find_kappa(data, "sha256:1", "m") is None


def test_nothing_measured_is_null_in_json() -> None:
    nothing = measure(make_part(make_sample("a", True, False)), lambda _: "nonsense")
    written = calibration_to_json(nothing)
    assert (written["agreed"], written["kappa"], written["interval"]) == (None, None, None)
