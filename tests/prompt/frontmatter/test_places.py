"""Keys and values of frontmatter, each found where it is written."""

from __future__ import annotations

import pytest

from tests.prompt.frontmatter.pieces import read, text_at

SAMPLE = """\
# a comment
version: 1.2.0
inputs:
  ticket: {type: string, maxLength: 8000}
  "two words":
    type: integer   # trailing comment

tags:
- a
- "b c"
empty:
last: |
  text
  more

"""


@pytest.mark.parametrize(
    ("path", "key", "text"),
    [
        (["version"], False, "1.2.0"),
        (["version"], True, "version"),
        (["inputs", "ticket"], False, "{type: string, maxLength: 8000}"),
        (["inputs", "ticket", "maxLength"], False, "8000"),
        (["inputs", "ticket", "maxLength"], True, "maxLength"),
        (["inputs", "two words"], True, '"two words"'),
        (["inputs", "two words"], False, "type: integer"),
        (["tags"], False, '- a\n- "b c"'),
        (["tags", 1], False, '"b c"'),
        (["empty"], False, ""),
        (["last"], False, "|\n  text\n  more"),
        (["inputs", "nobody"], False, "inputs"),
        (["tags", 7], False, "tags"),
        (["version", "x"], False, "version"),
    ],
)
def test_values_and_keys_are_located(path: list[str | int], key: bool, text: str) -> None:
    document = read(SAMPLE)
    assert document.faults == ()
    assert text_at(document, document.locate(path, key=key)) == text


def test_what_is_nowhere_has_no_place() -> None:
    assert read(SAMPLE).locate([]) is None
    assert read(SAMPLE).locate(["nobody"]) is None
    assert read("[").locate(["a"]) is None
    assert read(SAMPLE).written(["inputs", "two words", "type"]) == "integer"
    assert read(SAMPLE).written(["nobody"]) == ""


@pytest.mark.parametrize(
    ("yaml", "path", "left"),
    [
        ("a: 1\nb: 2\nc: 3", ["b"], "a: 1\nc: 3"),
        ("a: 1\nb:\n- x\n- y\nc: 3", ["b"], "a: 1\nc: 3"),
        ("a: {x: 1, y: 2, z: 3}\nb: 1", ["a", "x"], "a: {y: 2, z: 3}\nb: 1"),
        ("a: {x: 1, y: 2, z: 3}\nb: 1", ["a", "z"], "a: {x: 1, y: 2}\nb: 1"),
        # The only entry goes with the mapping that holds it.
        ("a: {x: {y: 1}}\nb: 1", ["a", "x", "y"], "b: 1"),
        ("a: 1\nb:\n  x: 1", ["b", "x"], "a: 1"),
    ],
)
def test_an_entry_is_removed_with_its_lines_or_its_comma(
    yaml: str, path: list[str | int], left: str
) -> None:
    document = read(yaml)
    fix = document.find_removal(path)
    assert fix is not None
    assert document.text[: fix.start] + fix.text + document.text[fix.end :] == read(left).text


@pytest.mark.parametrize(
    ("yaml", "path"),
    [("a: 1\na: 2", ["a"]), ("a: 1", ["b"]), ("a: [1]", ["a", 0]), ("a: 1", ["a", "b"])],
)
def test_what_is_no_entry_of_its_own_is_not_removed(yaml: str, path: list[str | int]) -> None:
    assert read(yaml).find_removal(path) is None


def test_a_value_is_told_as_it_is_written() -> None:
    document = read("a: 0123 # note\nb: ['x', \"y\"]")
    paths: list[list[str | int]] = [["a"], ["b", 1], ["c"], ["b", 7]]
    assert [document.written(path) for path in paths] == ["0123", '"y"', "", ""]
