"""`promptops version`: the version, alone on a line."""

from __future__ import annotations

from promptops.about import __version__
from promptops.cli.session import emit


def version() -> None:
    """Show the version."""
    emit(f"promptops {__version__}")
