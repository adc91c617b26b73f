"""One word for one thing: docstrings, help and messages keep to `docs/glossary.md`."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sources import package_sources, package_trees

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs/glossary.md").read_text("utf-8")


def read_banned() -> dict[str, str]:
    """The table "Words that are not used": each banned word, and what to write."""
    table = GLOSSARY.partition("## Words that are not used")[2]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)[2:]
    return {word: instead for words, instead in rows for word in words.split(", ")}


BANNED = read_banned()
WORD = rf"\b({'|'.join(BANNED)})\b"
# "there is no file" and "is no longer" are right.
NO_THING = r"(?<!\bthere )\b((?:is|are|was|were) no) (?!longer\b|more\b)[a-z]"
PATTERN = re.compile(f"{WORD}|{NO_THING}", re.IGNORECASE)


def find_banned(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give the line and words of what is not used in a source's texts of more than one word."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            for found in PATTERN.finditer(" ".join(node.value.split())):
                yield node.lineno, (found[1] or found[2]).lower()


def test_the_table_is_read() -> None:
    assert BANNED["mend"] == "fix"
    assert "---" not in BANNED


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('def f():\n    """Mend a file."""', ["mend"]),
        ('fail(f"{name} goes in a circle")', ["circle"]),
        ('"at a line\\n  end of it"', ["line end"]),
        ('mend = "behind"  # mend it', []),
        ('"the amendment is recommended"', []),
        ('"it is no file"', ["is no"]),
        ('"There is no file, and it is no longer tracked."', []),
    ],
)
def test_banned_words_are_found_in_texts_alone(source: str, words: list[str]) -> None:
    assert [word for _, word in find_banned(ast.parse(source))] == words


@pytest.mark.story
def test_docstrings_help_and_messages_use_the_words_of_the_glossary() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: write '{BANNED.get(word, 'not')}' instead of '{word}'"
        for path, tree in package_trees().items()
        for line, word in find_banned(tree)
    ]
    assert found == []


@pytest.mark.slow
def test_bounds_are_called_max_and_min() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, source in package_sources().items()
        for name in re.findall(r"\b_?(?:MOST|FEWEST|LEAST|LARGEST|LONGEST)(?:_[A-Z_]+)? =", source)
    ]
    assert found == []


# Words that begin a statement or a question; a check of `doctor` may begin with "If".
NO_ORDER = frozenset(
    [
        *("A", "An", "For", "How", "In", "No", "Of", "One", "So", "The", "This", "To"),
        *("What", "When", "Where", "Who", "Why", "With"),
    ]
)
NO_NOUN = frozenset(["How", "Return", "What", "Where", "Which", "Who", "Why"])


def find_wrong_beginnings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give line and first word of docstrings that are neither an order nor, of a class, a noun."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        first = (ast.get_docstring(node) or "").partition(" ")[0]
        is_value = node.name.startswith("__") or any(
            "property" in ast.unparse(one) for one in node.decorator_list
        )
        if isinstance(node, ast.ClassDef):
            if first in NO_NOUN:
                yield node.lineno, first
        elif first in NO_ORDER and not is_value:
            yield node.lineno, first


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('def f():\n    """The number of files."""', ["The"]),
        ('def f():\n    """Return the number of files."""', []),
        ('class C:\n    """What was found."""', ["What"]),
        (
            'class C:\n    """A file."""\n    @property\n    def f(self):\n        """The file."""',
            [],
        ),
    ],
)
def test_wrong_beginnings_are_found(source: str, words: list[str]) -> None:
    assert [word for _, word in find_wrong_beginnings(ast.parse(source))] == words


@pytest.mark.story
def test_docstrings_begin_with_an_order_or_a_noun() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word} ..."
        for path, tree in package_trees().items()
        for line, word in find_wrong_beginnings(tree)
    ]
    assert found == []
