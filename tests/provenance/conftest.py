"""A history to look into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from promptops.repository.repository import Repository, open_repository
from tests.conftest import move_in
from tests.showcase import Showcase, copy_showcase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class OpenShowcase(Showcase):
    """A showcase that is opened once, since nobody changes it."""

    opened: Repository

    @property
    def repository(self) -> Repository:
        return self.opened


@pytest.fixture
def showcase(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Showcase:
    return copy_showcase(tmp_path / "repo", tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Showcase]:
    """The same history for all tests of a module that only read it."""
    with pytest.MonkeyPatch.context() as patches:
        move_in(tmp_path_factory, patches)
        folder = tmp_path_factory.mktemp("untouched") / "repo"
        repo = copy_showcase(folder, tmp_path_factory.getbasetemp()).repo
        opened = open_repository(repo.path)
    yield OpenShowcase(repo, opened)
    opened.objects.close()
