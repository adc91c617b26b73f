"""The conversation stores that a verb of runs reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.cli.runs.conversations import find_place, is_there, open_stores
from promptops.cli.session import Session, start_session
from promptops.runtime.conversation.opening import open_conversations

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.parametrize("form", ["{}", "sqlite:{}", "sqlite://{}"])
def test_a_file_is_there_or_not_however_it_is_written(tmp_path: Path, form: str) -> None:
    file = tmp_path / "talks.db"
    assert not is_there(form.format(file))
    file.touch()
    assert is_there(form.format(file))


def test_a_file_at_home_is_found(home: Path) -> None:
    (home / "talks.db").touch()
    assert is_there("~/talks.db")


@pytest.mark.parametrize("place", ["redis://nowhere.invalid/0", "postgresql://nowhere.invalid/d"])
def test_whether_a_server_is_there_is_found_out_by_asking_it(place: str) -> None:
    assert is_there(place)


def test_only_stores_that_are_there_are_opened_and_each_once(repo: Repo, tmp_path: Path) -> None:
    repo.write("promptops.toml", '[conversations]\nstore = "talks.db"\n')
    other = tmp_path / "other.db"
    open_conversations(str(other)).close()
    start_session(Session(str(repo.path)))
    with open_stores([str(other), str(tmp_path / "none.db"), str(other)]) as stores:
        assert list(stores) == [str(other)]
    open_conversations(find_place()).close()
    with open_stores([str(other)]) as stores:
        assert list(stores) == [str(repo.path / "talks.db"), str(other)]
    assert not (tmp_path / "none.db").exists()
