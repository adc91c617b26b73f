"""Find the run log's place. It is data and not a cache, so it is not in a cache folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.repository.settings.log import LogSettings

VARIABLE = "PROMPTOPS_LOG"
_FILE = ("promptops-log", "runs.db")


def find_log(
    settings: LogSettings,
    environment: Mapping[str, str],
    *,
    common_dir: Path | None,
    top: Path | None,
) -> str:
    """Return the path or URL of the log, for `open_log`.

    Args:
        settings: the table `[log]`.
        environment: the environment variables: `PROMPTOPS_LOG`, which wins, and the user's folders.
        common_dir: the git folder shared by all work trees; None without a repository.
        top: the folder to which paths in the configuration are relative: the top of the work tree.
    """
    url = environment.get(VARIABLE)
    if url:
        return url
    if settings.url is not None:
        return _from_top(settings.url, top or common_dir)
    if common_dir is not None:
        return str(common_dir.joinpath(*_FILE))
    return str(_user_state(environment).joinpath("promptops", _FILE[1]))


def _from_top(url: str, top: Path | None) -> str:
    """Return a URL with a relative file path resolved from `top`."""
    if url.startswith(("postgres://", "postgresql://")) or top is None:
        return url
    path = url.removeprefix("sqlite:").removeprefix("//")
    return str(top / Path(path).expanduser())


def _user_state(environment: Mapping[str, str]) -> Path:
    """Return the folder for a user's persistent program data."""
    base = environment.get("XDG_STATE_HOME") or (
        environment.get("LOCALAPPDATA") if sys.platform == "win32" else None
    )
    return Path(base) if base else Path.home() / ".local" / "state"
