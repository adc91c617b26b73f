"""Dotprompt is adopted: what is sent stays the same, or a note says what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats.dotprompt import read
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


@pytest.mark.slow
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


NESTED = (
    "{% for item1 in a %}{% for item2 in item1.b %}{{ item2 }}{{ item1.c }}{{ loop.last }}"
    "{% endfor %}{% endfor %}"
)


@pytest.mark.parametrize(
    ("body", "template"),
    [
        ("{{#unless a}}x{{/unless}}", "{% if not (a) %}x{% endif %}"),
        (
            "{{#if a}}x{{else if b}}y{{else}}z{{/if}}",
            "{% if a %}x{% elif b %}y{% else %}z{% endif %}",
        ),
        ("{{#ifEquals a 'x'}}x{{/ifEquals}}", "{% if a == 'x' %}x{% endif %}"),
        ("{{#with a}}{{b}}{{../c}}{{/with}}", "{{ a.b }}{{ c }}"),
        (
            "{{#each a}}{{#each this.b}}{{this}}{{../c}}{{@last}}{{/each}}{{/each}}",
            NESTED,
        ),
        ("{{json a}}", "{{ a | tojson }}"),
        ("a {{~b~}} c", "a{{ b }}c"),
        ("{{{a}}}", "{{ a }}"),
    ],
)
def test_handlebars_has_its_counterpart_in_our_tags(body: str, template: str) -> None:
    (draft,) = read("a.prompt", body)
    assert draft.messages[0].body == template


@pytest.mark.parametrize(
    ("schema", "declared"),
    [
        ("{a: string}", "string"),
        ("{a?: boolean}", {"type": "boolean", "default": False}),
        ("{a?: integer}", {"type": ["integer", "string"], "default": ""}),
        ("{'a?(enum)': [x, y]}", {"enum": ["x", "y", ""], "default": ""}),
        (
            "{'a(array, many)': number}",
            {"type": "array", "items": {"type": "number"}, "description": "many"},
        ),
        ("{'a(enum)': [x, y]}", {"enum": ["x", "y"]}),
        (
            "{'a(object)': {b: string, c?: any, (*): string}}",
            {
                "type": "object",
                "properties": {"b": {"type": "string"}, "c": {}},
                "required": ["b"],
                "additionalProperties": {"type": "string"},
            },
        ),
        ("{a: any}", {}),
    ],
)
def test_picoschema_becomes_json_schema(schema: str, declared: object) -> None:
    (draft,) = read("a.prompt", f"---\ninput: {{schema: {schema}}}\n---\n{{{{a}}}}\n")
    assert draft.inputs == {"a": declared}


@pytest.mark.parametrize(
    ("schema", "why"),
    [("{'a b': string}", "'a b' is not a field"), ("{a: text}", "'text' is not a type")],
)
def test_what_is_no_picoschema_is_refused(schema: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=f"{why} of Picoschema"):
        read("a.prompt", f"---\ninput: {{schema: {schema}}}\n---\n{{{{a}}}}\n")


def test_optional_inputs_of_each_type_are_valid_when_they_are_missing(repo: Repo) -> None:
    schema = "{'a?': integer, 'b?': number, 'c?(enum)': [x, y], 'd?(array)': string, 'e?': any}"
    body = "Hi {{a}}{{b}}{{c}}{{#each d}}{{this}}{{/each}}{{e}}."
    adopt(repo, "a.prompt", f"---\ninput: {{schema: {schema}}}\n---\n{body}\n")
    assert messages(repo, "a") == [(USER, "Hi .")]
    assert messages(repo, "a", a=1, b=2.5, c="x") == [(USER, "Hi 12.5x.")]
