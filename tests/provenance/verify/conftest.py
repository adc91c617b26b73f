"""A clone to verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.repositories import Repo
from tests.showcase import Showcase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def clone(showcase: Showcase, tmp_path: Path) -> Callable[..., Showcase]:
    def make(*options: str) -> Showcase:
        showcase.repo.publish(tmp_path / "remote.git")
        return Showcase(Repo(tmp_path / "remote.git").clone(tmp_path / "clone", *options))

    return make
