"""Templates that multiply what they have, or could print what differs between runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from promptops.errors import TemplateError
from promptops.prompt.template import printing
from promptops.prompt.template.environment import ENVIRONMENT
from promptops.prompt.template.program import build_program
from tests.prompt.template.pieces import refusal


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits, so that little work exceeds them."""
    monkeypatch.setattr(printing, "MAX_STEPS", 20_000)
    monkeypatch.setattr(printing, "MAX_CHARACTERS", 100_000)


ROUNDS = "{% for i in range(40) %}"
DOUBLED = {
    "lists": ("[1]", "[ns.x, ns.x]"),
    "tuples": ("(1,)", "(ns.x, ns.x)"),
    "objects": ("{'a': 1}", "{'a': ns.x, 'b': ns.x}"),
    "dict": ("[1]", "dict(a=ns.x, b=ns.x)"),
    "batches": ("[1]", "[ns.x] | batch(2, ns.x)"),
    "product": ("[1]", "[ns.x] * 2"),
    "sum": ("[1]", "[ns.x, ns.x] | sum(start=[])"),
    "text": ("'ab'", "ns.x + ns.x"),
    "joined": ("'ab'", "ns.x ~ ns.x"),
    "join": ("'ab'", "ns.x.join([ns.x, ns.x])"),
    "replace": ("'ab'", "ns.x | replace('', 'bb')"),
    "wordwrap": ("'a a'", "ns.x | wordwrap(1, wrapstring=ns.x)"),
    "square": ("3", "ns.x * ns.x"),
    "power": ("3", "ns.x ** 9"),
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", DOUBLED)
def test_nothing_is_doubled_for_ever(name: str) -> None:
    first, then = DOUBLED[name]
    body = f"{{% set ns = namespace(x={first}) %}}{ROUNDS}{{% set ns.x = {then} %}}{{% endfor %}}x"
    with pytest.raises(TemplateError, match=r"more than|too much memory"):
        build_program("a.md", body, {}, 1).render({})


REPEATED = [
    "x.upper()",
    "x | title",
    "x | wordcount",
    "x | urlencode",
    "x.splitlines()",
    "x < y",
    "x ~ y",
    "x * 2",
    "[x, y] | join",
    "n // 7",
    "n - 1",
]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("expression", REPEATED)
def test_work_on_much_text_is_charged_for_how_much_it_is(expression: str) -> None:
    body = f"{{% for i in range(900) %}}{{% set z = {expression} %}}{{% endfor %}}x"
    values = {"x": "a\n" * 4_000, "y": "a\n" * 4_000, "n": 10**3000}
    assert build_program("a.md", body.replace(expression, "x is string"), {}, 1).render(values)
    with pytest.raises(TemplateError, match="steps"):
        build_program("a.md", body, {}, 1).render(values)


LONG = "{% set a = 'a ' * 20000 %}"
MANY = "{% set a = range(999) | list %}"
AGAIN = "{% for i in range(99) %}{% set x = "
END = " %}{% endfor %}x"
WORK = "{{ a }}{% set b = 1 %}" * 50
MULTIPLIED = {
    "a long body": "{% for i in range(999) %}" + "{% set a = 1 %}" * 100 + "{% endfor %}x",
    "look-ups": "{% for i in range(999) %}" + "{{ loop.index }}" * 9 + "{% endfor %}x",
    "choices": "{% for i in range(999) %}" + "{{ 'a' if i else 'b' }}" * 9 + "{% endfor %}x",
    "a recursive loop": "{% for i in [1, 2] recursive %}"
    "{{ loop(range(99)) if loop.depth < 3 }}{% endfor %}x",
    "a large macro": f"{{% macro m(a) %}}{WORK}{{% endmacro %}}"
    "{% for i in range(299) %}{{ m(1) }}{% endfor %}x",
    "a large call block": "{% macro m() %}{% for i in range(299) %}{{ caller() }}{% endfor %}"
    f"{{% endmacro %}}{{% set a = 1 %}}{{% call m() %}}{WORK}{{% endcall %}}x",
    "a slice": f"{LONG}{AGAIN}a[::-1]{END}",
    "a slice of a list": f"{MANY}{AGAIN}a[::-1]{END}",
    "a range": f"{AGAIN}range(999) | sum{END}",
    "a range as an argument": f"{AGAIN}''.join(range(999) | map('string')){END}",
    "fields": "{% set a = '{0}' * 9000 %}{{ a.format(1) }}",
    "fields of a map": "{% set a = '{b}' * 9000 %}{{ a.format_map({'b': 1}) }}",
    "words": LONG + "{{ a.split() | length }}",
    "lines": "{% set a = '\n' * 40000 %}{{ a.splitlines() | length }}",
    "titles": LONG + "{{ a | title | length }}",
    "wrapped words": LONG + "{{ a | wordwrap(1) | length }}",
    "letters": LONG + "{{ a | list | length }}",
    "sorted letters": LONG + "{{ a | sort | length }}",
    "grouped letters": LONG + "{{ a | groupby(0) | length }}",
    "the least letter": LONG + "{{ a | min }}",
    "mapped replacements": f"{MANY}{LONG.replace('a =', 'b =')}"
    "{{ a | map('replace', '', b) | list | length }}",
    "mapped padding": MANY + "{{ a | map('string') | map('center', 999) | list | length }}",
    "mapped indentation": MANY
    + "{% set a = ['\n' * 9] * 999 %}{{ a | map('indent', 99) | list | length }}",
    "a long replacement": f"{LONG}{AGAIN}'b' | replace('b', a){END}",
    "a long separator": f"{LONG}{AGAIN}'bb' | join(a){END}",
    "a long argument": f"{LONG}{AGAIN}'%s%s' | format(a, a){END}",
    "printed text": LONG + "{% for i in range(999) %}{% set x %}{{ a }}{% endset %}{{ x }}"
    "{% endfor %}",
}


@pytest.mark.parametrize("name", MULTIPLIED)
def test_one_budget_bounds_whatever_multiplies(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "MAX_STEPS", 5_000)
    monkeypatch.setattr(printing, "MAX_CHARACTERS", 1_000_000)
    with pytest.raises(TemplateError, match=r"more than 5,000 steps|more than 1,000,000 char"):
        build_program("a.md", MULTIPLIED[name], {}, 1).render({})


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_a_partial_is_charged_for_its_length_wherever_it_is_included() -> None:
    body = "{% for i in range(300) %}{% include '_a.md' %}{% endfor %}x"
    assert build_program("a.md", body, {"_a.md": "{% set a = 1 %}"}, 1).render({})
    program = build_program("a.md", body, {"_a.md": "{% set a = 1 %}" * 400}, 1)
    with pytest.raises(TemplateError, match="steps"):
        program.render({})


@pytest.mark.slow
def test_an_ordinary_long_list_is_within_the_budget() -> None:
    body = (
        "{% for one in x %}{% if one.name %}- {{ one.name | trim | upper }}: {{ one.price }}"
        "{% if not loop.last %}, {% endif %}{% endif %}{% endfor %}"
    )
    items = [{"name": f"thing {number}", "price": number} for number in range(20_000)]
    assert build_program("a.md", body, {}, 1).render({"x": items})


def test_constants_are_not_worked_out_while_a_template_is_compiled() -> None:
    wide = "b" * 5000
    body = f"{{{{ '{'a ' * 5000}' | wordwrap(1, wrapstring='{wide}') }}}}"
    program = build_program("a.md", body, {}, 1)
    with pytest.raises(TemplateError, match="more than"):
        program.render({})


def test_indentation_of_what_is_nested_deeply_is_bounded() -> None:
    value: object = [1] * 50
    for _ in range(60):
        value = [value]
    body = "{{ [x, x, x, x] | tojson(indent=1000) }}"
    with pytest.raises(TemplateError, match="more than"):
        build_program("a.md", body, {}, 1).render({"x": value})


VALUES = (
    *("x", "x.keys()", "x.items()", "x.values()", "(x.keys() | list)", "range(3)", "namespace()"),
    *("cycler('a', 'b')", "joiner()", "dict", "x.get", "m", "none", "true", "1.5", "'text'"),
    *("(x.keys() - y.keys())", "(x.items() - y.items())", "[m]", "{'a': m}", "(1, 2)", "self"),
    *("x.absent", "undefined_name", "[1, 'a', none]", "{'b': 1, 'a': [2]}", "loop", "varargs"),
)
FORMS = (
    "{{ VALUE }}",
    "{{ VALUE ~ '' }}",
    "{{ '%s' % VALUE }}",
    "{{ '%r' | format(VALUE) }}",
    "{{ '{}'.format(VALUE) }}",
    "{{ '{!r}'.format(VALUE) }}",
    "{% for one in VALUE %}{{ one }}{% endfor %}",
    "{{ [VALUE] | join }}",
    "{{ 'a' | replace('a', VALUE) }}",
    *(f"{{{{ VALUE | {name} }}}}" for name in sorted(ENVIRONMENT.filters) if " " not in name),
    *(f"{{{{ VALUE | {name} | list }}}}" for name in ("map('string')", "map('length')", "sort")),
)
CODE = """
import json, sys
from promptops.errors import PromptopsError
from promptops.prompt.template.program import build_program
said = []
for body in json.load(sys.stdin):
    try:
        made = build_program("a.md", "{% macro m() %}{% endmacro %}" + body + "z", {}, 1)
        said.append(made.render({"x": dict.fromkeys("abcdefgh", 1), "y": {"a": 1}}))
    except PromptopsError as error:
        said.append(str(error))
json.dump(said, sys.stdout)
"""


@pytest.mark.story
def test_two_processes_render_the_same() -> None:
    bodies = [form.replace("VALUE", value) for form in FORMS for value in VALUES]
    said = [
        subprocess.run(
            [sys.executable, "-c", CODE],
            input=json.dumps(bodies),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    first, second = map(json.loads, said)
    different = [body for body, one, two in zip(bodies, first, second, strict=True) if one != two]
    assert different == []
    assert [one for one in first if "0x" in str(one)] == []


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "body",
    [
        "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) ~ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
        "{% for a in [1] recursive %}{{ loop(range(90000)) }}{% endfor %}",
    ],
)
def test_work_without_end_is_refused_by_counting(body: str) -> None:
    message = refusal(body).message
    assert "steps" in message or "themselves" in message


@pytest.mark.usefixtures("small")
def test_includes_of_includes_cannot_multiply_without_end() -> None:
    # Twice only, since what is included is charged for its length as well.
    partials = {f"_{n}.md": f"{{% include '_{n + 1}.md' %}}" * 2 for n in range(15)}
    assert "steps" in refusal("{% include '_0.md' %}", {**partials, "_15.md": "x"}).message


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in range(20) %}{{ x }}{% endfor %}",
        "{% set a %}{% for i in range(20) %}{{ x }}{% endfor %}{% endset %}{{ a[:1] }}",
        "{% for i in range(20) %}{% user %}{{ x }}{% enduser %}{% endfor %}",
    ],
)
def test_the_size_of_the_output_is_bounded(body: str) -> None:
    assert "10,000,000 characters" in refusal(body, x="a" * 1_000_000).message
