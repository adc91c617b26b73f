"""Read one table of the configuration with type checks; errors name the key.

An unknown key is an error, because a misspelt limit that silently does not apply is worse than no
limit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, overload

from promptops.errors import ConfigurationError, quote
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

MICROS = 1_000_000
"""Micro-dollars in a US dollar."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
# At most nine digits, which do not overflow any clock.
_DURATION = re.compile(r"([0-9]{1,9})\s*([smhdw])")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SECRET = re.compile(r"(?:^|&)(?:password|sslpassword)=", re.IGNORECASE)
_DURATION_EXAMPLE = "90d"


class StorePlace(NamedTuple):
    """The place of a store, as configured by a table.

    Attributes:
        key: the full name of the configuration key that sets `variable`, for errors.
        variable: the environment variable with the address; None: `address` applies.
        address: the path or URL; None: beside the run log.
        file: the name of the file beside the run log.
        shares_database: whether a run log in PostgreSQL keeps the store in its database.
    """

    key: str
    variable: str | None
    address: str | None
    file: str
    shares_database: bool = False


class Table:
    """One table of a configuration file.

    Args:
        value: the parsed value in the file.
        path: the file, for errors.
        name: the table's name, such as `guards` or `guards.per_user`.

    All methods raise ConfigurationError, which names file and key.
    """

    def __init__(self, value: object, path: str, name: str) -> None:
        self._path = path
        self._name = name
        if not isinstance(value, dict):
            self._raise(f"{name} is not a table", f"write it below a line [{name}]")
        self._values: dict[str, Any] = value

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @property
    def name(self) -> str:
        """The table's name, such as `guards.per_user`."""
        return self._name

    def raw(self, key: str) -> object:
        """Return the unchecked value; None if it is missing."""
        return self._values.get(key)

    def key(self, key: str) -> str:
        """Return the key's full name, such as `guards.per_user.spend_per_day`."""
        return f"{self._name}.{key}"

    def fail(self, key: str, wrong: str, hint: str | None = None) -> NoReturn:
        """Raise an error about `key`; `wrong` continues the sentence, such as "is not a number"."""
        self._raise(f"{self.key(key)} {wrong}", hint)

    def check_keys(self, known: Sequence[str]) -> None:
        """Refuse keys that are not `known`, with the nearest one as a hint."""
        for key in self._values:
            if key not in known:
                near = nearest(key, known)
                self._raise(
                    f"unknown key '{self.key(key)}'",
                    f"did you mean '{self.key(near)}'?"
                    if near
                    else f"known keys: {', '.join(known)}",
                )

    def table(self, key: str) -> Table:
        """Return the table below `key`; an empty one if it is missing."""
        return Table(self._values.get(key, {}), self._path, self.key(key))

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Yield each key whose value is a table, with that table."""
        for key, value in self._values.items():
            if isinstance(value, dict):
                yield key, Table(value, self._path, self.key(key))

    def text(self, key: str, default: str) -> str:
        """Return a non-empty text."""
        value = self._values.get(key, default)
        if not isinstance(value, str) or not value.strip():
            self.fail(key, "is not a text", f'write {key} = "..."')
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a non-empty text; None if it is missing."""
        return self.text(key, "") if key in self._values else None

    def variable(self, key: str, example: str) -> str | None:
        """Return the name of an environment variable; None if it is missing.

        The text is never printed, and is refused if it looks like a secret key, which people paste
        here by mistake.
        """
        name = self.optional_text(key)
        if name is not None and not _is_variable(name):
            self.fail(
                key,
                "is not the name of an environment variable",
                f'secrets do not belong in files; write {self.key(key)} = "{example}"',
            )
        return name

    def address(self, key: str, schemes: Container[str], *, what: str, instead: str) -> str | None:
        """Return the path or URL of a store; None if it is missing.

        Args:
            key: its key.
            schemes: the supported schemes of URLs.
            what: the kind of store, for errors.
            instead: the configuration key to use for a URL with a password.
        """
        url = self.optional_text(key)
        if url is None or "://" not in url:
            return url
        # Few configurations have an address.
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(url)
        except ValueError:
            parts = None
        if parts is None or parts.scheme not in schemes:
            self.fail(key, f"is not a supported store for {what}", _place_hint(schemes))
        # Do not print the URL: it may contain a password.
        if parts.password is not None or _SECRET.search(parts.query):
            self.fail(key, "contains a password", instead)
        return url

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of non-empty texts; an empty one if it is missing."""
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.fail(key, "is not a list of texts", f'write {key} = ["..."]')
        return tuple(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._values.get(key, default)
        if not isinstance(value, bool):
            self.fail(key, "is not true or false", f"write {key} = true, or leave it out")
        return value

    def choice(self, key: str, words: Sequence[str], default: str) -> str:
        """Return one of `words`."""
        word = self._values.get(key, default)
        if word not in words:
            shown = quote(word) if isinstance(word, str) else "not a text"
            self.fail(key, f"is {shown}", f"choose one of: {', '.join(words)}")
        return str(word)

    @overload
    def whole(self, key: str, default: int, *, least: int = 0) -> int: ...

    @overload
    def whole(self, key: str, default: None, *, least: int = 0) -> int | None: ...

    def whole(self, key: str, default: int | None, *, least: int = 0) -> int | None:
        """Return an integer that is at least `least`."""
        value = self._values.get(key, default)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.fail(key, f"is not a whole number from {least}", f"write {key} = {least or 1}")
        return value

    def number(self, key: str, default: float | None, *, above: float = 0) -> float | None:
        """Return a number greater than `above`."""
        value = self._values.get(key, default)
        if value is None:
            return None
        if not _is_number(value) or not above < value < float("inf"):
            self.fail(key, f"is not a number above {above:g}", f"write {key} = {above + 1:g}")
        return float(value)

    def micros(self, key: str) -> int | None:
        """Return an amount in US dollars as micro-dollars, rounded up; None if it is missing."""
        value = self._values.get(key)
        if value is None:
            return None
        if not _is_number(value) or not 0 <= value < float("inf"):
            self.fail(key, "is not an amount in US dollars", f"write {key} = 0.25")
        from decimal import ROUND_CEILING, Decimal

        # Convert by the float's shortest decimal text: 0.1 dollars are exactly 100,000
        # micro-dollars.
        return int((Decimal(str(value)) * MICROS).to_integral_value(ROUND_CEILING))

    def duration(self, key: str) -> int | None:
        """Return a time span such as "90d" in seconds; None if it is missing."""
        value = self._values.get(key)
        if value is None:
            return None
        seconds = read_duration(value) if isinstance(value, str) else None
        if seconds is None:
            self.fail(key, "is not a time span", f'write {key} = "{_DURATION_EXAMPLE}"')
        return seconds

    def _raise(self, message: str, hint: str | None) -> NoReturn:
        raise ConfigurationError(f"{self._path}: {message}", hint=hint)


def read_duration(text: str) -> int | None:
    """Return the seconds of a time span such as `45s`, `10m`, `12h`, `30d` or `8w`.

    None for a malformed text, or for zero.
    """
    found = _DURATION.fullmatch(text.strip())
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    return seconds or None


def _is_variable(name: str) -> bool:
    if _VARIABLE.fullmatch(name) is None:
        return False
    # Some providers' keys have only letters and digits; a variable's name is expected to have `_`.
    return not (len(name) >= 20 and "_" not in name and re.search(r"\d", name))


def _place_hint(schemes: Container[str]) -> str:
    redis = ", redis://HOST" if "redis" in schemes else ""
    return f"use a file's path{redis} or postgresql://HOST/DATABASE"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
