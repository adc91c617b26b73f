"""Templates that multiply what they have, or could print what differs between runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from promptops.errors import TemplateError
from promptops.prompt.template.environment import ENVIRONMENT
from promptops.prompt.template.program import build_program

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


@pytest.mark.parametrize("expression", REPEATED)
def test_work_on_much_text_is_charged_for_how_much_it_is(expression: str) -> None:
    body = f"{{% for i in range(90000) %}}{{% set z = {expression} %}}{{% endfor %}}x"
    values = {"x": "a\n" * 20_000, "y": "a\n" * 20_000, "n": 10**3000}
    with pytest.raises(TemplateError, match="steps"):
        build_program("a.md", body, {}, 1).render(values)


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
