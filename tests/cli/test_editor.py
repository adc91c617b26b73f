"""A text that is written in the user's editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer

from promptops.cli.editor import edit_text
from promptops.errors import PromptopsError
from promptops.repository.repository import open_repository

if TYPE_CHECKING:
    from tests.repositories import Repo

DRAFT = "What changed?"


def edit(repo: Repo, monkeypatch: pytest.MonkeyPatch, editor: str) -> str:
    monkeypatch.setenv("GIT_EDITOR", editor)
    return edit_text(open_repository(repo.path), DRAFT, "Notes of a 1.0.0")


def left_over(repo: Repo) -> str | None:
    file = repo.path / ".git" / "PROMPTOPS_EDITMSG"
    return file.read_text() if file.exists() else None


def test_the_text_ends_where_the_comments_begin(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The editor is a command of a shell, as in Git's own settings.
    text = edit(repo, monkeypatch, "sed -i -e '1s/.*/# 1. a heading/' -e '2s/^/Shorter./'")
    assert text == "# 1. a heading\nShorter."
    assert left_over(repo) is None


def test_a_text_that_is_saved_unchanged_is_the_draft(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert edit(repo, monkeypatch, "true") == DRAFT


def test_an_empty_text_cancels(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught:
        edit(repo, monkeypatch, "sed -i '1d'")
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == "no notes, nothing released\n"


def test_what_was_written_is_kept_if_the_editor_fails(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PromptopsError, match=r"the editor .* failed") as caught:
        edit(repo, monkeypatch, "sh -c 'echo half a text > \"$0\"; exit 3'")
    assert "PROMPTOPS_EDITMSG; or give --notes" in (caught.value.hint or "")
    assert left_over(repo) == "half a text\n"
