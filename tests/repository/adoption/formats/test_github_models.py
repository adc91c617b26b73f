"""Prompt files of GitHub Models are adopted, with test data and evaluators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats.github_models import read
from tests.cli.running import run
from tests.repository.adoption.pieces import (
    SYSTEM,
    USER,
    adopt,
    messages,
    notes,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_github_models(repo: Repo) -> None:
    text = (
        "name: x\ndescription: d\nmodel: openai/gpt-4o\nmodelParameters: {maxTokens: 10}\n"
        "messages:\n- {role: system, content: 'Be {{tone}} and {{ not }}'}\n"
        "- {role: user, content: '{{input}}'}\n"
        "testData:\n- {tone: kind, input: hello, expected: hi}\n"
        "evaluators:\n- {name: c, string: {startsWith: Hi}}\n- {name: j, llm: {}}\n"
    )
    plan = adopt(repo, "gh.prompt.yml", text)
    assert messages(repo, "gh", tone="T", input="I") == [
        (SYSTEM, "Be T and {{ not }}"),
        (USER, "I"),
    ]
    assert "the evaluator 'j' is not carried over: see checks of suites" in notes(plan)
    suite = (repo.path / "evals/gh.yaml").read_text()
    assert suite == snapshot("""\
schema: promptops.suite/v1
prompt: gh
samples:
- name: row 1
  inputs:
    tone: kind
    input: hello
  expect:
  - starts:
      text: Hi
      case: false
""")


def test_a_sample_has_what_the_original_gave_for_a_missing_value(repo: Repo) -> None:
    models = "messages:\n- {content: 'Dear {{name}}, {{q}}'}\ntestData:\n- {q: hi, expected: x}\n"
    plan = adopt(repo, "e.prompt.yml", models)
    assert masked(notes(plan)) == snapshot(
        [
            "a missing value stayed as {{name}}; here it is an error",
            "'expected' of testData is not carried over: no message has it",
        ]
    )
    suite = yaml.safe_load((repo.path / "evals/e.yaml").read_text())
    assert suite["samples"][0]["inputs"] == {"q": "hi", "name": "{{name}}"}
    assert "error" not in run(repo, "validate").output


def lost(text: str) -> list[str]:
    (draft,) = read("a.prompt.yml", text)
    return [note.message for note in draft.notes if note.is_lost]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("- {role: tool, content: x}", "the role 'tool' becomes system"),
        ("- {content: x}\njsonSchema: '{'", "the jsonSchema is not JSON and is not carried over"),
        ("- {content: x}\nmodelParameters: {a: [1]}", "the parameter 'a' is not carried over"),
    ],
)
def test_what_is_lost_is_said(more: str, told: str) -> None:
    assert lost(f"messages:\n{more}\n") == [told]


def test_the_schema_of_the_answer_may_be_wrapped() -> None:
    for schema in ('{"type": "object"}', '{"name": "n", "schema": {"type": "object"}}'):
        (draft,) = read("a.prompt.yml", f"messages: [{{content: x}}]\njsonSchema: '{schema}'\n")
        assert draft.settings == {"output": {"type": "object"}}


def test_the_first_string_check_counts_and_only_equals_minds_the_case() -> None:
    checks = "- {string: {contains: '', endsWith: E, startsWith: S}}\n- {string: {equals: X}}\n"
    (draft,) = read(
        "a.prompt.yml",
        f"messages: [{{content: '{{{{a}}}}'}}]\ntestData: [{{a: 1}}, 3]\nevaluators:\n{checks}",
    )
    assert draft.samples == (
        {
            "name": "row 1",
            "inputs": {"a": "1"},
            "expect": [{"starts": {"text": "S", "case": False}}, {"equals": "X"}],
        },
    )


@pytest.mark.parametrize("text", ["name: x\n", "messages: hi\n", "messages: [hi]\n"])
def test_a_file_without_messages_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError, match="no list of messages"):
        read("a.prompt.yml", text)
