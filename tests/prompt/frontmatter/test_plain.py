"""What is read without YAML is what YAML reads; the plainest frontmatter is read without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.frontmatter.places import Places
from promptops.prompt.frontmatter.plain import read_plain, split_plain
from promptops.prompt.frontmatter.yaml_values import BOUNDARY, find_places, read_yaml
from tests.screens import masked

OWN = sorted(
    path
    for path in (Path(__file__).parents[3] / "prompts").rglob("*.md")
    if not path.name.startswith("_") and path.parent.name != "_shared"
)

SAMPLE = """\
version: 1.2.0
# a comment
model: openai/gpt-4o-mini
temperature: 0.2
max_tokens: 400
requires_review: true
stop: "a: b #"
inputs:
  ticket: {type: string, minLength: 1, description: The customer's words.}
  kinds: {type: array, items: {enum: [a b, "c, d", 'e', 1, 1.5, false]}}
  other:
    type: object
    required: []
    properties: {}

limitations:
  - It cannot: nothing of it.
  - "one, two"
  - [a, b]
tags: [x, y]"""
PLAIN = SAMPLE.replace("cannot: nothing", "cannot do:nothing")

# What stands between two words decides what a text means; every piece of syntax is here.
PIECES = [
    *("a", "key", "true", "No", "null", "on", "y", "inf", "é", "\U0001f600", "a: b", "a-b", "0o7"),
    *("0", "12", "01", "1.5", "1.2.3", ".5", "1e3", "0x1F", "1_0", "12:30", "2026-01-31"),
    *(": ", ":", " #", "#", " ", "  ", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "- ", "-", "\n\n"),
    *("{", "}", "[", "]", ", ", ",", '"', "'", '""', "''", '"x y"', "'x \"'", "\\", "[a, {b: c}]"),
    *("|", ">", "&", "*", "!", "%", "@", "`", "?", "? ", "=", "<<", "~", "---", "...", "/", "+"),
    *("\t", "\xa0", "\u2028", "\x85", "\ufeff", "\x00"),
]


def read_with_yaml(source: str) -> tuple[dict[str, Any], bool]:
    """What YAML makes of it, and whether it finds anything wrong."""
    content = f"---\n{source}\n---\nHello"
    opening = BOUNDARY.match(content)
    assert opening is not None
    data, faults = read_yaml("a.md", content, Places(content, opening.end()), source)
    return data, bool(faults)


def with_types(value: object) -> object:
    """The same with every type beside its value: 1, 1.0 and true are equal to Python."""
    if isinstance(value, dict):
        return [(key, with_types(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [with_types(item) for item in value]
    return type(value), value


def holds(source: str) -> bool:
    """Whether the short way leads to the same, or says that it does not know."""
    plain = read_plain(source)
    return plain is None or (with_types(plain), False) == (
        with_types(read_with_yaml(source)[0]),
        read_with_yaml(source)[1],
    )


@pytest.mark.story
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example("a: true\nb: True\nc: FALSE\nd: tRue")
@example("a: b\n  c: d")
@example("a:\n- b")
@example("a:\n  b: c\n d: e")
@settings(max_examples=500)
def test_any_text_is_read_as_yaml_reads_it_or_not_at_all(source: str) -> None:
    assert holds(source)


@pytest.mark.story
@given(st.data())
@settings(max_examples=1000)
def test_an_edited_frontmatter_is_read_as_yaml_reads_it_or_not_at_all(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([PLAIN, SAMPLE]))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 3, len(text))))
        text = text[:start] + data.draw(st.sampled_from([*PIECES, ""])) + text[end:]
    assert holds(text)


@pytest.mark.story
@given(st.data())
@settings(max_examples=300)
def test_words_are_where_yaml_finds_them(data: st.DataObject) -> None:
    text = PLAIN
    for _ in range(data.draw(st.integers(0, 2))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[start:]
    document = read_document("a.md", f"---\n{text}\n---\nversion: 2".encode())
    if document.faults:
        return
    places = find_places(f"---\n{text}\n---\nversion: 2")
    for key in ("version", "temperature", "max_tokens", "model", "tags", "limitations"):
        if key in document.data:
            assert document.locate([key]) == places.locate([key], key=False)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_ordinary_frontmatter_is_read_the_short_way(path: Path) -> None:
    split = split_plain(path.read_text("utf-8"))
    assert split is not None
    assert read_plain(split.source) is not None
    assert holds(split.source)


def test_what_the_short_way_reads() -> None:
    assert read_plain(SAMPLE) is None
    plain = read_plain(PLAIN)
    assert plain is not None
    assert plain["inputs"]["kinds"]["items"]["enum"] == ["a b", "c, d", "e", 1, 1.5, False]
    assert plain["inputs"]["other"] == {"type": "object", "required": [], "properties": {}}
    assert masked(plain["limitations"]) == snapshot(
        ["It cannot do:nothing of it.", "one, two", ["a", "b"]]
    )


@pytest.mark.parametrize(
    "source",
    [
        "", "# only a comment", "{}", "- a", "words", "a:", "a:\nb: c", "a: yes", "yes: a", "a: ~",
        "a: b: c", "a: b #c", "a: 'it''s'", 'a: "\\n"', "a: |\n  b", "a: &x b", "a: *x",
        "a: !!str b", "a: 010", "a: 1e3", "a: 1_000", "a: 12:30", "a: 2026-01-31", "a: b\na: c",
        "a: {b: c, b: d}", "a: [b: c]", "a: {b}", "a: {b:c}", "a: [b,, c]", "a: [b", "a: [b] c",
        "a: b\n...", "a\t: b", "a: b\u2028", f"a: {'[' * 40}{']' * 40}",
        f"{'k' * 200}: a", "a: " + "9" * 40,
    ],
)  # fmt: skip
def test_what_could_mean_two_things_is_left_to_yaml(source: str) -> None:
    assert read_plain(source) is None


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(["---", "--- ", "----", "a: b", "", " ", "\t", "x---", "\f"])),
    st.sampled_from(["", "\n", "\n "]),
)
def test_the_split_is_the_same_or_none(lines: list[str], end: str) -> None:
    content = "\n".join(["---", *lines]) + end
    split = split_plain(content)
    document = read_document("a.md", content.encode())
    if split is not None and read_plain(split.source) is not None:
        opening = BOUNDARY.match(content)
        assert opening is not None
        closing = BOUNDARY.search(content, opening.end())
        assert closing is not None
        assert document.body == content[closing.end() + 1 :]
        assert document.body_line == content.count("\n", 0, closing.end() + 1) + 1


def test_what_was_read_without_yaml_has_its_places() -> None:
    document = read_document("a.md", f"\ufeff---\n{PLAIN}\n---\nHello".encode())
    place = document.locate(["inputs", "ticket", "minLength"])
    assert place is not None
    assert (place.line, place.column) == (10, 37)
    assert document.written(["stop"]) == '"a: b #"'
    fix = document.find_removal(["tags"])
    assert fix is not None
    assert document.text[fix.start : fix.end] == "tags: [x, y]\n"


def test_reading_plain_frontmatter_imports_no_yaml() -> None:
    script = (
        "import sys\n"
        "from promptops.prompt.frontmatter.document import read_document\n"
        "read_document('a.md', b'---\\nversion: 1.0.0\\n---\\nHello')\n"
        "assert not {'yaml', 'frontmatter'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
