"""What reading a body tells: problems, names, uses, includes and messages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from jinja2 import meta

from promptops.errors import InputError, TemplateError
from promptops.prompt.finding import Position
from promptops.prompt.template import CompiledTemplate, analyze, scan_includes
from promptops.prompt.template.environment import ENVIRONMENT
from tests.prompt.template.pieces import PIECES, read, refusal


@pytest.mark.story
@settings(max_examples=200, deadline=None)
@given(pieces=PIECES)
def test_reading_never_fails_and_agrees_with_scanning_and_compiling(pieces: list[str]) -> None:
    body = "".join(pieces)
    analysis = read(body)
    scanned = scan_includes(body)
    if any(problem.kind in {"syntax", "nesting", "too-large"} for problem in analysis.problems):
        return
    assert scanned == [include.path for include in analysis.includes]
    if analysis.problems:
        return
    template = CompiledTemplate("a.md", body, dict.fromkeys(scanned, ""))
    try:
        template.render({"x": "x", "y": "y", "history": []})
    except (TemplateError, InputError) as error:
        assert "too complex" not in error.message  # noqa: PT017 (a result is just as fine)


def test_many_names_and_tags_are_read_to_the_end() -> None:
    body = "".join(f"{{{{ name_{n} }}}} and {{% if name_{n} %}}x{{% endif %}}" for n in range(1500))
    analysis = read(body)
    assert not analysis.problems
    assert len(analysis.undeclared) == 1500


def test_partials_open_no_messages_but_have_no_stray_text() -> None:
    analysis = read("text {% user %}a{% enduser %}", partial=True)
    kinds = [problem.kind for problem in analysis.problems]
    assert kinds == ["misplaced-role"]
    error = refusal("{% include '_p.md' %}", {"_p.md": "{% history %}"})
    assert error.message == "`history` inside a partial"


def test_problems_of_a_file_are_reported_together_and_in_order() -> None:
    body = "x\n{% user %}{{ a | nope }}{% history %}{% enduser %}{% include b %}"
    kinds = [problem.kind for problem in read(body).problems]
    assert kinds == ["stray-text", "unknown-filter", "misplaced-role", "unsupported-include"]


def test_undeclared_variables_have_their_places() -> None:
    body = "é {{ a.b }}\n{% if c %}{{ a }}{% endif %}"
    analysis = analyze("a.md", body, partial=False, first_line=5)
    assert analysis.undeclared == {
        "a": (Position(5, 6, 5, 7), Position(6, 14, 6, 15)),
        "c": (Position(6, 7, 6, 8),),
    }


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("{% set x = y %}{{ x }}", {"y"}),
        ("{{ x }}{% set x = 1 %}", {"x"}),
        ("{% set x = x %}", {"x"}),
        ("{% if a %}{% set x = 1 %}{% endif %}{{ x }}", {"a", "x"}),
        ("{% if a %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", {"a"}),
        ("{% for i in xs if i > m %}{{ i }}{{ loop.index }}{% else %}{{ i }}{% endfor %}",
         {"xs", "m", "i"}),
        ("{% for i in xs %}{% set y = 1 %}{% endfor %}{{ y }}{{ loop }}", {"xs", "y", "loop"}),
        ("{% for a, b in xs %}{{ a }}{{ b }}{% endfor %}", {"xs"}),
        ("{% with a = b %}{{ a }}{% endwith %}{{ a }}", {"a", "b"}),
        ("{% macro m(p, q=r) %}{{ p ~ q ~ s }}{{ varargs }}{{ caller() }}{% endmacro %}{{ m(1) }}",
         {"r", "s"}),
        ("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(2) }}", set()),
        ("{% macro a(n) %}{{ b(n) }}{% endmacro %}{% macro b(n) %}{{ n }}{% endmacro %}{{ a(1) }}",
         set()),
        ("{% for i in [1] %}{% macro m(n) %}{{ m is defined }}{% endmacro %}{{ m(1) }}{% endfor %}",
         set()),
        ("{{ b(1) }}{% macro b(n) %}{{ n }}{% endmacro %}", {"b"}),
        ("{% macro a(n) %}{{ b }}{% endmacro %}{% if x %}{% macro b() %}{% endmacro %}{% endif %}",
         {"b", "x"}),
        ("{% call(u) m() %}{{ u }}{% endcall %}", {"m"}),
        ("{% set t %}{{ v }}{% endset %}{{ t }}", {"v"}),
        ("{% set ns = namespace() %}{% set ns.x = y %}{{ ns.x }}", {"y"}),
        ("{% set nope.x = 1 %}", {"nope"}),
        ("{{ range(3) }}{{ dict(a=1) }}", set()),
        ("{% user %}{% set x = 1 %}{{ x }}{% enduser %}{% user %}{{ x }}{% enduser %}", {"x"}),
        ("{% history %}{% history turns %}", {"history", "turns"}),
        ("{{ x is defined }}{{ y | default(z) }}", {"x", "y", "z"}),
        ("{% include '_p.md' %}", set()),
    ],
)  # fmt: skip
def test_variables_that_the_template_does_not_surely_set_are_undeclared(
    body: str, names: set[str]
) -> None:
    assert set(read(body).undeclared) == names


@pytest.mark.story
@settings(max_examples=100, deadline=None)
@given(pieces=PIECES)
def test_what_jinja_finds_undeclared_includes_what_we_do(pieces: list[str]) -> None:
    body = "".join(pieces)
    analysis = read(body)
    if not analysis.problems:
        known = meta.find_undeclared_variables(ENVIRONMENT.parse(body))
        assert set(analysis.undeclared) <= known
        assert known - set(analysis.undeclared) <= analysis.assigned | {"caller", "range"}


def test_uses_follow_a_value_to_the_message_in_which_it_is_printed() -> None:
    body = (
        "{% set copy %}{{ ticket }}{% endset %}"
        "{% macro quote(t) %}> {{ t }}{{ extra }}{% endmacro %}"
        "{% system %}{{ copy }}{% if lang %}a{% endif %}{% endsystem %}"
        "{% user %}{{ quote(ticket) }}{% for d in docs %}{{ d.text if d.ok }}{% endfor %}"
        "{% enduser %}"
    )
    printed = {(use.name, use.role) for use in read(body).uses if use.printed}
    assert printed == {
        ("ticket", "system"),
        ("ticket", "user"),
        ("extra", "user"),
        ("docs", "user"),
    }
    read_only = {(use.name, use.role) for use in read(body).uses if not use.printed}
    assert ("lang", "system") in read_only
    assert ("ticket", None) in read_only


def test_includes_know_their_message_and_what_is_in_scope() -> None:
    body = "{% system %}{% for d in docs %}{% include '_d.md' %}{% endfor %}{% endsystem %}"
    [include] = read(body).includes
    assert (include.path, include.role) == ("_d.md", "system")
    assert include.scope["d"] == {"docs"}
    assert include.position == Position(1, 32, 1, 53)


def test_roles_and_histories_have_their_places() -> None:
    analysis = read("{% system %}a{% endsystem %}\n{%- history turns %}")
    assert analysis.roles == (("system", Position(1, 1, 1, 13)),)
    assert analysis.histories == (("turns", Position(2, 1, 2, 21)),)
    assert analysis.opens_messages
    assert not read("a").opens_messages
