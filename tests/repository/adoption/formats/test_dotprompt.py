"""Dotprompt is adopted: what is sent stays the same, or a note says what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.repository.repository import find_prompt, open_repository
from tests.cli.running import run
from tests.repository.adoption.pieces import (
    SYSTEM,
    USER,
    adopt,
    differences,
    messages,
    notes,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo

DOTPROMPT = """\
---
model: googleai/gemini-2.0-flash
config: {temperature: 0.3, topK: 4}
input:
  schema:
    name: string, who
    items?(array): string
    vip?: boolean
  default: {name: Bob}
output: {format: json, schema: {mood(enum): [good, bad]}}
---
{{role "system"}}
Be nice.
{{history}}
{{role "user"}}
Hello {{name}}!{{#if vip}} (VIP){{/if}}
{{#unless vip}}
New.
{{/unless}}
{{#each items}}
- {{this}} {{@index}}{{#if @first}} first{{/if}}
{{/each}}
{{! a comment }}
\\{{literal}} {x}
"""


def test_dotprompt(repo: Repo) -> None:
    plan = adopt(repo, "greet.prompt", DOTPROMPT)
    assert differences(plan) == []
    assert messages(repo, "greet", vip=True, items=["a", "b"]) == [
        (SYSTEM, "Be nice."),
        (USER, "Hello Bob! (VIP)\n- a 0 first\n- b 1\n{{literal}} {x}"),
    ]
    assert messages(repo, "greet", name="Al")[1] == (
        USER,
        "Hello Al!\nNew.\n{{literal}} {x}",
    )
    prompt = find_prompt(open_repository(repo.path).working, "greet", where="here")
    request = prompt.request({"name": "x"})
    assert (request["model"], request["temperature"]) == ("gemini/gemini-2.0-flash", 0.3)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{>part}}", "line 1: {{>part}} has no counterpart here"),
        ("a\n{{media url=x}}", "line 2: the helper 'media' has no counterpart here"),
        ("{{#if x}}a", "line 1: `if` is not closed"),
        ("{{#if x}}{{role 'user'}}{{/if}}", "line 1: {{role}} in a block has no counterpart here"),
        ("{{../x}}", "line 1: '../x' has no counterpart here"),
    ],
)
def test_what_has_no_counterpart_is_left_out(repo: Repo, body: str, why: str) -> None:
    repo.commit({"a.prompt": body})
    said = run(repo, "adopt", "a.prompt")
    assert said.exit_code == 1
    assert f"a.prompt is left out: {why}" in said.stdout


def test_dotprompt_after_a_licence(repo: Repo) -> None:
    text = (
        "# Copyright\n# Apache\n\n---\ninput:\n  schema:\n    type: object\n"
        "    properties: {name: string}\noutput: {schema: Recipe}\n---\nHi {{name}}{{{name}}}}\n"
    )
    plan = adopt(repo, "a.prompt", text)
    assert messages(repo, "a", name="N") == [(USER, "Hi NN}")]
    assert [masked(note) for note in notes(plan)] == snapshot(
        [
            "there is a comment before the frontmatter: npm's dotprompt sends all of it as text; this is how PyPI's reads it",
            "the output schema 'Recipe' is declared in code: write it here",
            "a history that is passed in has no place: add {% history %}",
        ]
    )
    assert masked(notes(plan)) == snapshot(
        [
            "there is a comment before the frontmatter: npm's dotprompt sends all of it as text; this is how PyPI's reads it",
            "the output schema 'Recipe' is declared in code: write it here",
            "a history that is passed in has no place: add {% history %}",
        ]
    )


def test_names_outside_of_a_loop_of_dotprompt(repo: Repo) -> None:
    head = "---\ninput: {schema: {xs(array): string, n: string}}\n---\n"
    body = "{{#each xs}}{{#if ../n}}{{this}}{{../n}}{{/if}}{{/each}}"
    adopt(repo, "a.prompt", head + body)
    assert messages(repo, "a", xs=["a", "b"], n="!") == [(USER, "a!b!")]
