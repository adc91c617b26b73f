"""Find and open the ledger of a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import ConfigurationError, UsageError, quote
from promptops.repository.settings.guards import DEFAULT_LEDGER
from promptops.repository.settings.log import LogSettings
from promptops.runtime.guards.memory import MemoryLedger
from promptops.runtime.log.place import VARIABLE, find_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.repository.settings.guards import GuardSettings
    from promptops.runtime.ledger import Ledger

_FILE = "ledger.db"


def find_ledger(
    settings: GuardSettings,
    log: LogSettings,
    environment: Mapping[str, str],
    *,
    common_dir: Path | None,
    top: Path | None,
) -> str:
    """Return the path or URL of the ledger, for `open_ledger`.

    Args:
        settings: the table `[guards]`.
        log: the table `[log]`: the file `ledger.db` lies beside the run log, or where that would be
            if it were not in a database.
        environment: where the address may be, and the folders of a user are read.
        common_dir: the git folder shared by all work trees; None without a repository.
        top: the folder to which paths in the configuration are relative: the top of the work tree.

    Raises:
        ConfigurationError: `ledger_variable` names a variable that is not set.
    """
    if settings.ledger_variable is not None:
        url = environment.get(settings.ledger_variable)
        if not url:
            raise ConfigurationError(
                f"guards.ledger_variable is {settings.ledger_variable}, which is not set",
                hint="set it where promptops runs, such as to redis://:PASSWORD@HOST/0",
            )
        return url
    if settings.ledger != DEFAULT_LEDGER:
        if "://" in settings.ledger and not settings.ledger.startswith("sqlite:"):
            return settings.ledger
        path = _path(settings.ledger)
        base = top or common_dir
        return str(path if base is None else base / path)
    place = find_log(log, environment, common_dir=common_dir, top=top)
    if place.startswith(("postgres://", "postgresql://")):
        others = {name: value for name, value in environment.items() if name != VARIABLE}
        place = find_log(LogSettings(), others, common_dir=common_dir, top=top)
    return str(_path(place).with_name(_FILE))


def open_ledger(url: str, *, create: bool = True) -> Ledger:
    """Return the ledger at a path or URL; its first call connects.

    Args:
        url: as `find_ledger` returns it.
        create: whether to create a missing file.

    Raises:
        UsageError: it is no supported URL.
    """
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme in {"", "sqlite"}:
        from promptops.runtime.guards.sqlite import SqliteLedger

        path = _path(url)
        return SqliteLedger(path) if create or path.exists() else MemoryLedger()
    if url.partition("://")[2].partition("/")[0].count("@") > 1:
        # Text after the first one would be read as the host, and shown in errors.
        raise UsageError(
            "the address of the ledger holds more than one @",
            hint="write %40 for an @ in a user's name or password",
        )
    if scheme in {"redis", "rediss"}:
        from promptops.runtime.guards.redis import RedisLedger

        return RedisLedger(url)
    if scheme in {"postgres", "postgresql"}:
        from promptops.runtime.guards.postgres import PostgresLedger

        return PostgresLedger(url)
    raise UsageError(
        f"{quote(scheme)} is no place to count in",
        hint="give the path of a file, redis://HOST or postgresql://HOST/DATABASE",
    )


def describe_place(url: str) -> str:
    """Return where a ledger is, without the password and options of its URL."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme == "sqlite":
        return str(_path(url))
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:").removeprefix("//")).expanduser()
