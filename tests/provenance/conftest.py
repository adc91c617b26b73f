"""A history to look into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.showcase import Showcase, copy_showcase

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def showcase(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Showcase:
    return copy_showcase(tmp_path / "repo", tmp_path_factory.getbasetemp())
