"""Scorers: what each makes of right, wrong and strange answers."""

from __future__ import annotations

import inspect
import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from promptops.evals.scorers import registry as registry_module
from promptops.evals.scorers.registry import (
    SCORERS,
    cheapest_first,
    is_deterministic,
    judge_check,
)
from promptops.evals.scorers.scorer import Context, JudgedAnswer, Score, ScorerError
from promptops.prompt.suite.grammar import default_minimums
from promptops.prompt.suite.reading import read_suite
from promptops.runtime.models.model import ToolCall

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.prompt.suite import Check


def check(text: str) -> Check:
    """The check that a line below `expect` stands for."""
    written = yaml.safe_load(text)
    data = {
        "schema": "promptops.suite/v1",
        "prompt": "a",
        "samples": [{"name": "x", "expect": [written]}],
    }
    reading = read_suite("evals/a.yaml", yaml.safe_dump(data, allow_unicode=True).encode())
    assert reading.suite is not None, reading.faults
    return reading.suite.samples[0].checks[0]


def is_met(text: str, answer: str, **context: Any) -> bool:
    return judge_check(check(text), JudgedAnswer(answer), Context(**context)).is_met


TABLE: list[tuple[str, str, bool]] = [
    ("equals: Paris", "Paris", True),
    ("equals: Paris", "Paris\n", False),
    ("equals: {text: paris, case: false, trim: true}", " PARIS\n", True),
    ("equals: 42", "42", True),
    ("equals: 42", "42.0", False),
    ("not_equals: Paris", "Rome", True),
    ("contains: refund", "a refund of 5", True),
    ("contains: Refund", "a refund of 5", False),
    ("contains: {text: STRASSE, case: false}", "Hauptstraße", True),
    ("contains: {any: [refund, money back]}", "your money back", True),
    ("contains: {all: [name, date]}", "your name", False),
    ("not_contains: sorry", "", True),
    ("starts: Dear", "Dear Jane", True),
    ("starts: Dear", " Dear Jane", False),
    ("ends: .", "Done.", True),
    ("ends: .", "Done", False),
    ("regex: 'order \\d{6}'", "your order 123456", True),
    ("regex: '^[a-z]+$'", "abc1", False),
    ("regex: '(?i)^dear '", "DEAR Jane", True),
    ("regex: '(a+)+$'", "a" * 5000 + "b", False),
    ("json: {topic: billing}", '{"topic": "billing", "urgency": "low"}', True),
    ("json: {topic: billing}", '{"topic": "Billing"}', False),
    ("json: {topic: billing}", '```json\n{"topic": "billing"}\n```', False),
    ("json: {a: [{b: 1}]}", '{"a": [{"b": 1, "c": 2}]}', True),
    ("json: {a: 1}", '{"a": true}', False),
    ("json: {a: 1}", '{"a": 1, "a": 1}', False),
    ("json_equals: {topic: billing}", '{"topic": "billing", "urgency": "low"}', False),
    ("json_equals: [1, 2]", "[1.0, 2]", True),
    ("json_equals: [1, 2]", "[2, 1]", False),
    ("json_schema: {type: object, required: [a]}", '{"a": 1}', True),
    ("json_schema: {type: object, required: [a]}", "{}", False),
    ("json_path: {path: 'a[0].b', equals: 1}", '{"a": [{"b": 1}]}', True),
    ("json_path: {path: a, length: 2}", '{"a": [1, 2, 3]}', False),
    ("json_path: {path: 'a[*]', minimum: 2}", '{"a": [2, 3, 1]}', False),
    ("json_path: {path: a, exists: false}", "{}", True),
    ("fields: {total: {value: 10, tolerance: 0.5}}", '{"total": 10.4}', True),
    ("fields: {total: {value: 10, tolerance: 0.5}}", '{"total": 10.6}', False),
    ("xml: true", "<a><b/></a>", True),
    ("xml: true", "<a><b></a>", False),
    ("xml: true", "<a>" * 150 + "</a>" * 150, True),
    ("xml: true", "<a>" * 300 + "</a>" * 300, False),
    ("xml: true", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', False),
    ("sql: true", "SELECT a FROM b WHERE c = 1", True),
    ("sql: true", "SELECT FROM WHERE", False),
    ("refusal: true", "I'm sorry, but I can't help with that.", True),
    ("refusal: true", "I\u2019m unable to assist with this request.", True),
    ("refusal: true", "Das kann ich leider nicht beantworten.", True),
    ("refusal: true", "Here is how: click on reset.", False),
    ("refusal: true", "Click reset. The page says: I can click here to help.", False),
    ("length: {max: 5}", "12345", True),
    ("length: {max: 5}", "123456", False),
    ("length: {max: 3, unit: words}", "one two three", True),
    ("language: de", "Das ist ein schöner und langer Satz über das Wetter in Berlin.", True),
    ("language: de", "This is a fine and long sentence about the weather in London.", False),
    ("language: ja", "今日は天気がとても良いので散歩に行きました。", True),
    ("{edit_distance: kitten, min: 0.5}", "sitting", True),
    ("{edit_distance: kitten, min: 0.9}", "sitting", False),
    ("{rouge: the cat sat on the mat, min: 0.9}", "the cat sat on the mat", True),
    ("{rouge: the cat sat on the mat, min: 0.9}", "a dog", False),
    ("{rouge: 猫坐在垫子上, min: 0.9}", "猫坐在垫子上", True),
    ("{bleu: the cat sat on the mat today, min: 0.9}", "the cat sat on the mat today", True),
    ("{bleu: 猫坐在垫子上面, min: 0.9}", "猫坐在垫子上面", True),
    ("any: [{contains: a}, {contains: b}]", "b", True),
    ("all: [{contains: a}, {contains: b}]", "b", False),
    ("not: [{contains: a}, {contains: b}]", "c", True),
    ("not: [{contains: a}, {contains: b}]", "a", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "answer", "met"), TABLE)
def test_an_answer_is_judged(text: str, answer: str, met: bool) -> None:
    assert is_met(text, answer) is met


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


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 1.1])
def test_a_score_that_is_none_is_an_error(value: float) -> None:
    with pytest.raises(ScorerError, match="not from 0 to 1"):
        Score(value, "")


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


