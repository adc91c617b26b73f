"""The quick reader of plain bodies says exactly what the full one says, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.prompt.template.analysis import inspect
from promptops.prompt.template.plain import read_plain

PIECES = [
    *("{% system %}", "{% endsystem %}", "{%user%}", "{%  enduser\n%}", "{% assistant %}"),
    *("{{ ticket }}", "{{x}}", "{{\nx\t}}", "{{ range }}", "{{ none }}", "{{ self }}", "{{ 7 }}"),
    *("{{ x.y }}", "{{ x | upper }}", "{{- x }}", "{{ é }}", "{{ loop }}", "{{{ x }}}", "{{%"),
    *('{% include "_a.md" %}', "{% include '_b' '.md' with context %}", '{% include "../x" %}'),
    *('{%- include "_a.md" -%}', "{% include x %}", "{% if x %}", "{% endif %}", "{% raw %}"),
    *("{%if\ny\t%}", "{% elif z %}", "{% else %}", "{%endif%}", "{% if none %}", "{% if x.y %}"),
    *("{% endraw %}", "{# note #}", "{#", "{% set x = 1 %}", "{% history %}", "%}", "}}", "#}"),
    *("text", " ", "\n", "\r\n", "\t", "é", "\u2028", "\x0b", "\x85", "{", "}", "\n  "),
]


TREES = st.recursive(
    st.sampled_from(["a", "{{ x }}", "{% user %}b{% enduser %}", "\n", '{% include "_a.md" %}']),
    lambda inner: st.tuples(
        st.sampled_from(["{% if x %}", "{% system %}"]),
        st.lists(inner, max_size=3).map("".join),
        st.sampled_from(["", "{% else %}c", "{% elif y %}{{ z }}", "{% else %}{% elif x %}"]),
        st.sampled_from(["{% endif %}", "{% endsystem %}"]),
    ).map("".join),
)


@pytest.mark.story
@given(TREES, st.booleans())
def test_it_agrees_on_conditions_and_messages_in_each_other(source: str, partial: bool) -> None:
    plain = read_plain("a.md", source, partial=partial, first_line=1)
    assert plain is None or plain == inspect("a.md", source, partial=partial, first_line=1)[0]


@pytest.mark.story
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.booleans())
def test_it_agrees_with_the_full_reader_or_says_nothing(pieces: list[str], partial: bool) -> None:
    source = "".join(pieces)
    plain = read_plain("a.md", source, partial=partial, first_line=7)
    full = inspect("a.md", source, partial=partial, first_line=7)[0]
    assert plain is None or plain == full
    if plain is not None:
        assert list(plain.undeclared) == list(full.undeclared)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "Answer {{ question }}.",
        '{% system %}\nBe kind.\n{% include "_tone.md" %}\n{% endsystem %}\n',
        "{% user %}{{ x }} {{ y }}{{ x }}{% enduser %}\n",
        (
            "{% if a %}{% system %}b{% endsystem %}{% elif c %}{% endif %}{% user %}{% if d %}e"
            "{% else %}f{% endif %}{% enduser %}"
        ),
    ],
)
def test_what_most_prompts_are_is_plain(source: str) -> None:
    assert read_plain("a.md", source, partial=False, first_line=1) is not None
