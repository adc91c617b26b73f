"""The list of scorers, and what running a check makes of scores, errors, costs and requirements."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import pytest
import yaml

from promptops.errors import UsageError
from promptops.evals.scorers import registry as registry_module
from promptops.evals.scorers.registry import (
    SCORERS,
    cheapest_first,
    cost_of,
    is_deterministic,
    require,
)
from promptops.evals.scorers.scorer import Context, Cost, Score, ScorerError
from promptops.prompt.suite.grammar import default_minimums
from tests.evals.scorers.pieces import check, is_met, judge, score


def test_grammar_and_registry_have_the_same_scorers() -> None:
    assert set(SCORERS) == set(default_minimums())
    assert all(name == module.NAME for name, module in SCORERS.items())


@pytest.mark.parametrize("name", sorted(SCORERS))
def test_the_examples_of_a_scorer_are_valid(name: str) -> None:
    lines = (inspect.getdoc(SCORERS[name]) or "").splitlines()
    examples = yaml.safe_load("\n".join(line for line in lines if line.startswith("    ")))
    assert examples
    for example in examples:
        assert check(yaml.safe_dump(example)).scorer


@pytest.mark.parametrize("text", ["contains: a", "not_contains: a"])
def test_a_scorer_that_raises_is_neither_met_nor_failed(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> Score:
        raise ZeroDivisionError("at nothing")

    scorers = {**SCORERS, "contains": SimpleNamespace(score=broken)}
    monkeypatch.setattr(registry_module, "SCORERS", scorers)
    with pytest.raises(ScorerError, match="'contains' failed: ZeroDivisionError: at nothing"):
        is_met(text, "a")


def test_an_error_of_promptops_keeps_its_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> Score:
        raise UsageError("no such thing", hint="make one")

    scorers = {**SCORERS, "contains": SimpleNamespace(score=broken)}
    monkeypatch.setattr(registry_module, "SCORERS", scorers)
    with pytest.raises(ScorerError) as raised:
        is_met("contains: a", "a")
    assert (raised.value.message, raised.value.hint) == ("contains: no such thing", "make one")


def test_a_negated_check_passes_where_the_score_is_below_the_minimum() -> None:
    assert not is_met("{not_edit_distance: abcd, min: 0.5}", "abxx")
    assert is_met("{not_edit_distance: abcd, min: 0.6}", "abxx")
    assert score("{not_edit_distance: abcd, min: 0.5}", "abcx").value == 0.25


def test_rounding_does_not_fail_a_score() -> None:
    # One of ten characters is right: 1 - 9/10 is a little less than 0.1 in binary.
    assert 1 - 9 / 10 < 0.1
    assert is_met("{edit_distance: abbbbbbbbb, min: 0.1}", "axxxxxxxxx")


def test_cheap_checks_come_first_and_judges_last() -> None:
    checks = [check("rubric: It is polite."), check("sql: true"), check("contains: a")]
    assert [one.scorer for one in cheapest_first(checks)] == ["contains", "sql", "rubric"]
    assert [is_deterministic(one) for one in checks] == [False, True, True]


def test_a_composed_check_costs_what_its_dearest_part_does() -> None:
    composed = check("any: [{contains: a}, {not: [{sql: true}, {rubric: It is polite.}]}]")
    assert cost_of(composed) is Cost.JUDGE
    assert not is_deterministic(composed)
    assert is_deterministic(check("any: [{contains: a}, {sql: true}]"))


def test_what_a_part_of_a_check_lacks_is_known_before_a_model_is_asked() -> None:
    require(check("any: [{contains: a}, {rubric: It is polite.}]"), Context())
    with pytest.raises(ScorerError, match="'similar' needs an embedding model"):
        require(check("any: [{contains: a}, {all: [{similar: a}]}]"), Context())


def test_a_judge_is_asked_by_checks_inside_others() -> None:
    composed = "all: [{contains: a}, {rubric: It is polite.}]"
    assert is_met(composed, "a", judge=judge(True))
    assert not is_met(composed, "a", judge=judge(False))
