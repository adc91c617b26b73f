"""Prompty is adopted: what is sent stays the same, or a note says what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from inline_snapshot import snapshot

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


def test_prompty_without_roles_and_with_computed_ones(repo: Repo) -> None:
    adopt(repo, "a.prompty", "---\nname: x\nmodel: m\n---\nHello\n")
    assert messages(repo, "a") == [(SYSTEM, "Hello")]
    head = "---\nname: x\nsample: {h: []}\n---\n"
    text = f"{head}system:\nA\n{{% for i in h %}}\n{{{{i.role}}}}:\n{{% endfor %}}"
    plan = adopt(repo, "b.prompty", text)
    assert differences(plan)[0] == snapshot(
        "`{{i.role}}:` opens a message there, and is text here: use {% history %}"
    )
