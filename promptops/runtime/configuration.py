"""Choose the configuration of runs.

It is the file that the caller names, else the file in PROMPTOPS_CONFIG, else the configuration of
the source: in a repository's work tree, on a clone URL's default branch, or in a snapshot.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import ConfigurationError
from promptops.files import read_file
from promptops.repository.config import CONFIG_FILE, PYPROJECT_FILE, Config, load_config

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

VARIABLE = "PROMPTOPS_CONFIG"


def choose_config(
    named: str | os.PathLike[str] | None,
    environment: Mapping[str, str],
    read_own: Callable[[], Config],
) -> Config:
    """Return the configuration.

    Args:
        named: the file that the caller named, or None.
        environment: the environment variables.
        read_own: reads the configuration of the source.

    Raises:
        ConfigurationError: a named file is missing or invalid.
    """
    path = environment.get(VARIABLE) if named is None else named
    return read_own() if path is None or path == "" else read_config(path)


def read_config(path: str | os.PathLike[str]) -> Config:
    """Read a configuration file, or the table [tool.promptops] of a pyproject.toml."""
    file = Path(path).expanduser()
    try:
        data = read_file(file)
    except OSError as error:
        raise ConfigurationError(
            f"the configuration {file} cannot be read: {error.strerror or error}",
            hint=f"pass an existing file as config=FILE or {VARIABLE}",
        ) from error
    name = PYPROJECT_FILE if file.name == PYPROJECT_FILE else CONFIG_FILE
    try:
        return load_config({name: data}.get)
    except ConfigurationError as error:
        if file.parent == Path():
            raise
        raise ConfigurationError(f"{file.parent}: {error.message}", hint=error.hint) from error
