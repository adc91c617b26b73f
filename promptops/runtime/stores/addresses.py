"""Find the addresses of configured stores, and their kinds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import ConfigurationError, UsageError, quote
from promptops.repository.settings.log import LogSettings
from promptops.runtime.stores.log_place import VARIABLE, find_log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.repository.settings.reading import StorePlace

SQLITE = "sqlite"
REDIS = "redis"
POSTGRES = "postgres"
_KINDS = {
    "": SQLITE,
    "sqlite": SQLITE,
    "redis": REDIS,
    "rediss": REDIS,
    "postgres": POSTGRES,
    "postgresql": POSTGRES,
}


def find_store(
    place: StorePlace,
    log: LogSettings,
    environment: Mapping[str, str],
    *,
    common_dir: Path | None,
    top: Path | None,
) -> str:
    """Return the path or URL of a store.

    Args:
        place: the store's place in its table.
        log: the table `[log]`. By default, a store is a file beside the run log, or beside the
            log's default path if the log is in a database.
        environment: the environment variables, for addresses and the user's folders.
        common_dir: the git folder shared by all work trees; None without a repository.
        top: the folder to which paths in the configuration are relative: the top of the work tree.

    Raises:
        ConfigurationError: the place names a variable that is not set.
    """
    if place.variable is not None:
        url = environment.get(place.variable)
        if not url:
            raise ConfigurationError(
                f"{place.key} is {place.variable}, which is not set",
                hint="set it where promptops runs, such as to redis://:PASSWORD@HOST/0",
            )
        return url
    if place.address is not None:
        if "://" in place.address and not place.address.startswith("sqlite:"):
            return place.address
        path, base = read_path(place.address), top or common_dir
        return str(path if base is None else base / path)
    beside = find_log(log, environment, common_dir=common_dir, top=top)
    if beside.startswith(("postgres://", "postgresql://")):
        if place.shares_database:
            return beside
        others = {name: value for name, value in environment.items() if name != VARIABLE}
        beside = find_log(LogSettings(), others, common_dir=common_dir, top=top)
    return str(read_path(beside).with_name(place.file))


def find_kind(url: str, what: str) -> str:
    """Return `SQLITE`, `REDIS` or `POSTGRES`.

    Args:
        url: a path or URL, as `find_store` returns it.
        what: the store, for errors, such as "the ledger".

    Raises:
        UsageError: it is not a supported address.
    """
    scheme, mark, rest = url.partition("://")
    kind = _KINDS.get(scheme if mark else "")
    if kind is None:
        raise UsageError(
            f"{quote(scheme)} is not a supported store for {what}",
            hint="give the path of a file, redis://HOST or postgresql://HOST/DATABASE",
        )
    if kind != SQLITE and rest.partition("/")[0].count("@") > 1:
        # Text after the first `@` would be read as the host, and shown in errors.
        raise UsageError(
            f"the address of {what} contains more than one @",
            hint="write @ as %40 in a user name or password",
        )
    return kind


def describe_place(url: str) -> str:
    """Return a store's path or URL, without password and options."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme == "sqlite":
        return str(read_path(url))
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def read_path(url: str) -> Path:
    """Return the path of a file from a path or `sqlite:PATH`."""
    return Path(url.removeprefix("sqlite:").removeprefix("//")).expanduser()
