"""Lists of paths as git writes them: what it quotes is read back byte by byte."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.git.quoting import split_paths

if TYPE_CHECKING:
    from tests.repositories import Repo

# Names that git quotes, and some that it does not.
NAMES = ["plain.md", "with space", 'a"b', "back\\slash", "tab\there", "line\nfeed", "Grüße.md"]
NAMES += ["bell\a", "return\r", "'single'", "control\x01", "\udcff.bin", '"quoted"']


def test_what_git_lists_is_what_there_is(repo: Repo) -> None:
    for name in NAMES:
        (repo.path / name).write_text("x")
    args = ("ls-files", "--others")
    assert sorted(split_paths(repo.run(*args).stdout, nul=False)) == sorted(NAMES)
    assert sorted(split_paths(repo.run(*args, "-z").stdout, nul=True)) == sorted(NAMES)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (rb'"\303\274.md"', "ü.md"),
        (rb'"\1"', "1"),
        (rb'"\777"', "777"),
        (rb'"a\"', "a\\"),
        (b'"', '"'),
        (b'"open', '"open'),
        (b"windows.md\r", "windows.md"),
    ],
)
def test_a_line_has_one_reading(line: bytes, path: str) -> None:
    assert split_paths(line + b"\n\n", nul=False) == [path]


def test_between_nul_characters_nothing_is_quoted() -> None:
    assert split_paths(b'"a"\0b\nc\0', nul=True) == ['"a"', "b\nc"]


@pytest.mark.story
@given(st.lists(st.binary(min_size=1).filter(lambda name: not set(name) & {0, 10, 13, 34})))
def test_any_names_of_files_are_read_from_a_list_with_nul(names: list[bytes]) -> None:
    assert split_paths(b"".join(name + b"\0" for name in names), nul=True) == [
        os.fsdecode(name) for name in names
    ]
