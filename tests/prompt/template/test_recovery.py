"""All syntax faults of a body at once, other languages by their names, and text kept as text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.prompt.template.recovery import MAX_FAULTS, find_foreign
from tests.prompt.template.pieces import faults


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("{{ a b }}\n{{ c }}\n{{ 1 + }}\n{% if x = 1 %}y{% endif %}\n", [1, 3, 4]),
        ("## A {#a}\n\n## B {#b}\n", [1, 3]),
        ('{{"a": 1}}\n' * 80, list(range(1, 81))),
        ("{{ x | default(“a”) }}\n{{ y | default(”b”) }}", [1, 2]),
        # What follows from a fault is none of its own.
        ("{% if a %}{% for x in y %}{% endif %}\n{% endif %}\n{{ a b }}", [1, 3]),
        ("{% trans %}\n{% endtrans %}\n{% usr %}x", [1, 3]),
        ("{% if x %}\n{{ a b }}", [2, 2]),
        ("{{ a b }}\n{% raw %}{{ a b }}{% endraw %}{# {{ a b }} #}", [1]),
        ("a {{ \nfoo {{ bar }}\n{{ q w }}\n", [2, 3]),
        ("{{ {'a': {'b': 1}} }}\n{{ q w }}", [2]),
    ],
)
def test_all_faults_of_a_body_are_found_at_once(body: str, lines: list[int]) -> None:
    assert [line for line, _, _ in faults(body)] == lines


@pytest.mark.parametrize(
    ("body", "foreign"),
    [
        ("## A {#a}\nb", ["{#a}"]),
        ('{{"a": 1}} {{ x }}', ['{{"a": 1}}']),
        ("{{#if a}}b{{/if}}", ["{{#if a}}", "{{/if}}"]),
        ("{{{a}}}", ["{{{a}}}"]),
        ("{% highlight ruby %}", ["{% highlight ruby %}"]),
        # A slip of the pen is for a person to mend.
        ("{{ x | default(“a”) }}{{ x.y! }}{% esle %}{% elseif %}{% if a %}", []),
        ("{{ x", []),
        ("{{ x }}", []),
    ],
)
def test_what_cannot_be_ours(body: str, foreign: list[str]) -> None:
    assert [body[start:end] for start, end in find_foreign(body)] == foreign


PIECES = ["{{", "}}", "{%", "%}", "{#", "#}", " raw ", " endraw ", "if x", "endif", "a", '"', "\n"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a {#", "the comment is not closed"),
        ("{#-", "the comment is not closed"),
        ("{% raw %}", "`raw` is not closed"),
        ("a {%- raw -%}", "`raw` is not closed"),
    ],
)
@pytest.mark.parametrize("end", ["", "\n"])
def test_what_is_open_at_the_end_of_the_text_is_a_fault(body: str, message: str, end: str) -> None:
    assert [said for _, said, _ in faults(body + end)] == [message]


def test_a_foreign_part_within_another_belongs_to_it() -> None:
    assert find_foreign("{%{#}}%}") == [(0, 8)]
    assert find_foreign("{{#if a}}x {%{#}}%}") == [(0, 9), (11, 19)]


@pytest.mark.story
@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25))
def test_whatever_the_text_faults_have_places_in_order(parts: list[str]) -> None:
    body = "".join(parts)
    found = faults(body)
    assert len(found) <= MAX_FAULTS
    lines = [line for line, _, _ in found]
    assert all(1 <= line <= body.count("\n") + 1 for line in lines)
    spans = find_foreign(body)
    assert spans == sorted(spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
