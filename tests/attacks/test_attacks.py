"""Each attack of `python -m tests.attacks`, at a size for every test run."""

from __future__ import annotations

import signal
from random import Random
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.attacks.__main__ import ATTACKS, main
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="a process cannot be killed so here"),
]
SIZES = {"races": 10, "lost answers": 12, "kills": 1, "forks": 3, "hostile servers": 2}


@pytest.mark.story
@pytest.mark.parametrize("name", SIZES)
def test_nothing_breaks(tmp_path: Path, name: str) -> None:
    attack, _ = ATTACKS[name]
    tally = attack(tmp_path, Random(3), SIZES[name])
    assert tally.broke == []
    assert tally.tried


def test_every_attack_is_tried() -> None:
    assert list(SIZES) == list(ATTACKS)


def test_what_broke_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(folder: Path, *_: object) -> None:
        raise OSError(folder.name)

    monkeypatch.setitem(ATTACKS, "races", (fail, 1))  # type: ignore[arg-type]
    assert main(["--only", "races"]) == 1
    said = capsys.readouterr()
    assert masked(said.out) == snapshot("""\
| attack | tried | broke | seconds |
| --- | ---: | ---: | ---: |
| races | 1 | 1 | 0 |
""")
    assert "OSError: world" in said.err
