"""The digest of a suite: of its own file and of all that its samples come from."""

from __future__ import annotations

import pytest

from promptops.prompt.suite.digest import digest_files, digest_suite
from tests.prompts import suite_text

OWN = suite_text("a") + "  - {name: more, from: rows.csv}\n"
FILES = {"evals/a.yaml": OWN, "evals/rows.csv": "question\nWho?\n", "evals/other.csv": "q\nx\n"}


def digest(files: dict[str, str]) -> str | None:
    data = {path: text.encode() for path, text in files.items()}
    return digest_suite("evals/a.yaml", data.get, lambda: list(data))


@pytest.mark.parametrize(
    ("path", "text", "is_same"),
    [
        ("evals/rows.csv", "question\nHow?\n", False),
        ("evals/a.yaml", OWN + "# more\n", False),
        ("evals/rows.csv", "question\r\nWho?\r\n", True),
        ("evals/other.csv", "q\ny\n", True),
        ("evals/new.csv", "q\n", True),
    ],
)
def test_a_digest_changes_with_what_the_suite_is_made_of(
    path: str, text: str, is_same: bool
) -> None:
    assert (digest(FILES) == digest({**FILES, path: text})) is is_same


def test_a_digest_is_of_the_paths_as_well_and_of_no_order() -> None:
    one, other = {"a": b"1", "b": b"2"}, {"b": b"2", "a": b"1"}
    assert digest_files(one) == digest_files(other)
    assert digest_files(one) != digest_files({"a": b"2", "b": b"1"})
    assert digest_files({"a": b"1"}) != digest_files({"c": b"1"})


def test_a_suite_that_is_not_there_has_no_digest_and_a_broken_one_has() -> None:
    assert digest({}) is None
    broken = {digest({"evals/a.yaml": text}) for text in ("samples: [", "samples: {")}
    assert len(broken) == 2
    assert None not in broken
