"""Other template languages: known by their tags, each with what to write instead."""

from __future__ import annotations

import pytest

from promptops.prompt.template.languages import recognize
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
