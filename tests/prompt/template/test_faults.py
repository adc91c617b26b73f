"""What is wrong with a body: its kind, its place, and what to write instead."""

from __future__ import annotations

import re

import pytest

from promptops.prompt.template import analysis, parsing
from tests.prompt.template.pieces import read, refusal, text


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("## Refunds {#refunds}\n\nNever refund more than 100.", "{% raw %}"),
        ("Use {{ name", "{% raw %}"),
        ("{% liquid %}", "{% raw %}"),
        ("{{ x | default(\u201ca\u201d) }}", "straight quote"),
        ("{{ x | default(\u2018a\u2019) }}", "straight quote"),
    ],
)
def test_a_hint_offers_what_the_author_may_have_meant(body: str, hint: str) -> None:
    (problem,) = read(body).problems
    assert hint in str(problem.hint)


@pytest.mark.parametrize(
    ("body", "kind", "said", "place"),
    [
        ("a {{ ", "syntax", "ends inside a tag", (1, 3)),
        ("a\n{{ x", "syntax", "ends inside a tag", (2, 4)),
        ("{% if x %}\n", "syntax", "`if` is not closed", None),
        ("{% user %}x", "syntax", "`user` is not closed", None),
        ("{% user %}x{% endsystem %}", "syntax", "comes before `user` is closed", (1, 15)),
        ("é{% endif %}", "syntax", "closes nothing", (1, 5)),
        ("{# a", "syntax", "comment is not closed", (1, 1)),
        ("a{% raw %} b", "syntax", "`raw` is not closed", (1, 2)),
        ("{{ a $ b }}", "syntax", r"unexpected char '\$'", (1, 6)),
        ("{{ (a] }}", "syntax", r"unexpected '\]'", (1, 6)),
        ("{{ 'a }}", "syntax", "unexpected char", (1, 4)),
        ("{{ " + "9" * 5000 + " }}", "syntax", ".", (1, 4)),
        ("{% usr %}x", "syntax", "unknown tag `usr`", (1, 4)),
        ("{% do x %}", "syntax", "`do` is not available", (1, 4)),
        ("{% developer %}x", "syntax", "unknown tag `developer`", (1, 4)),
        ("{% system x %}a{% endsystem %}", "syntax", "expected token", (1, 11)),
        ("{% macro m(a, a) %}{% endmacro %}", "syntax", "is given twice", (1, 1)),
        ("{{ 1e999 | tojson }}", "syntax", "too large", (1, 1)),
        ("{{ f(a=1, a=2) }}", "syntax", "given twice", (1, 1)),
        ("x{% user %}a{% enduser %}", "stray-text", "outside of the messages", (1, 1)),
        ("{% user %}a{% enduser %}\n\n  é text\nmore", "stray-text", "outside", (3, 3)),
        ("{% user %}a{% enduser %}\u00a0", "stray-text", "outside", (1, 25)),
        ("{% user %}a{% enduser %}\n{{ x }}", "stray-text", "outside", (2, 1)),
        ("{% history %}{% include '_a' %}", "stray-text", "outside", (1, 14)),
        ("{% for x in y %}{% user %}a{% enduser %}, {% endfor %}", "stray-text", "o", (1, 41)),
        ("{% user %}{% system %}a{% endsystem %}{% enduser %}", "misplaced-role",
         "`system` inside the message `user`", (1, 11)),
        ("{% user %}{% if x %}{% history %}{% endif %}{% enduser %}", "misplaced-role",
         "`history` inside the message `user`", (1, 21)),
        ("{% macro m() %}{% user %}a{% enduser %}{% endmacro %}", "misplaced-role",
         "inside the macro `m`", (1, 16)),
        ("{% set x %}\n{% user %}a{% enduser %}{% endset %}", "misplaced-role", "`set`", (2, 1)),
        ("{% filter upper %}{% history %}{% endfilter %}{% user %}a{% enduser %}",
         "stray-text", "outside", (1, 1)),
        ("{% for x in y recursive %}{% user %}a{% enduser %}{% endfor %}", "misplaced-role",
         "recursive loop", (1, 27)),
        ("{% block a %}{% endblock %}", "unsupported-tag", "`block`", (1, 1)),
        ("{% autoescape true %}{% endautoescape %}", "unsupported-tag", "`autoescape`", (1, 1)),
        ("a {{ x | e }}", "unknown-filter", "no filter `e`", (1, 3)),
        ("{{ x | uper }}", "unknown-filter", "no filter `uper`", (1, 1)),
        ("{% if x is odd2 %}{% endif %}", "unknown-test", "no test `odd2`", (1, 1)),
        ("{% for x in y %}{% else %}{% set loop = 1 %}{% endfor %}", "reserved-name", "`loop`",
         (1, 27)),
        ("{% macro m(caller) %}{% endmacro %}", "reserved-name", "`caller`", (1, 1)),
        ("{{ self }}", "reserved-name", "`self`", (1, 1)),
        ("{% for loop in x %}{% endfor %}", "reserved-name", "`loop`", (1, 1)),
        ("{{ " + "(" * 500 + "1" + ")" * 500 + " }}", "nesting", "nested", (1, 34)),
        ("{{ 1" + " + 1" * 500 + " }}", "nesting", "nested", None),
        ("{% if 1 %}" * 16 + "{% endif %}" * 16, "nesting", "nested", None),
        ("{% for x in y %}" * 200 + "{% endfor %}" * 200, "nesting", "nested", (1, 804)),
        ("{{ " + "not " * 9999 + "1 }}", "nesting", "nested", (1, 1)),
        ("{% if 1 %}" + "{% elif 1 %}" * 600 + "{% endif %}", "nesting", "nested", None),
    ],
)  # fmt: skip
def test_problems_have_a_kind_and_a_place(
    body: str, kind: str, said: str, place: tuple[int, int] | None
) -> None:
    problems = read(body).problems
    assert problems
    problem = problems[0]
    assert problem.kind == kind
    assert re.search(said, problem.message)
    if place is not None:
        assert (problem.position.line, problem.position.column) == place
    error = refusal(body, {"_a": ""})
    assert error.message == problem.message
    assert (error.line, error.column) == (problem.position.line, problem.position.column)


def test_the_deepest_allowed_nesting_compiles() -> None:
    blocks = 15
    body = "{% for x in [1] %}" * blocks + "a" + "{% endfor %}" * blocks
    assert text(body) == "a"
    assert text("{{ " + "1 + " * 90 + "1 }}") == "91"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("{{a.b}}" * 601, (1, 4201)),
        ("{% set a = [" + ",".join(f"b{n}" for n in range(100)) + "] %}" + "{{a}}" * 100, None),
        ("".join(f"{{%set a{n}=1%}}{{%if b%}}{{%endif%}}" for n in range(100)), None),
        ("".join(f"{{%set a{n}=1%}}{{%include 'b'%}}" for n in range(100)), None),
    ],
    ids=["tokens", "inputs of a value", "names at a condition", "names at an include"],
)
def test_what_would_take_too_long_to_read_is_too_large(
    monkeypatch: pytest.MonkeyPatch, body: str, place: tuple[int, int] | None
) -> None:
    assert not read(body).problems
    monkeypatch.setattr(parsing, "MAX_TOKENS", 3_000)
    monkeypatch.setattr(analysis, "MAX_STEPS", 3_000)
    [problem] = read(body).problems
    assert (problem.kind, problem.message) == ("too-large", refusal(body).message)
    assert "too large" in problem.message
    assert place in {None, problem.position[:2]}
