"""Prompts that LangChain serialised are adopted, in its three template languages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inline_snapshot import snapshot

from tests.repository.adoption.pieces import (
    adopt,
    differences,
    messages,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_langchain(repo: Repo) -> None:
    def template(text: str, form: str) -> dict[str, Any]:
        prompt = {"id": ["PromptTemplate"], "kwargs": {"template": text, "template_format": form}}
        return {"id": ["x", "HumanMessagePromptTemplate"], "kwargs": {"prompt": prompt}}

    rows = [
        {"id": ["x", "SystemMessage"], "kwargs": {"content": "Hi {x} {{y}}"}},
        template("{a} {{b}}", "f-string"),
        template("{{a}} {b}", "mustache"),
        template("{% if a %}\n{{ a }}{% endif %}", "jinja2"),
        {"id": ["x", "AIMessage"], "kwargs": {"content": "Yes."}},
    ]
    plan = adopt(repo, "lc.json", json.dumps({"kwargs": {"messages": rows}}))
    assert [text for _, text in messages(repo, "lc", a="A")] == [
        *("Hi {x} {{y}}", "A {b}", "A {b}", "A", "Yes."),
    ]
    assert masked(differences(plan)) == snapshot(
        ["{{name}} wrote `<` and `&` as HTML does; here values stay"]
    )
