"""Prompts for LiteLLM's prompt management, with places for their inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.runtime.registry import open_registry
from promptops.server.placeholders import place_inputs
from promptops.server.problems import HttpProblem
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo
    from tests.server.conftest import Team
    from tests.server.serving import Served

ROUTE = "/beta/litellm_prompt_management?prompt_id="
INPUTS = (
    "{question: string, language: {type: string, default: en}, many: {type: array, default: []}}"
)


def place(repo: Repo, body: str, inputs: str = INPUTS) -> list[dict[str, object]]:
    repo.write("prompts/_shared/tone.md", "Tone: {{ question }}")
    repo.write("prompts/a.md", prompt_text(body=body, inputs=inputs))
    with open_registry(repo.path) as registry:
        return place_inputs(registry.get("a@working").prompt)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Q: {{ question }}", "Q: {question}"),
        ("{{ question }} and {{ question }}", "{question} and {question}"),
        ('{% include "_shared/tone.md" %}', "Tone: {question}"),
        ("{% if language == 'en' %}E{% endif %} {{ question }}", "E {question}"),
        ("{{ language | upper }} {{ question }}", "EN {question}"),
        ("{{- question -}}", "{question}"),
    ],
)
def test_an_input_has_its_place(repo: Repo, body: str, text: str) -> None:
    assert place(repo, body) == [{"role": "user", "content": text}]


@pytest.mark.parametrize(
    "body",
    [
        "{% if question == 'x' %}A{% endif %}B",
        "{{ 'A' if question else 'B' }}",
        "{% for c in question %}A{% endfor %}",
        "{{ question | upper }}",
        "{{ question | length }}",
        "{{ question[0] }}",
        "{{ question[:3] }}",
        "{{ question | replace('q', 'x') }}",
        "{{ question == 'x' }}",
        "{% raw %}{{ question }}{% endraw %}{{ question is string }}",
        "{% set x = question %}{{ x }}",
        "{% set x %}{{ question }}{% endset %}{{ x == 'y' }}",
        "{% filter upper %}{{ question }}{% endfilter %}",
        "{question} {{ question }}",
    ],
)
def test_whatever_does_more_with_it_is_refused(repo: Repo, body: str) -> None:
    with pytest.raises(HttpProblem, match="cannot be served with placeholders"):
        place(repo, body)


def test_only_texts_have_places(repo: Repo) -> None:
    with pytest.raises(HttpProblem, match="is not a text"):
        place(repo, "{{ question }}", "{question: integer}")


@pytest.mark.story
def test_the_route_gives_what_litellm_reads(service: Served, team: Team) -> None:
    key = team.make_key("--verb", "render")
    found = service.ask("GET", f"{ROUTE}support/triage@production", key=key).json
    assert found == {
        "prompt_id": "support/triage@production",
        "prompt_template": [{"role": "user", "content": "Sort this: {question}"}],
        "prompt_template_model": "near/small",
        "prompt_template_optional_params": {"temperature": 0.2, "max_tokens": 50},
    }
    assert service.ask("GET", f"{ROUTE}none", key=key).status == 404
    assert service.ask("GET", ROUTE, key=key).status == 400
    assert service.ask("GET", f"{ROUTE}support/triage").status == 401
