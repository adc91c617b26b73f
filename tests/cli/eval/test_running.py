"""What all verbs that run evals share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from promptops.cli.eval.running import show_progress
from promptops.evals.runner import EvalProgress

if TYPE_CHECKING:
    import pytest


def test_a_stopped_run_ends_its_line_of_progress(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("promptops.cli.eval.running.is_terminal", lambda _stream: True)
    tell = show_progress()
    progress = EvalProgress(10, 1000, 1, 0, 1200, 2.0, 10)
    tell(progress)
    tell(progress._replace(is_over=True))
    assert capsys.readouterr().err.split("\r\x1b[K") == snapshot(
        [
            "",
            "10/1000  1 failed  0.0012 USD  5.0/s  3 min left",
            "10/1000  1 failed  0.0012 USD  5.0/s  3 min left\n",
        ]
    )
