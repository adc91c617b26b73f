"""Jinja2 as prompts have it: what expressions print, and keys that win over methods."""

from __future__ import annotations

import pytest

from promptops.errors import TemplateError
from tests.prompt.template.pieces import render, text


def test_jinja2s_cache_of_lexers_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    # It has a lock, which another thread may hold at a fork.
    monkeypatch.setattr("jinja2.lexer._lexer_cache", None)
    assert text("a {{ 1 }} {# b #} c") == "a 1  c"


def test_blocks_on_their_own_line_leave_no_trace() -> None:
    assert text("a\n  {% if true %}\n  b\n  {% endif %}\nc") == "a\n  b\nc"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ 'é' | tojson }}", '"é"'),
        ("{{ '<b>' | tojson }}", '"<b>"'),
        ("{{ {'b': 1, 'a': [true, none]} | tojson }}", '{"b": 1, "a": [true, null]}'),
        ("{{ [1] | tojson(indent=2) }}", "[\n  1\n]"),
        ("{{ '<&>' }}", "<&>"),
        ("{{ 1.5 }} {{ true }} {{ 12 }}", "1.5 True 12"),
        ("{{ ['a', 1, none] }} {{ {'k': 2} }}", "['a', 1, None] {'k': 2}"),
        ("{{ ['a', 'b'] | map('upper') | join(', ') }}", "A, B"),
        ("{{ ['a', 'b'] | map('upper') }}", "['A', 'B']"),
        ("{{ [{'n': {'m': 1}}] | join(attribute='n.m') }}", "1"),
        ("{{ 'x' ~ 1 ~ [2] }}", "x1[2]"),
        ("{{ '%s-%03d' % ('a', 7) }} {{ '%(k)s' | format(k=1) }}", "a-007 1"),
        ("{{ '|{:>3}|{!r}'.format(1, 'a') }} {{ '{k}'.format_map({'k': 2}) }}", "|  1|'a' 2"),
        ("{{ 'a' is sameas 'a' }} {{ 1 is sameas true }} {{ x is defined }}", "True False False"),
        ("{{ 'ab' | reverse }} {{ [1, 2] | reverse }}", "ba [2, 1]"),
        ("{{ 'a b' | replace(' ', '-') | upper | center(7) | trim }}", "A-B"),
        ("{{ 'a\nb' | indent }} {{ 'a b c' | wordwrap(1) }}", "a\n    b a\nb\nc"),
        ("{{ [1, 2, 3] | batch(2) }} {{ [1, 2] | slice(2) }}", "[[1, 2], [3]] [[1], [2]]"),
        ("{% for i in range(3) %}{{ loop.index }}{% if not loop.last %},{% endif %}{% endfor %}",
         "1,2,3"),
        (
            "{% macro m(a, b=2) %}{{ a ~ b ~ caller() }}{% endmacro %}{% call m(1) %}c{%endcall%}",
            "12c",
        ),
        ("{% set x %}a{{ 1 }}{% endset %}{% filter upper %}{{ x }}{% endfilter %}", "A1"),
        ("{% set n = namespace(i=0) %}{% for i in [1] %}{% set n.i = i %}{% endfor %}{{ n.i }}",
         "1"),
        ("{% for n in [{'c': [{'c': []}]}] recursive %}({{ loop(n.c) }}){% endfor %}", "(())"),
        ("{% raw %}{{ x }}{% endraw %}{# {{ y }} #}", "{{ x }}"),
    ],
)  # fmt: skip
def test_expressions_print_the_same_everywhere(body: str, expected: str) -> None:
    assert text(body) == expected


@pytest.mark.parametrize("key", ["items", "keys", "values", "copy", "get", "update", "pop"])
def test_a_key_of_the_data_is_not_a_method_of_python(key: str) -> None:
    order = {key: ["a", "b"]}
    for expression in (f"order.{key}", f"order['{key}']"):
        body = f"{{% for item in {expression} %}}- {{{{ item }}}}\n{{% endfor %}}"
        assert render(body, inputs={"order": "object"}, order=order) == [("user", "- a\n- b")]
    orders = "{% for o in orders %}{{ o." + key + " | length }}{% endfor %}"
    assert render(orders, inputs={"orders": "array"}, orders=[order]) == [("user", "2")]
    mapped = "{{ orders | map(attribute='" + key + "') | first | join }}"
    assert render(mapped, inputs={"orders": "array"}, orders=[order]) == [("user", "ab")]
    empty = "{% if order." + key + " %}has{% else %}empty{% endif %}"
    assert render(empty, inputs={"order": "object"}, order={key: []}) == [("user", "empty")]


@pytest.mark.parametrize("key", ["items", "keys", "values", "get"])
def test_an_absent_key_is_undefined_in_both_notations(key: str) -> None:
    for expression in (f"order.{key}", f"order['{key}']"):
        body = f"{{{{ {expression} is defined }}}}"
        assert render(body, inputs={"order": "object"}, order={}) == [("user", "False")]
        with pytest.raises(TemplateError, match="has no"):
            render(f"{{{{ {expression} }}}}", inputs={"order": "object"}, order={})


def test_methods_of_a_mapping_can_still_be_called() -> None:
    body = "{% for k, v in order.items() %}{{ k }}={{ v }};{% endfor %}{{ order.get('a') }}"
    assert render(body, inputs={"order": "object"}, order={"a": 1, "b": 2}) == [
        ("user", "a=1;b=2;1")
    ]
