"""Configurations of promptfoo become prompts and suites; what is left out has a name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept
from tests.repository.adoption.pieces import adopt, differences, messages, notes
from tests.repository.adoption.promptfoo.pieces import suite
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


def test_a_text_that_looks_like_a_number_stays_a_text(repo: Repo) -> None:
    text = (
        "prompts: ['{{x}}']\ntests:\n- {vars: {x: '1e3'}, assert: [{type: equals, value: '0o7'}]}\n"
    )
    (prompt,) = adopt(repo, "promptfooconfig.yaml", text)["prompts"]
    accept(repo, "validate")
    (found,) = suite(repo, prompt["name"])["samples"]
    assert (found["inputs"], found["expect"]) == ({"x": "1e3"}, [{"equals": "0o7"}])
