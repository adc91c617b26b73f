"""The verb `stubs`: the types of the prompts that are live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept, refuse
from tests.conftest import move_in
from tests.released import Press
from tests.repositories import Repo
from tests.runtime.stubs.pieces import INPUTS, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repo]:
    """Two prompts whose names make one word, and one with every kind of type."""
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        repo = Repo.init(tmp_path_factory.mktemp("team"))
        press = Press(repo)
        press.release("support/typed", "1.2.0", inputs=INPUTS, output=OUTPUT)
        press.release("support/a-b", "1.0.0")
        press.release("support/ab", "1.0.0")
        press.release("prompt", "1.0.0")
        live = {"support/typed": "1.2.0", "support/a-b": "1.0.0", "support/ab": "1.0.0"}
        live["prompt"] = "1.0.0"
        press.deploy("production", live)
        yield repo


@pytest.mark.slow
def test_the_verb_writes_a_file_or_the_screen(repo: Repo) -> None:
    shown = accept(repo, "stubs", "--lang", "python", "support/ab")
    accept(repo, "stubs", "--lang", "python", "-o", "live.py", "support/ab")

    assert shown == (repo.path / "live.py").read_text("utf-8")
    assert "support/typed" not in shown


def test_a_prompt_that_is_not_live_is_an_error(repo: Repo) -> None:
    everything = accept(repo, "stubs", "--lang", "python", "--all")
    assert everything == accept(repo, "stubs", "--lang", "python")
    assert "support/abb" in refuse(repo, "stubs", "--lang", "curl", "support/abb", code=2)
