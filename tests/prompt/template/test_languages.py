"""Other template languages: known by their tags, each with what to write instead."""

from __future__ import annotations

import pytest

from promptops.prompt.template.languages import explain_foreign, recognize
from tests.prompt.template.pieces import faults


@pytest.mark.parametrize(
    ("body", "language", "ours"),
    [
        ("{{#if vip}}x{{/if}}", "Handlebars", ["{% if vip %}", "{% endif %}"]),
        ("{{#each xs}}x{{/each}}", "Handlebars", ["{% for item in xs %}", "{% endfor %}"]),
        ("{{#unless a}}{{/unless}}", "Handlebars", ["{% if not a %}", "{% endif %}"]),
        ("{{> tone}}{{../x}}", "Handlebars", ['{% include "_tone.md" %}', "no counterpart"]),
        ("{{!-- note --}}", "Handlebars", ["{# note #}"]),
        ("{{#a}}x{{/a}}", "Mustache", ["{% if a %}", "{% endif %}"]),
        ("{{^a}}x{{/a}}", "Mustache", ["{% if not a %}", "{% endif %}"]),
        ("{{{a}}} {{& b}}", "Mustache", ["{{ a }}", "{{ b }}"]),
        ('Answer {q} as {{"a": 1}}', "str.format", ["{{ name }}"]),
    ],
)
def test_other_languages_are_named(body: str, language: str, ours: list[str]) -> None:
    assert recognize(body) == language
    found = faults(body)
    assert len(found) == len(ours)
    for (_, message, hint), word in zip(found, ours, strict=True):
        assert language in message
        assert word in hint
        assert "{% raw %}" in hint


@pytest.mark.parametrize(
    "body",
    [
        "{{ x }} {y}",
        "{% if x %}{{ y | join(', ') }}{% endif %}",
        'Say {{ {"a": 1} }}',
        "{% else %}",
    ],
)
def test_ours_is_taken_for_no_other(body: str) -> None:
    assert recognize(body) is None


@pytest.mark.parametrize(
    ("tag", "language", "hint"),
    [
        ("{{~#each a.b-c ~}}", "Handlebars", "write `{% for item in a.b-c %}`"),
        ("{{/with}}", "Handlebars", "write `{% endwith %}`"),
        ("{{!-- two\nlines --}}", "Handlebars", "write `{# two\nlines #}`"),
        ("{{#custom x}}", "Handlebars", "it has no counterpart here"),
        ("{{. }}", "Mustache", None),
        ("{{ x }}", "Mustache", None),
        ("{{ x }}", "str.format", None),
        ("{{ 'a': 1 }}", "str.format", "write `{` and `}` for braces"),
    ],
)
def test_a_foreign_tag_has_its_counterpart_and_ours_is_none(
    tag: str, language: str, hint: str | None
) -> None:
    explained = explain_foreign(tag, language)
    assert (explained is None) is (hint is None)
    if explained is not None:
        message, found = explained
        assert found.startswith(str(hint))
        assert "\n" not in message
