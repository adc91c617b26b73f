"""Read git's configuration by git itself: every level, every value, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.git.process import failure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.git.process import Git

_TRUE = frozenset({"true", "yes", "on", "1"})


def read_settings(git: Git) -> dict[str, list[str | None]]:
    """Return all settings: name -> values, in the order in which git reads them.

    Section and key are in lower case, as git prints them; a subsection keeps its case
    (`remote.Origin.url`). A name without a value, which means true, has the value None.

    Raises:
        GitError: the configuration is malformed.
    """
    settings: dict[str, list[str | None]] = {}
    for record in git.run("config", "--list", "-z", "--includes").stdout.split(b"\0"):
        if not record:
            continue
        name, found, value = record.decode("utf-8", "surrogateescape").partition("\n")
        settings.setdefault(name, []).append(value if found else None)
    return settings


def last_value(settings: Mapping[str, Sequence[str | None]], name: str) -> str | None:
    """Return the last value, which is the one in effect; None if there is none."""
    values = settings.get(name, ())
    return values[-1] if values else None


def is_on(settings: Mapping[str, Sequence[str | None]], name: str) -> bool:
    """Return whether a boolean setting is true. A missing one is false."""
    values = settings.get(name, ())
    return bool(values) and (values[-1] is None or values[-1].lower() in _TRUE)


def is_set(git: Git, name: str) -> bool:
    """Ask git itself whether a boolean setting is true, for important ones such as
    `commit.gpgSign`.

    Raises:
        GitError: its value is not a boolean.
    """
    args = ("config", "--type=bool", "--get", name)
    done = git.run(*args, check=False)
    if done.code not in {0, 1}:  # 1: not set
        raise failure(args, done)
    return done.text == "true"
