"""What checks look at: prompts, files and texts, and how they find their way in them."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.checks.subject import (
    MIN_PARAGRAPH,
    CheckContext,
    FileSubject,
    PromptSubject,
    blank_code,
    find_fences,
    find_paragraphs,
    find_place,
    hash_opening,
    hash_paragraph,
    model_places,
    read_uses,
    route_names,
)
from promptops.prompt.closure import collect_closure
from promptops.prompt.faults import read_template
from promptops.prompt.finding import Position
from tests.prompts import prompt_text


def subject_of(
    files: dict[str, str], name: str = "a", context: CheckContext | None = None
) -> PromptSubject:
    closure = collect_closure(name, {path: text.encode() for path, text in files.items()}.get)
    assert closure is not None
    analyses = {path: read_template(closure, path) for path in closure.includes}
    return PromptSubject(closure, analyses, context or CheckContext())


# --- prompts ---


def test_inputs_have_their_schema_however_they_are_declared() -> None:
    inputs = "{a: string, b: {type: integer, untrusted: true}, c: 7}"
    subject = subject_of({"a.md": prompt_text(inputs=inputs)})
    schemas = {name: subject.input_schema(name) for name in "abcd"}
    assert schemas == {
        "a": {"type": "string"},
        "b": {"type": "integer", "untrusted": True},
        "c": {},
        "d": {},
    }
    assert subject.untrusted == {"b"}


@pytest.mark.parametrize(
    ("frontmatter", "suites", "found"),
    [
        ({}, {"evals/a.yaml", "evals/a.yml"}, "evals/a.yaml"),
        ({}, {"evals/a.yml", "evals/b.yaml"}, "evals/a.yml"),
        ({"evals": "./evals/b.yaml"}, {"evals/a.yaml", "evals/b.yaml"}, "evals/b.yaml"),
        ({"evals": "evals/none.yaml"}, {"evals/a.yaml"}, None),
        ({}, None, None),
    ],
)
def test_a_suite_is_the_one_that_is_named_or_the_one_beside(
    frontmatter: dict[str, str], suites: set[str] | None, found: str | None
) -> None:
    context = CheckContext(suites=None if suites is None else frozenset(suites))
    subject = subject_of({"a.md": prompt_text(**frontmatter)}, context=context)
    assert subject.find_suite() == found


def test_a_prompt_is_parsed_unless_one_of_its_templates_is_not() -> None:
    files = {"a.md": prompt_text(body='x{% include "_p.md" %}'), "_p.md": "{{ x | nope }}"}
    assert subject_of(files).is_parsed
    assert not subject_of({**files, "_p.md": "{{ x"}).is_parsed


def test_texts_and_lines_are_those_of_the_file_that_holds_them() -> None:
    text = prompt_text(body='x{% include "_p.md" %}')
    subject = subject_of({"a.md": text, "_p.md": "p\n"})
    assert (subject.text("a.md"), subject.text("_p.md")) == ('x{% include "_p.md" %}\n', "p\n")
    lines = text.split("\n")
    assert lines[subject.first_line("a.md") - 1].startswith("x{%")
    assert subject.first_line("_p.md") == 1


def test_the_names_of_conditions_are_told_with_their_route() -> None:
    routes = "[{when: question == 'a', model: m}, {when: '1 +', model: m}, {when: lang, model: m}]"
    subject = subject_of({"a.md": prompt_text(routes=routes)})
    assert list(route_names(subject)) == [
        (["routes", 0, "when"], "question"),
        (["routes", 2, "when"], "lang"),
    ]


def test_every_model_of_a_frontmatter_has_its_place() -> None:
    data: dict[str, Any] = {
        "model": "a",
        "fallbacks": ["b", 7],
        "routes": [{"when": "x", "model": "c"}, {"when": "y", "prompt": "p"}, "d"],
        "escalate": {"when": "x", "model": "e"},
        "choose": {"by": "cost", "among": ["f"]},
    }
    assert {model: place for place, model in model_places(data)} == {
        "a": ["model"],
        "b": ["fallbacks", 0],
        "c": ["routes", 0, "model"],
        "d": ["routes", 2],
        "e": ["escalate", "model"],
        "f": ["choose", "among", 0],
    }
    assert list(model_places({"routes": 1, "fallbacks": {}, "choose": [], "escalate": 2})) == []


def test_a_value_is_followed_into_the_partial_that_prints_it() -> None:
    body = (
        "{% system %}{% for d in docs %}{% include '_p.md' %}{% endfor %}{% endsystem %}"
        "{% user %}{% set d = question %}{% include '_p.md' %}{% enduser %}"
    )
    subject = subject_of({"a.md": prompt_text(body=body), "_p.md": "{{ d }}"})
    uses = {
        (role, tuple(sources)) for path, _, role, sources in read_uses(subject) if path == "_p.md"
    }
    assert uses == {("system", ("docs",)), ("user", ("question",))}


def test_partials_that_include_each_other_are_read_once() -> None:
    files = {
        "a.md": prompt_text(body='{% include "_p.md" %}{{ question }}'),
        "_p.md": '{% include "_q.md" %}{{ question }}',
        "_q.md": '{% include "_p.md" %}',
    }
    assert sorted(path for path, *_ in read_uses(subject_of(files))) == ["_p.md", "a.md"]


# --- texts ---


@pytest.mark.parametrize(
    ("text", "start", "end", "place"),
    [
        ("abc", 1, 3, Position(1, 2, 1, 4)),
        ("a\nb\nc", 2, 5, Position(2, 1, 3, 2)),
        ("\ufeffab\nc", 1, 3, Position(1, 1, 1, 3)),
        ("\ufeffab\nc", 0, 1, Position(1, 1, 1, 1)),
        ("\ufeffab\nc", 4, 5, Position(2, 1, 2, 2)),
    ],
)
def test_a_mark_at_the_beginning_takes_no_column(
    text: str, start: int, end: int, place: Position
) -> None:
    assert FileSubject("a.md", text).position(start, end) == place


def test_a_place_in_a_body_counts_from_its_first_line() -> None:
    text = "ab\ncd ef"
    assert find_place(text, 7, text.index("ef"), len(text)) == Position(8, 4, 8, 6)


@pytest.mark.parametrize(
    ("text", "fences"),
    [
        ("a\n```\nb\n```\nc", ["```\nb\n```"]),
        ("~~~~\n```\n~~~\n~~~~~\nc", ["~~~~\n```\n~~~\n~~~~~"]),
        ("```\nopen", ["```\nopen"]),
        ("a `b` ```c```", []),
    ],
)
def test_a_fence_ends_at_one_as_long_or_at_the_end(text: str, fences: list[str]) -> None:
    assert [text[start:end] for start, end in find_fences(text)] == fences


def test_code_and_comments_are_blanked_and_nothing_moves() -> None:
    text = "a `b` {# c\nd #} e\n```\nf\n```\n{# open"
    blank = blank_code(text)
    assert blank.split() == ["a", "e", "{#", "open"]
    assert [len(line) for line in blank.split("\n")] == [len(line) for line in text.split("\n")]


def test_long_paragraphs_begin_where_their_words_begin() -> None:
    long = "x" * MIN_PARAGRAPH
    body = f"short\n\n{long}\n\n\n\n  {long}y\nend\n"
    assert list(find_paragraphs(body, 10)) == [(12, long), (16, f"{long}y\nend")]
    assert list(find_paragraphs("x" * (MIN_PARAGRAPH - 1), 1)) == []


def test_openings_are_alike_whatever_their_case_and_what_follows() -> None:
    words = " ".join(f"Word{n}" for n in range(12))
    assert hash_opening(f"{words} one") == hash_opening(f"\n{words.upper()}\n\ntwo")
    assert hash_opening(words) != hash_opening(f"A {words}")
    assert hash_paragraph("a b c d e f g h i") == hash_paragraph("a b c d e f g h\nj")
    assert hash_paragraph("a b c d e f g h") != hash_paragraph("A b c d e f g h")
