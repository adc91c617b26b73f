"""The prompt for a command: the work tree's by default, and rendered where it is untrusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptNotFoundError
from promptops.prompt.reference import parse_ref
from promptops.repository.repository import open_repository
from promptops.runtime.confinement import confinement
from promptops.runtime.lookup import resolve_selected
from tests.conftest import move_in
from tests.prompts import prompt_text
from tests.released import Press
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import ResolvedPrompt


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """A prompt that is live in two versions and paused; the work tree has a third."""
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        repo = Repo.init(tmp_path_factory.mktemp("team"))
        press = Press(repo)
        for version in ("1.0.0", "1.1.0"):
            press.release("a", version, "{% if question %}Yes.{% endif %}")
        press.deploy("production", {"a": (("1.1.0", 80), ("1.0.0", 20))}, paused={"a": "leak"})
        repo.write("prompts/a.md", prompt_text("2.0.0", "{% if question %}Why?{% endif %}"))
        yield open_repository(repo.path)


def find(repository: Repository, ref: str, version: str | None = None) -> ResolvedPrompt:
    return resolve_selected(repository, parse_ref(ref), version)


@pytest.mark.parametrize(
    ("ref", "share", "version", "paused"),
    [
        ("a", None, "2.0.0", None),
        ("a@working", None, "2.0.0", None),
        ("a@1.0.0", None, "1.0.0", None),
        ("a@production", None, "1.1.0", "leak"),
        ("a@production", "1.0.0", "1.0.0", "leak"),
    ],
)
def test_the_work_tree_is_the_default_and_a_pause_hides_nothing(
    repository: Repository, ref: str, share: str | None, version: str, paused: str | None
) -> None:
    found = find(repository, ref, share)
    assert (found.version, found.paused) == (version, paused)


def test_only_the_work_tree_is_rendered_elsewhere(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(_worker: object, key: str, *_: object) -> object:
        asked.append(key)
        return {"messages": []}

    monkeypatch.setattr(confinement._Worker, "ask", ask)
    assert find(repository, "a").render(question="x") == []
    assert find(repository, "a@1.0.0").render(question="x")[0]["content"] == "Yes."
    assert asked == [find(repository, "a").digest]


def test_a_prompt_that_is_not_there_is_an_error(repository: Repository) -> None:
    with pytest.raises(PromptNotFoundError):
        find(repository, "b")
