"""What is taken for an input in a text, and what stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.template import analyze
from promptops.repository.adoption.placeholders import read_format, read_loose
from tests.repository.adoption.pieces import (
    USER,
    adopt,
    messages,
    notes,
    render,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.parametrize(
    ("text", "body", "names"),
    [
        ("Hello {name}", "Hello {{ name }}", ["name"]),
        ('{{"a": {b}}}', '{"a": {{ b }}}', ["b"]),
        ("{a}{b}", "{{ a }}{{ b }}", ["a", "b"]),
        ("{a.b}", None, []),
        ("{a:>3}", None, []),
        ("{0}", None, []),
        ("a } b", None, []),
    ],
)
def test_format_strings(text: str, body: str | None, names: list[str]) -> None:
    found = read_format(text)
    assert found == (None if body is None else (body, names))


@pytest.mark.parametrize(
    ("text", "sent", "inputs"),
    [
        ("Hello {name}!", "Hello N!", ["name"]),
        ("Hello {{name}}! {x}", "Hello N! {x}", ["name"]),
        ("Hello ${name}! {x} {", "Hello N! {x} {", ["name"]),
        ('Hello {name}, {"a": 1}', 'Hello N, {"a": 1}', ["name"]),
        ("Use `{name}`. Hello {name}! {", "Use `{name}`. Hello N! {", ["name"]),
        ("## Refunds {#refunds}", "## Refunds {#refunds}", []),
        ("{% if name %}A{% endif %}\nB", "A\nB", ["name"]),
    ],
)
def test_placeholders_that_nobody_told_us_the_kind_of(
    text: str, sent: str, inputs: list[str]
) -> None:
    body, found, told = read_loose(text)
    assert (render(body, name="N"), list(found)) == (sent, inputs)
    assert bool(told) == bool(inputs)
    assert not analyze("a.md", body, partial=False).problems


def test_tags_of_another_language_leave_all_as_text(repo: Repo) -> None:
    plan = adopt(repo, "shop.md", "Hello {{ name }}.\n{% render 'x' %}\n")
    assert messages(repo, "shop") == [(USER, "Hello {{ name }}.\n{% render 'x' %}")]
    assert "it has tags that are not Jinja's; everything was left as text" in notes(plan)


def test_placeholders_in_code_stay_text(repo: Repo) -> None:
    adopt(repo, "a.md", "Greet ${name}.\n\n```js\nlog(`${id}`)\n```\n{ x")
    assert messages(repo, "a", name="N") == [(USER, "Greet N.\n\n```js\nlog(`${id}`)\n```\n{ x")]


def test_inputs_of_jinja_are_declared_as_they_are_used(repo: Repo) -> None:
    text = (
        "Dear {{ customer.name }}, {{ note.upper() }} {{ flags['late'] }}\n"
        "{% for item in order.items %}- {{ item }}\n{% endfor %}"
        "{% for tag in tags %}{{ tag.name }} {% endfor %}{{ tags[0].name }}\n"
    )
    plan = adopt(repo, "app/refund.txt", text)
    assert masked(notes(plan)) == snapshot(
        [
            "taken for a Jinja template: its tags were kept",
            "the input 'customer' is used as a mapping, and declared so",
            "the input 'flags' is used as a mapping, and declared so",
            "the input 'order' is used as a mapping, and declared so",
            "the input 'tags' is used as a list, and declared so",
        ]
    )
    given = {
        "customer": {"name": "Ann"},
        "note": "soon:",
        "flags": {"late": "L"},
        "order": {"items": ["a"]},
        "tags": [{"name": "t"}],
    }
    assert messages(repo, "refund", **given) == [("user", "Dear Ann, SOON: L\n- a\nt t")]
