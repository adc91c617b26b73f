"""Templates rendered and read in one call, and parts of which bodies are made."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from promptops.errors import TemplateError
from promptops.prompt.template import Analysis, CompiledTemplate, analyze

TONE = {"_shared/tone.md": "Be kind.\n"}


def render(
    body: str, partials: dict[str, str] | None = None, **values: object
) -> list[tuple[object, object]]:
    messages = CompiledTemplate("a.md", body, partials or {}).render(values)
    return [(message["role"], message["content"]) for message in messages]


def text(body: str, partials: dict[str, str] | None = None, **values: object) -> object:
    [(role, content)] = render(body, partials, **values)
    assert role == "user"
    return content


def refusal(body: str, partials: dict[str, str] | None = None, **values: object) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        CompiledTemplate("a.md", body, partials or {}).render(values)
    error = caught.value
    assert error.message
    assert not error.message.endswith(".")
    return error


def read(body: str, *, partial: bool = False) -> Analysis:
    return analyze("a.md", body, partial=partial)


INCLUDES = [
    ('{% include "a/b.md" %}', ["a/b.md"]),
    ("{%- include 'a.md' -%}", ["a.md"]),
    ("{%+ include'a.md'+%}", ["a.md"]),
    ("{%\ninclude\n'a.md'\n%}", ["a.md"]),
    ("{% include 'a' 'b' %}", ["ab"]),
    ("{% include 'a.md' with context %}", ["a.md"]),
    ("{% include 'a.md' %}{% include 'b.md' %}{% include 'a.md' %}", ["a.md", "b.md", "a.md"]),
    ("{# {% include 'a.md' %} #}{% include 'b.md' %}", ["b.md"]),
    ("{% raw %}{% include 'a.md' %}{% endraw %}", []),
    ("{%- raw -%}{% include 'a.md' %}{%- endraw -%}{% include 'b' %}", ["b"]),
    ("{{ '{% include \"a.md\" %}' }}", []),
    ("{% set x = '{% include \"a.md\" %}' %}{% include 'b' %}", ["b"]),
    ("{{ {'a': {'b': '}}'}} }}{% include 'b' %}", ["b"]),
    ("{% if x %}{% include 'a' %}{% else %}{% include 'b' %}{% endif %}", ["a", "b"]),
    ("{% include ('a') %}", None),
    ("{% include 'a' ~ 'b' %}", None),
    ("{% include ['a', 'b'] %}", None),
    ("{% include name %}", None),
    ("{% include 'a' ignore missing %}", None),
    ("{% include 'a' without context %}", None),
    ("{% include 'a\\x62' %}", None),
    ("{% include '/etc/passwd' %}", None),
    ("{% include '../a.md' %}", None),
    ("{% include 'a//b.md' %}", None),
    ("{% include '' %}", None),
    ("{% import 'a' as b %}", None),
    ("{% from 'a' import b %}", None),
    ("{% extends 'a' %}", None),
]


PIECES = st.lists(
    st.sampled_from(
        [body for body, _ in INCLUDES]
        + ["text ", "\n", "{{ x }}", "{{ '}}' }}", "{{ [1, {'a': 2}] }}", "{% set x = '%}' %}",
           "{# {{ #}", "{% raw %}{#{% endraw %}", "{{ \"'\" }}", "'", '"', "include", "\\",
           "{% if x %}", "{% endif %}", "{% user %}", "{% enduser %}", "{% history %}",
           "{% for x in y %}", "{% else %}", "{% endfor %}", "{% macro m(a) %}", "{% endmacro %}",
           "{{ m(1) }}", "{{ loop.index }}", "{{ x | upper }}", "{{ y ~ x }}", "{% set x = y %}",
           "{% set z %}", "{% endset %}", "{% filter upper %}", "{% endfilter %}", "{{", "}}",
           "{%", "%}", "{#", "#}", "-%}", "{%-", "é", "\r\n", "\u2028", "{{ caller() }}",
           "{% call m(2) %}", "{% endcall %}", "{{ self }}", "{% set loop = 1 %}",
           "{% with a = x, b = a %}", "{% endwith %}", "{{ 1 if x }}", "{{ x.y[0](a, b=1) }}"]
    ),
    max_size=12,
)  # fmt: skip


def faults(body: str) -> list[tuple[int, str, str]]:
    """Line, message and hint of each problem."""
    problems = analyze("a.md", body, partial=False).problems
    return [(one.position.line, one.message, one.hint or "") for one in problems]
