"""A body compiled with its partials, and where its errors are."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.errors import TemplateError
from promptops.prompt.template import CompiledTemplate
from tests.prompt.template.pieces import TONE, refusal, text


def test_a_partial_reads_as_if_its_text_stood_in_place_of_its_line() -> None:
    assert text('A\n{% include "_shared/tone.md" %}\nB', TONE) == "A\nBe kind.\nB"
    assert text('A\n  {% include "_shared/tone.md" %}\nB', TONE) == "A\nBe kind.\nB"


def test_a_partial_sees_inputs_and_the_includers_variables() -> None:
    partials = {"_p.md": "{{ x }}{{ y }}{{ z }};"}
    body = '{% set y = 2 %}{% for z in [3, 4] %}{% include "_p.md" %}{% endfor %}'
    assert text(body, partials, x=1) == "123;124;"


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("missing", "`missing` is undefined"),
        ("d.missing.more", "has no attribute `missing`"),
        ("d | tojson ~ missing", "`missing` is undefined"),
        ("[missing]", "`missing` is undefined"),
        ("missing | join", "`missing` is undefined"),
        ("missing | tojson", "`missing` is undefined"),
        ("missing | upper", "`missing` is undefined"),
        ("none", "none cannot be printed"),
        ("'a' ~ none", "none cannot be printed"),
        ("none | string", "none cannot be printed"),
        ("none | upper", "none cannot be printed"),
        ("[none] | join", "none cannot be printed"),
        ("'%s' % none", "none cannot be printed"),
        ("'%s' | format(none)", "none cannot be printed"),
        ("'{}'.format(none)", "none cannot be printed"),
        ("d.items", "has no attribute `items`"),
        ("d.items | string", "has no attribute `items`"),
        ("d.items()", "dict_items cannot be printed"),
        ("(1, 2)", "a tuple cannot be printed"),
        ("[(1, 2)]", "holds a tuple"),
        ("range", "cannot be printed"),
        ("range(3)", "cannot be printed"),
        ("cycler(1)", "Cycler cannot be printed"),
        ("''.__class__", "unsafe"),
        ("range[range]", "has no element"),
        ("{{}: 1}", "unhashable"),
        ("d.clear()", "unsafe|not"),
        ("d.update(a=1)", "unsafe|not"),
        ("1 / 0", "division by zero"),
        ("'a' + 1", "concatenate"),
        ("1 + 'a'", "unsupported"),
        ("1 < 'a'", "not supported"),
        ("range(10 ** 9)", "too big"),
        ("{}[[]]", "unhashable|undefined|no element"),
        ("d | tojson(indent=5000)", "a width"),
        ("(9e300 * 9e300) | tojson", "cannot be written as JSON"),
        ("range | tojson", "cannot be written as JSON"),
        ("'a' * 10 ** 10", "more than 10,000,000 characters"),
        ("[1] * 10 ** 10", "more than 10,000,000 characters"),
        ("10 ** (10 ** 10)", "bits"),
        ("10 ** 5000", "an expression fails|digits"),
        ("(10 ** 20000) * (10 ** 20000)", "bits"),
        ("'%99999d' % 1", "a width"),
        ("'%*d' % (99999, 1)", "a width"),
        ("'{:99999}'.format(1)", "a width"),
        ("'{:{w}}'.format(1, w=99999)", "a width"),
        ("'a'.center(10 ** 8)", "a width"),
        ("'a'.ljust(width=10 ** 8)", "a width|expression fails"),
        ("'a' | center(10 ** 8)", "a width"),
        ("'a' | indent(10 ** 8)", "a width"),
        ("[1] | batch(10 ** 8, 'x') | list", "a width"),
        ("[1] | slice(10 ** 8) | list", "a width"),
        ("('a' * 10 ** 6) | replace('a', 'a' * 1000)", "characters"),
        ("('a' * 10 ** 6).replace('a', 'a' * 1000)", "characters"),
        ("('a' * 10 ** 6).join('a' * 1000)", "characters"),
        ("('a' * 1000) | join('a' * 10 ** 6)", "characters"),
        ("('a' * 10 ** 7) ~ 'a'", "characters"),
        ("('a' * 10 ** 7) + 'a'", "characters"),
        ("'a'.translate({})", "not available"),
        ("'a'()", "callable"),
    ],
)
def test_what_cannot_be_rendered_is_an_error_with_its_place(expression: str, said: str) -> None:
    body = f"first\n{{% if true %}}\né {{{{ {expression} }}}}{{% endif %}}"
    error = CompiledTemplate("a.md", body, {}, first_line=11)
    with pytest.raises(TemplateError, match=said) as caught:
        error.render({"d": {"a": 1}})
    assert (caught.value.path, caught.value.line) == ("a.md", 13)
    assert caught.value.column is not None
    assert caught.value.column >= 6
    assert " at 0x" not in caught.value.message


def test_an_error_in_a_partial_names_the_partial() -> None:
    error = refusal("a\n{% include '_p.md' %}", {"_p.md": "\n\n {{ x.y }}"}, x={})
    assert (error.path, error.line, error.column) == ("_p.md", 3, 6)


def test_a_macro_that_calls_itself_for_ever_is_an_error() -> None:
    body = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"
    assert refusal(body).message == snapshot("macros or loops call themselves too deeply")


def test_a_circle_of_includes_is_named() -> None:
    partials = {"_a.md": '\n{% include "_b.md" %}', "_b.md": '{% include "_a.md" %}'}
    error = refusal('{% include "_a.md" %}', partials)
    assert error.message == snapshot("circular include: _a.md -> _b.md -> _a.md")
    assert (error.path, error.line) == ("_b.md", 1)
    assert refusal('{% include "a.md" %}', {"a.md": ""}).message == snapshot(
        "circular include: a.md -> a.md"
    )


def test_a_partial_included_twice_is_no_circle() -> None:
    partials = {"_a.md": "{% include '_b.md' %}", "_b.md": "b"}
    assert (
        text("{% include '_b.md' %}{% include '_a.md' %}{% include '_a.md' %}", partials) == "bbb"
    )


def test_a_missing_partial_is_an_error_where_it_is_included() -> None:
    error = refusal("\n {% include '_a.md' %}")
    assert error.message == snapshot("`_a.md` is included, but there is no such file")
    assert (error.path, error.line, error.column) == ("a.md", 2, 2)
