"""`python -m promptops` is the command line."""

from __future__ import annotations

import runpy
import sys

import pytest

from promptops.about import __version__


def test_the_package_runs_as_the_command_line_with_its_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> int | str | None:
        monkeypatch.setattr(sys, "argv", ["promptops", *words])
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("promptops", run_name="__main__")
        return ended.value.code

    assert run("--version") in {None, 0}
    assert __version__ in capsys.readouterr().out
    assert run("no-such-verb") == 2
    assert "no-such-verb" in capsys.readouterr().err
