"""Runs the real command line in this process, as a person in some folder would."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import typer.testing
from typer.testing import CliRunner

from promptops.cli import app
from promptops.cli.session import is_terminal

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from typer.testing import Result

    from tests.repositories import Repo

# A person's command reads the options' signatures once; so does a process with many commands.
typer.testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]


def run(place: Repo | Path, *args: str, stdin: str | bytes | None = None) -> Result:
    """Run `promptops` with arguments in a folder; give exit code and both outputs."""
    folder = getattr(place, "path", place)
    return CliRunner().invoke(app, ["-C", str(folder), *args], input=stdin)


def accept(place: Repo | Path, *args: str, stdin: str | bytes | None = None) -> str:
    """Run `promptops`, insist that it succeeds, give standard output."""
    result = run(place, *args, stdin=stdin)
    assert result.exit_code == 0, f"{args}: {result.output}"
    return result.stdout


def refuse(place: Repo | Path, *args: str, code: int = 1) -> str:
    """Run `promptops`, insist on its exit code and on one error with a hint; give what it said."""
    result = run(place, *args)
    assert result.exit_code == code, f"{args}: {result.output}"
    assert "Traceback" not in result.output
    said = [line for line in result.stderr.splitlines() if not line.startswith("warning:")]
    errors = [line for line in said if line.startswith("error: ")]
    hints = [line for line in said if line.startswith(" hint: ")]
    assert (len(errors), len(hints)) == (1, 1), f"{args}: {result.stderr}"
    return result.stderr.rstrip()


def follow_hint(place: Repo, refusal: str) -> None:
    """Do what the git command at the end of a refusal's hint says."""
    command = refusal[refusal.rindex(": git ") + len(": git ") :]
    place.git(*command.split(" && ")[0].split())


def sit_at_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have verbs believe that a person sits at a terminal without colours, until the test ends.

    They import the function that tells, at any time: so its code is replaced, and not its name.
    """
    monkeypatch.setattr(is_terminal, "__code__", (lambda _stream: True).__code__)
    monkeypatch.setenv("NO_COLOR", "1")
