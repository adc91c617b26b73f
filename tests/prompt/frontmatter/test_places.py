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
