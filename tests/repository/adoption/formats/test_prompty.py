"""Prompty is adopted: what is sent stays the same, or a note says what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from inline_snapshot import snapshot

from promptops.repository.adoption.draft import DraftMessage, UnreadableError
from promptops.repository.adoption.formats.prompty import read
from tests.cli.running import run
from tests.repository.adoption.pieces import (
    SYSTEM,
    USER,
    adopt,
    differences,
    messages,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_prompty(repo: Repo) -> None:
    text = (
        "---\nname: Basic\ndescription: d\nmodel:\n  configuration:\n    type: azure_openai\n"
        "    azure_deployment: gpt\n  parameters: {max_tokens: 9}\nsample:\n  question: Hi?\n"
        "  names: [a]\n---\nsystem:\nBe nice.\n{% for n in names %}\n- {{ n }}\n{% endfor %}\n.\n\n"
        "# user:\n{{ question }}\n\nassistant:\n"
    )
    plan = adopt(repo, "basic.prompty", text)
    assert messages(repo, "basic", question="Q", names=["a", "b"]) == [
        (SYSTEM, "Be nice.\n\n- a\n\n- b\n\n."),
        (USER, "Q"),
    ]
    assert differences(plan) == ["an empty message is not sent"]
    assert plan["prompts"][0]["suite"] == "evals/basic.yaml"


def test_a_sample_has_what_the_original_gave_for_a_missing_value(repo: Repo) -> None:
    prompty = "---\nname: x\nsample: {q: hi}\n---\nsystem:\nDear {{name}}\nuser:\n{{q}}\n"
    adopt(repo, "b.prompty", prompty)
    suite = yaml.safe_load((repo.path / "evals/b.yaml").read_text())
    assert suite["samples"][0]["inputs"] == {"q": "hi", "name": ""}
    assert "error" not in run(repo, "validate").output


def test_threads_and_media_of_prompty(repo: Repo) -> None:
    inputs = "".join(
        f"  - {{name: {name}, kind: {kind}}}\n"
        for name, kind in (("q", "string"), ("talk", "thread"), ("photo", "image"))
    )
    head = f"---\nname: x\nmodel: ${{file:m.json}}\ninputs:\n{inputs}---\n"
    text = "system:\nBe nice.\n{{photo}}\n\n{{talk}}\n\nuser:\n{{q}}\n"
    plan = adopt(repo, "a.prompty", head + text)
    past = [{"role": "user", "content": "before"}]
    assert messages(repo, "a", q="Q", photo="P", talk=past) == [
        (SYSTEM, "Be nice.\nP"),
        (USER, "before"),
        (USER, "Q"),
    ]
    assert masked(differences(plan)) == snapshot(
        ["the input 'photo' is of kind image; prompts are text"]
    )


@pytest.mark.slow
def test_prompty_without_roles_and_with_computed_ones(repo: Repo) -> None:
    adopt(repo, "a.prompty", "---\nname: x\nmodel: m\n---\nHello\n")
    assert messages(repo, "a") == [(SYSTEM, "Hello")]
    head = "---\nname: x\nsample: {h: []}\n---\n"
    text = f"{head}system:\nA\n{{% for i in h %}}\n{{{{i.role}}}}:\n{{% endfor %}}"
    plan = adopt(repo, "b.prompty", text)
    assert differences(plan)[0] == snapshot(
        "`{{i.role}}:` opens a message there, and is text here: use {% history %}"
    )


def test_a_role_may_lose_something_and_says_it() -> None:
    body = '# developer:\nBe nice.\n{% if x -%}\nuser[name="ann"]:\nHi{% endif %}\n'
    (draft,) = read("a.prompty", f"---\nname: a\n---\n{body}")
    assert [one.role for one in draft.messages] == ["system", "user"]
    assert [(note.message, note.line) for note in draft.notes if note.is_lost] == [
        ("the role developer becomes system", 4),
        ('the attributes [name="ann"] are not carried over', 7),
        ("the tag before this role takes its newline, so that it was text", 7),
    ]


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("openai/x", {"model": "openai/x"}),
        ("x", {}),
        (
            "{id: x, provider: foundry, options: {topP: 1, additionalProperties: {topK: 4}}}",
            {"model": "azure/x", "top_p": 1, "parameters": {"topK": 4}},
        ),
        ("{configuration: {name: x}}", {"model": "openai/x"}),
        ("{id: '${env:MODEL}'}", {}),
    ],
)
def test_a_model_is_named_in_many_ways(model: str, settings: dict[str, object]) -> None:
    (draft,) = read("a.prompty", f"---\nmodel: {model}\n---\nuser:\nHi\n")
    assert draft.settings == settings


def test_examples_of_inputs_are_a_sample() -> None:
    inputs = (
        "{q: {type: string, example: Why?}, n: {kind: float, default: 2}, s: {required: false}}"
    )
    (draft,) = read("a.prompty", f"---\ninputs: {inputs}\n---\nuser:\n{{{{q}}}}\n")
    assert draft.inputs == {
        "q": "string",
        "n": {"type": "number", "default": 2},
        "s": {"type": "string", "default": ""},
    }
    assert draft.samples == ({"name": "the example of the file", "inputs": {"q": "Why?"}},)


def test_the_text_before_the_first_role_is_the_systems() -> None:
    (draft,) = read("a.prompty", "Be nice.\n\nuser:\nHi\n")
    assert draft.messages == (DraftMessage("system", "Be nice."), DraftMessage("user", "Hi"))


def test_another_template_language_is_refused() -> None:
    for template in ("mustache", "{format: mustache}", "{format: {kind: mustache}}"):
        with pytest.raises(UnreadableError, match="its template format is 'mustache'"):
            read("a.prompty", f"---\ntemplate: {template}\n---\nuser:\nHi\n")


def test_optional_inputs_of_each_type_are_valid_when_they_are_missing(repo: Repo) -> None:
    kinds = {"a": "string", "b": "integer", "c": "float", "d": "array", "e": "object"}
    inputs = ", ".join(f"{name}: {{kind: {kind}, required: false}}" for name, kind in kinds.items())
    text = f"---\ninputs: {{{inputs}}}\n---\nuser:\nHi {{{{a}}}}{{{{b}}}}{{{{c}}}}.\n"
    adopt(repo, "a.prompty", text)
    assert messages(repo, "a") == [(USER, "Hi .")]
    assert messages(repo, "a", b=1, c=2.5) == [(USER, "Hi 12.5.")]
