"""Runs the real command line in this process, as a person in some folder would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.testing import CliRunner

from promptops.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from tests.repositories import Repo


def run(place: Repo | Path, *args: str, stdin: str | bytes | None = None) -> Result:
    """Run `promptops` with arguments in a folder; give exit code and both outputs."""
    folder = getattr(place, "path", place)
    return CliRunner().invoke(app, ["-C", str(folder), *args], input=stdin)
