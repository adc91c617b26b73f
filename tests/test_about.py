"""The version that the program says of itself."""

from __future__ import annotations

from importlib.metadata import distribution

from promptops.about import __version__


def test_the_installed_version_is_the_one_the_code_says() -> None:
    assert distribution("git-promptops").version == __version__
