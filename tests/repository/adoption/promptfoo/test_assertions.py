"""Assertions of promptfoo become checks with the same verdict, or are left out with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.repository.adoption.promptfoo.assertions import (
    CarriedCheck,
    Converter,
    LostCheckError,
    carry_sample,
    iterate_types,
)
from promptops.repository.adoption.promptfoo.source import SourceFolder
from tests.repository.adoption.pieces import adopt, notes
from tests.repository.adoption.promptfoo.pieces import suite

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

SET = "{type: assert-set, threshold: 0.5, weight: 3, assert: [A, B]}"
PARTS = ("{type: contains, value: a}", "{type: contains, value: b}")


def test_in_a_case_with_a_threshold_only_the_mean_of_a_set_counts(repo: Repo) -> None:
    checks = f"[{SET.replace('A', PARTS[0]).replace('B', PARTS[1])}, {PARTS[0]}]"
    text = (
        f"prompts: ['{{{{x}}}}']\ntests:\n- {{vars: {{x: a}}, threshold: 0.6, assert: {checks}}}\n"
    )
    plan = adopt(repo, "promptfooconfig.yaml", text)
    (prompt,) = plan["prompts"]
    (found,) = suite(repo, prompt["name"])["samples"]
    assert found["expect"] == [
        {"contains": "a", "weight": 1.5},
        {"contains": "b", "weight": 1.5},
        {"contains": "a"},
    ]
    assert not [one for one in notes(plan) if "differ" in one]


VALUES = {"name": "Ann", "list": ["a"]}


@pytest.fixture
def converter(tmp_path: Path) -> Converter:
    (tmp_path / "answer.txt").write_text(" Hi {{name}}\n")
    (tmp_path / "answer.json").write_text('{"a": 1}')
    templates = {"kind": {"type": "equals", "value": "a", "weight": 2}}
    return Converter(SourceFolder(tmp_path, "."), templates)


@pytest.mark.parametrize(
    ("assertion", "check"),
    [
        ({"type": "equals", "value": "Hi {{name}}"}, {"equals": "Hi Ann"}),
        ({"type": "equals", "value": 1.0}, {"equals": "1"}),
        ({"type": "equals", "value": {"a": 1}}, {"json_equals": {"a": 1}}),
        ({"type": "equals", "value": "file://answer.txt"}, {"equals": "Hi {{name}}"}),
        ({"type": "equals", "value": "file://answer.json"}, {"json_equals": {"a": 1}}),
        ({"type": "not-equals", "value": "a"}, {"not_equals": "a"}),
        ({"type": "contains-any", "value": 'a, "b, c" ,'}, {"contains": {"any": ["a", "b, c"]}}),
        (
            {"type": "not-icontains-all", "value": ["a", 1]},
            {"not_contains": {"all": ["a", "1"], "case": "lower"}},
        ),
        ({"type": "starts-with", "value": "a"}, {"starts": "a"}),
        ({"type": "regex", "value": r"\d$"}, {"regex": r"[0-9]\z"}),
        ({"type": "is-json"}, {"json_schema": True}),
        ({"type": "is-json", "value": "{type: object}"}, {"json_schema": {"type": "object"}}),
        ({"type": "levenshtein", "value": "a"}, {"edit_distance": {"to": "a", "max": 5}}),
        (
            {"type": "levenshtein", "value": "a", "threshold": 2.9},
            {"edit_distance": {"to": "a", "max": 2}},
        ),
        ({"type": "word-count", "value": " 3"}, {"length": {"min": 3, "max": 3, "unit": "words"}}),
        (
            {"type": "word-count", "value": {"min": 1.5, "max": 3.5}},
            {"length": {"min": 2, "max": 3, "unit": "words"}},
        ),
        ({"type": "latency", "threshold": 1500}, {"latency": 1.5}),
        ({"type": "cost", "threshold": 0.1}, {"cost": 0.1}),
        ({"type": "similar", "value": ["a", "b"]}, {"similar": ["a", "b"], "min": 0.75}),
        ({"type": "bleu", "value": "a"}, {"bleu": "a", "min": 0.5}),
        ({"type": "rouge-n", "value": ["a"], "threshold": 1}, {"rouge": "a", "min": 1}),
        ({"type": "is-sql"}, {"sql": True}),
        (
            {"type": "is-sql", "value": {"databaseType": "PostgreSQL"}},
            {"sql": {"dialect": "postgres"}},
        ),
        ({"type": "is-xml"}, {"xml": True}),
        (
            {"type": "is-xml", "value": "a.b.c, a.d"},
            {"xml": {"root": "a", "elements": ["b/c", "d"]}},
        ),
        ({"type": "llm-rubric", "value": " is kind "}, {"rubric": "is kind"}),
        ({"type": "factuality", "value": "It is."}, {"factual": "It is."}),
        ({"type": "is-refusal"}, {"refusal": True}),
    ],
)
def test_an_assertion_is_a_check(
    converter: Converter, assertion: dict[str, Any], check: dict[str, Any]
) -> None:
    (carried,) = converter.convert(assertion, VALUES)
    assert (carried.check, carried.weight) == (check, 1.0)


@pytest.mark.parametrize(
    ("assertion", "why"),
    [
        ("equals", "is not a mapping"),
        ({"type": "equals", "value": "a", "typo": 1}, "has the unknown key 'typo'"),
        ({"type": "equals"}, "has no value"),
        ({"type": "equals", "value": "{{list}}"}, "takes the list or mapping {{list}}"),
        ({"type": "equals", "value": {"a": "{{name}}"}}, "a template inside of a mapping"),
        ({"type": "equals", "value": "{{ name | upper }}"}, "has the template {{ name | upper }}"),
        ({"type": "equals", "value": "a", "transform": "x"}, "judges a transformed answer"),
        ({"type": "equals", "value": "a", "weight": 0}, "has the weight 0"),
        ({"type": "equals", "value": "a", "weight": "2"}, "has a weight that is not a number"),
        ({"type": "equals", "value": "file://a.py"}, "takes its value from the program a.py"),
        ({"type": "equals", "value": "file://none.txt"}, "cannot be read: there is no file"),
        ({"type": "contains", "value": ""}, "its value is empty"),
        ({"type": "contains", "value": True}, "its value is not a text"),
        ({"type": "contains-any", "value": []}, "has an empty list of texts and always fails"),
        ({"type": "contains-all", "value": []}, "has an empty list of texts and always passes"),
        ({"type": "levenshtein", "value": "\U0001f600"}, "counts UTF-16 units"),
        ({"type": "levenshtein", "value": "a", "threshold": -1}, "below 0 and always fails"),
        ({"type": "latency", "threshold": "1"}, "has a threshold that is not a number"),
        ({"type": "latency", "threshold": 0}, "allows no time at all"),
        ({"type": "similar", "value": "a", "threshold": 2}, "a threshold outside of 0 to 1"),
        ({"type": "rouge-n", "value": ["a", "b"]}, "compares with several texts"),
        ({"type": "word-count", "value": {"least": 1}}, "is not a number of words"),
        ({"type": "is-xml", "value": "a.b,c.d"}, "names elements of two roots"),
        ({"type": "is-sql", "value": {"allowedTables": []}}, "limits the tables"),
        ({"type": "is-json", "value": {"format": "date"}}, "means something else here: 'format'"),
        ({"type": "javascript", "value": "true"}, "is JavaScript"),
        ({"type": "unheard-of"}, "has no scorer here"),
        ({"$ref": "#/assertionTemplates/none"}, "which does not exist"),
    ],
)
def test_an_assertion_without_the_same_verdict_says_why(
    converter: Converter, assertion: Any, why: str
) -> None:
    with pytest.raises(LostCheckError) as caught:
        converter.convert(assertion, VALUES)
    assert why in str(caught.value)


def test_a_reference_takes_the_template_and_its_own_keys(converter: Converter) -> None:
    (carried,) = converter.convert({"$ref": "#/assertionTemplates/kind", "value": "b"}, {})
    assert (carried.check, carried.weight) == ({"equals": "b"}, 2)


A, B, C = ({"type": "contains", "value": letter} for letter in "abc")


@pytest.mark.parametrize(
    ("parts", "threshold", "check"),
    [
        ([A, B], 0.5, {"any": [{"contains": "a"}, {"contains": "b"}]}),
        ([A, B], 1, {"all": [{"contains": "a"}, {"contains": "b"}]}),
        ([{**A, "weight": 3}, B], 0.75, {"contains": "a"}),
        (
            [A, B, C],
            0.6,
            {
                "any": [
                    {"all": [{"contains": "a"}, {"contains": "b"}]},
                    {"all": [{"contains": "a"}, {"contains": "c"}]},
                    {"all": [{"contains": "b"}, {"contains": "c"}]},
                ]
            },
        ),
    ],
)
def test_a_set_with_a_threshold_passes_with_enough_of_its_parts(
    converter: Converter, parts: list[Any], threshold: float, check: Any
) -> None:
    found = converter.convert({"type": "assert-set", "threshold": threshold, "assert": parts}, {})
    assert [one.check for one in found] == [check]


def test_a_set_without_one_is_its_parts_which_share_its_weight(converter: Converter) -> None:
    found = converter.convert(
        {"type": "assert-set", "weight": 4, "assert": [{**A, "weight": 3}, B]}, {}
    )
    assert [(one.check, one.weight) for one in found] == [
        ({"contains": "a"}, 3),
        ({"contains": "b"}, 1),
    ]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"assert": []}, "is an empty set"),
        ({"assert": [{"type": "assert-set", "assert": [A]}]}, "is a set in a set"),
        ({"assert": [A], "weight": 0}, "with the weight 0"),
        ({"assert": [A], "threshold": 0}, "with the threshold 0"),
        ({"assert": [A], "threshold": 1.5}, "above 1"),
        ({"assert": 9 * [A], "threshold": 1}, "more than 8 checks"),
        ({"assert": 6 * [A], "threshold": 0.5}, "many of its parts can reach"),
        ({"assert": [{"type": "bleu", "value": "a"}], "threshold": 1}, "a score that is a share"),
    ],
)
def test_a_set_that_no_check_stands_for_says_why(
    converter: Converter, more: dict[str, Any], why: str
) -> None:
    with pytest.raises(LostCheckError, match=why):
        converter.convert({"type": "assert-set", **more}, {})


def test_weights_count_only_in_a_mean() -> None:
    checks = [CarriedCheck({"equals": "a"}, 2.0), CarriedCheck({"equals": "b"})]
    assert carry_sample(checks, None) == ([{"equals": "a"}, {"equals": "b"}], None, "")
    assert carry_sample(checks, 0.5)[0] == [{"equals": "a", "weight": 2.0}, {"equals": "b"}]


def test_a_mean_of_shares_may_differ() -> None:
    share = CarriedCheck({"bleu": "a", "min": 0.5}, is_yes_or_no=False)
    assert carry_sample([share], None)[2] == ""
    assert carry_sample([share], 0.5)[2].startswith("the mean of its scores may differ")


def test_the_types_of_sets_are_listed_too() -> None:
    assert list(iterate_types([{"type": "a"}, {"type": "assert-set", "assert": [A]}, 3])) == [
        "a",
        "assert-set",
        "contains",
    ]
