"""`promptops version`, and the options that say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.about import __version__
from tests.cli.running import accept

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("word", ["version", "-V", "--version"])
def test_the_version_is_printed_outside_of_a_repository(tmp_path: Path, word: str) -> None:
    assert accept(tmp_path, word) == f"promptops {__version__}\n"


def test_the_option_needs_no_verb_and_looks_at_nothing_after_it(tmp_path: Path) -> None:
    assert accept(tmp_path, "--version", "nothing") == f"promptops {__version__}\n"
