"""Rendering without Jinja2 gives exactly what Jinja2 gives, or leaves the body to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import PromptopsError
from promptops.prompt.template import CompiledTemplate
from promptops.prompt.template.program import build_program
from promptops.prompt.template.simple import read_simple, render_simple

TEXTS = [
    "text",
    " ",
    "\n",
    "\t",
    "é",
    "\u2028",
    "\x0b",
    "\x85",
    "{",
    "}",
    "\n  ",
    "%}",
    "}}",
    "\x00",
]
PIECES = [
    *("{% system %}", "{% endsystem %}", "{%user%}", "{%  enduser\n%}", "{% assistant %}"),
    *("{{ a }}", "{{b}}", "{{\na\t}}", "{{ range }}", "{{ none }}", "{{ a.b }}", "{{ absent }}"),
    *("{{- a }}", "{{{ a }}}", "{% if a %}", "{% endif %}", "{# note #}", "{%- user -%}"),
    *("{% user %}x {{ a }}\n {% enduser %}", "{% system %}\n{{ b }}{% endsystem %}\n", *TEXTS),
]
VALUES = st.one_of(st.text(max_size=4), st.sampled_from(["{{ a }}", " \n", "", "\ud800", 7, None]))


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(PIECES), max_size=10).map("".join),
    st.fixed_dictionaries({"a": VALUES, "b": VALUES}),
)
def test_it_agrees_with_jinja_or_says_nothing(body: str, values: dict[str, object]) -> None:
    simple = read_simple(body)
    rendered = None if simple is None else render_simple(simple, values)
    if rendered is None:
        return
    program = build_program("a.md", body, {}, 1)
    assert rendered == program.render(values, are_plain=True)


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("Hello {{ name }}.", {"name": "Ann"}),
        ("{% system %}\nBe kind.\n{% endsystem %}\n{% user %}{{ x }}{% enduser %}\n", {"x": "q"}),
        ("No tag at all", {}),
    ],
)
def test_it_renders_what_most_prompts_are(body: str, values: dict[str, object]) -> None:
    simple = read_simple(body)
    assert simple is not None
    rendered = render_simple(simple, values)
    assert rendered is not None
    assert rendered == CompiledTemplate("a.md", body, {}).render(values)


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("{{ missing }}", {}),
        ("{{ x }}", {"x": 1.5}),
        ("{{ x }}", {"x": ""}),
        ("{{ x }}", {"x": "\ud800"}),
        ("{{ x }}{{ x }}", {"x": "y" * 6_000_000}),
    ],
)
def test_what_is_no_plain_text_is_left_to_jinja(body: str, values: dict[str, object]) -> None:
    simple = read_simple(body)
    assert simple is not None
    assert render_simple(simple, values) is None


@pytest.mark.parametrize(
    "body", ["{% user %}x", "x{% user %}y{% enduser %}", "{{ 1 }}", "{% if x %}{% endif %}", "{#"]
)
def test_other_bodies_are_left_to_jinja(body: str) -> None:
    assert read_simple(body) is None


def test_an_error_says_the_same_as_ever() -> None:
    with pytest.raises(PromptopsError, match="undefined"):
        CompiledTemplate("a.md", "{{ x }}", {}).render({}, are_plain=True)
