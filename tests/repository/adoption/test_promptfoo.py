"""Configurations of promptfoo: the same verdicts as suites, and a name for what is left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.promptfoo.patterns import (
    BadPatternError,
    ForeignPatternError,
    translate,
)
from promptops.repository.adoption.promptfoo.rows import read_cell, read_rows
from promptops.repository.adoption.promptfoo.values import UnsupportedTemplateError, fill, to_text
from tests.cli.running import accept
from tests.repository.adoption.test_adoption import adopt, differences, messages, notes
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo

CONFIGURATION = """\
description: Greets people
prompts: ["Greet {{name}} in {{language}}.", file://chat.json]
providers: [openai:gpt-4o, {id: "anthropic:messages:claude-x", config: {max_tokens: 50}}]
defaultTest: {assert: [{type: not-contains, value: sorry}]}
tests:
  - description: a greeting
    vars: {name: [Ann, Bob], language: French}
    assert: [{type: icontains, value: "bonjour {{name}}"}, {type: javascript, value: "true"}]
  - file://cases.csv
"""
CHAT = '[{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hi {{name}}"}]'
CASES = "name,language,__expected\nCy,German,levenshtein(3):Hallo Cy\n"


def suite(repo: Repo, name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((repo.path / f"evals/{name}.yaml").read_text())
    return found


def test_a_configuration_becomes_prompts_and_suites(repo: Repo) -> None:
    repo.commit({"app/chat.json": CHAT, "app/cases.csv": CASES})
    plan = adopt(repo, "app/promptfooconfig.yaml", CONFIGURATION)
    assert [one["name"] for one in plan["prompts"]] == ["app-1", "chat"]
    assert messages(repo, "chat", name="Ann") == [("system", "Be short."), ("user", "Hi Ann")]
    assert suite(repo, "app-1")["models"] == ["openai/gpt-4o", "anthropic/claude-x"]
    assert suite(repo, "app-1")["samples"][0] == {
        "name": "a greeting",
        "inputs": {"name": "Ann", "language": "French"},
        "expect": [
            {"not_contains": "sorry"},
            {"contains": {"text": "bonjour Ann", "case": "lower"}},
        ],
    }
    names = [one["name"] for one in suite(repo, "chat")["samples"]]
    assert names == ["a greeting", "a greeting (2)", "case 2"]
    assert any("'javascript' is left out" in one for one in differences(plan))


def test_a_folder_is_searched_for_configurations(repo: Repo) -> None:
    repo.commit({"app/promptfooconfig.yaml": "prompts: [hi]\ntests: []\n"})
    plan = json.loads(accept(repo, "adopt", "app", "--format", "json"))
    assert [one["kind"] for one in plan["prompts"]] == ["promptfoo"]
    assert masked(notes(plan)) == snapshot(
        ["'tests' is empty, and promptfoo runs one empty case that passes", "it has no tests"]
    )


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("{asserts: []}", "promptfoo ignores the unknown key 'asserts': did you mean 'assert'?"),
        ("{assert: []}", "has no assertion and passes whatever the answer is: left out"),
        ("{assert: [{type: equals, value: a, weight: 0}]}", "has the weight 0"),
        ("{threshold: 0, assert: [{type: equals, value: a}]}", "it always passes"),
        ("{assert: [{type: contains, value: ''}]}", "ends in an error in promptfoo"),
        ("{assert: [{type: contains, valeu: a}]}", "has the unknown key 'valeu'"),
        ("{assert: [{type: regex, value: '(?i)a'}]}", "JavaScript refuses its pattern"),
        ("{assert: [{type: regex, value: 'a(?=b)'}]}", "look-around"),
        ("{assert: [{type: is-json, value: {example: 1}}]}", "unknown keyword 'example'"),
        ("{assert: [{type: latency}]}", "it has no threshold"),
        ("{assert: [{type: llm-rubric, value: is kind}]}", "may differ: the judge is a prompt"),
        ("{assert: [{type: assert-set, assert: []}]}", "is an empty set"),
        ("{options: {transform: output}, assert: [{type: equals, value: a}]}", "transforms the"),
        ("{vars: {x: '{{ y | upper }}'}, assert: [{type: equals, value: a}]}", "in a variable"),
        ("{vars: file://x.yaml, assert: [{type: equals, value: a}]}", "only from the bare path"),
        ("{vars: x*.yaml, assert: [{type: equals, value: a}]}", "no file matches x*.yaml"),
        ("file://nothing*.yaml", "promptfoo runs one empty case that passes"),
        ("file://../../outside.yaml", "outside the repository"),
        ("https://docs.google.com/x", "cases from https:// are not carried over"),
    ],
)
def test_what_is_not_carried_over_is_named(repo: Repo, case: str, told: str) -> None:
    path = "promptfooconfig.yaml"
    plan = adopt(repo, path, f"prompts: ['{{{{x}}}}']\ntests:\n- {case}\n")
    assert any(told in one for one in notes(plan)), notes(plan)
    assert plan["prompts"][0]["suite"] is None or "may differ" in told


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


def test_a_text_that_looks_like_a_number_stays_a_text(repo: Repo) -> None:
    text = (
        "prompts: ['{{x}}']\ntests:\n- {vars: {x: '1e3'}, assert: [{type: equals, value: '0o7'}]}\n"
    )
    (prompt,) = adopt(repo, "promptfooconfig.yaml", text)["prompts"]
    accept(repo, "validate")
    (found,) = suite(repo, prompt["name"])["samples"]
    assert (found["inputs"], found["expect"]) == ({"x": "1e3"}, [{"equals": "0o7"}])


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("a;__expected", "has ';' between its columns"),
        ("a,expected", "has a column 'expected'"),
        ("a,__Expected", "has a column '__Expected'"),
        ("a,b", "has no column '__expected'"),
    ],
)
def test_a_table_without_checks_is_named(header: str, told: str) -> None:
    assert any(told in one for one in read_rows(f"{header}\n1,2\n", "a.csv")[1])


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(UnreadableError, match="is empty"):
        read_rows(" \n", "a.csv")


@pytest.mark.parametrize(
    ("cell", "assertion"),
    [
        ("Paris", {"type": "equals", "value": "Paris"}),
        ("Note: x", {"type": "equals", "value": "Note: x"}),
        ("contains (0.5): x", {"type": "equals", "value": "contains (0.5): x"}),
        ("contains: x ", {"type": "contains", "value": "x"}),
        ("not-regex:^a", {"type": "not-regex", "value": "^a"}),
        ("levenshtein:x", {"type": "levenshtein", "value": "x", "threshold": 0.75}),
        ("levenshtein(2):x", {"type": "levenshtein", "value": "x", "threshold": 2}),
        ("latency(1000)", {"type": "latency", "threshold": 1000}),
        ("similar:x", {"type": "similar", "value": "x", "threshold": 0.8}),
        ("is-json", {"type": "is-json"}),
        ("grade: is kind", {"type": "llm-rubric", "value": " is kind"}),
        ("fn: true", {"type": "javascript", "value": "true"}),
    ],
)
def test_cells_are_read_as_promptfoo_reads_them(cell: str, assertion: dict[str, Any]) -> None:
    assert read_cell(cell) == assertion


@pytest.mark.parametrize("pattern", ["a++", "*a", "(a", "a)", "[a", "(?i)a", "(?P<n>a)", "a{2,1}"])
def test_a_pattern_that_javascript_refuses_is_bad(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        translate(pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", "a(?=b)", "(?<!a)b", r"a\B"])
def test_a_pattern_that_is_not_linear_is_foreign(pattern: str) -> None:
    with pytest.raises(ForeignPatternError):
        translate(pattern)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (1.5, "1.5"), (True, "true"), (None, ""), (1e21, "1e+21"), (1e-7, "1e-7")],
)
def test_values_are_spelled_as_javascript_does(value: object, text: str) -> None:
    assert to_text(value) == text


def test_names_are_filled_in() -> None:
    assert fill("{{a}} {{ b.c }} {{d}}", {"a": 1.0, "b": {"c": "x"}}) == "1 x "
    assert fill("{{d}}", {}, keeps_unknown=True) == "{{d}}"
    with pytest.raises(UnsupportedTemplateError):
        fill("{{ a | upper }}", {"a": "x"})