def test_cheap_checks_come_first_and_judges_last() -> None:
    checks = [check("rubric: It is polite."), check("sql: true"), check("contains: a")]
    assert [one.scorer for one in cheapest_first(checks)] == ["contains", "sql", "rubric"]
    assert [is_deterministic(one) for one in checks] == [False, True, True]


def test_calls_of_tools_are_compared() -> None:
    calls = (ToolCall("1", "lookup", '{"order": 7}'),)
    for text, met in [
        ("tool_calls: [{name: lookup, arguments: {order: 7}}]", True),
        ("tool_calls: [{name: lookup, arguments: {order: 8}}]", False),
        ("tool_calls: [{name: refund}]", False),
    ]:
        assert judge_check(check(text), JudgedAnswer("", calls), Context()).is_met is met


def test_measures_are_compared_and_missing_ones_are_errors() -> None:
    answer = JudgedAnswer("", latency_seconds=1.5, cost_micros=200)
    assert judge_check(check("latency: 2"), answer, Context()).is_met
    assert not judge_check(check("latency: 1"), answer, Context()).is_met
    assert judge_check(check("cost: 0.001"), answer, Context()).is_met
    for text in ("latency: 2", "cost: 0.001"):
        with pytest.raises(ScorerError):
            judge_check(check(text), JudgedAnswer(""), Context())


def judge(*met: bool) -> Any:
    def reply(_question: object) -> Mapping[str, Any]:
        return {"criteria": [{"met": one, "reason": "so"} for one in met]}

    return reply


def test_a_judge_is_asked_and_its_nonsense_is_an_error() -> None:
    assert is_met("rubric: It is polite.", "Please.", judge=judge(True))
    assert not is_met("rubric: [It is polite., It is short.]", "Please.", judge=judge(True, False))
    for nonsense in (judge(), judge(True, True), lambda _: {}, lambda _: {"criteria": "yes"}):
        with pytest.raises(ScorerError):
            is_met("rubric: It is polite.", "Please.", judge=nonsense)
    with pytest.raises(ScorerError):
        is_met("not_rubric: It is polite.", "Please.")


FUNCTIONS = """
import os, time
def polite(text, inputs): return "please" in text
def half(text, inputs): return {"score": 0.5, "reason": "half of it"}
def nan(text, inputs): return float("nan")
def words(text, inputs): return "yes"
def slow(text, inputs): time.sleep(60)
def raises(text, inputs): raise ValueError("no")
def leaves(text, inputs): os._exit(3)
def secret(text, inputs): return "SECRET" not in os.environ
def prints(text, inputs): print("noise"); return True
def exact(text, inputs, style): return text == style
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python: evals/f.py:polite", True),
        ("{python: 'evals/f.py:half', min: 0.5}", True),
        ("python: evals/f.py:half", False),
        ("python: evals/f.py:prints", True),
        ("python: evals/f.py:secret", True),
        ("python: {function: 'evals/f.py:exact', arguments: {style: please}}", True),
        ("python: evals/f.py:nan", "returned nan"),
        ("python: evals/f.py:words", "returned 'yes'"),
        ("python: {function: 'evals/f.py:slow', timeout: 0.3}", "within 0.3 s"),
        ("python: evals/f.py:raises", "ValueError: no"),
        ("python: evals/f.py:leaves", "status 3"),
        ("python: evals/f.py:missing", "AttributeError"),
        ("python: evals/g.py:polite", "no file 'evals/g.py'"),
    ],
)
def test_a_function_of_the_repository_judges(
    text: str, expected: bool | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals" / "f.py").write_text(FUNCTIONS)
    if isinstance(expected, bool):
        assert is_met(text, "please", root=tmp_path, allows_python=True) is expected
    else:
        with pytest.raises(ScorerError, match=expected):
            is_met(text, "please", root=tmp_path, allows_python=True)


def test_functions_run_only_where_that_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(ScorerError, match="are disabled here"):
        is_met("python: evals/f.py:polite", "please", root=tmp_path)
