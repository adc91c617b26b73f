"""Read untrusted JSON with type checks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from promptops.errors import IntegrityError, quote
from promptops.prompt.digest import is_object_id

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "a text",
    type(None): "null",
}
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ForgeRecord:
    """One JSON object. A missing member or one of another type raises IntegrityError.

    Attributes:
        values: the object's members.
        where: what the object is, for messages, such as `GitHub's answer to /user`.
    """

    values: Mapping[str, object]
    where: str

    def has(self, name: str) -> bool:
        """Return whether there is a member of that name other than null."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """Return the string under a name."""
        found = cast("str", self._get(name, str))
        # JSON can encode a lone surrogate, which cannot be printed.
        if _SURROGATE.search(found):
            raise self.refuse(f"'{name}' is not valid Unicode")
        return found

    def text_or_none(self, name: str) -> str | None:
        """Return the string under a name; the member is required but may be null."""
        return None if self._is_null(name) else self.text(name)

    def word(self, name: str) -> str:
        """Return the string under a name; it must not be empty or contain white space."""
        found = self.text(name)
        if not found or not found.isprintable() or " " in found:
            raise self.refuse(f"'{name}' cannot be {quote(found)}")
        return found

    def object_id(self, name: str) -> str:
        """Return the Git object id under a name; it must be complete and in lower case."""
        found = self.text(name)
        if not is_object_id(found):
            raise self.refuse(f"'{name}' is {quote(found)}, which is not an object id")
        return found

    def number(self, name: str) -> int:
        """Return the integer under a name."""
        return cast("int", self._get(name, int))

    def number_or_none(self, name: str) -> int | None:
        """Return the integer under a name; the member is required but may be null."""
        return None if self._is_null(name) else self.number(name)

    def flag(self, name: str) -> bool:
        """Return the boolean under a name."""
        return cast("bool", self._get(name, bool))

    def time(self, name: str) -> datetime:
        """Return the time under a name; it must have a zone."""
        text = self.text(name)
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise self.refuse(f"'{name}' is {quote(text)}, which is not a time") from None
        if time.tzinfo is None:
            raise self.refuse(f"'{name}' is {quote(text)}, without a time zone")
        return time

    def record(self, name: str) -> ForgeRecord:
        """Return the object under a name."""
        return ForgeRecord(cast("dict[str, object]", self._get(name, dict)), self._below(name))

    def record_or_none(self, name: str) -> ForgeRecord | None:
        """Return the object under a name; the member is required but may be null."""
        return None if self._is_null(name) else self.record(name)

    def records(self, name: str) -> list[ForgeRecord]:
        """Return the objects in the list under a name."""
        return to_records(self._get(name, list), self._below(name))

    def texts(self, name: str) -> list[str]:
        """Return the texts in the list under a name."""
        found = cast("list[object]", self._get(name, list))
        for item in found:
            if not isinstance(item, str):
                raise _wrong(f"an item of {self._below(name)}", item, str)
        return cast("list[str]", found)

    def refuse(self, what: str) -> IntegrityError:
        """Return the error for a malformed object."""
        return IntegrityError(f"{what} in {self.where}", hint=_HINT)

    def _below(self, name: str) -> str:
        return f"'{name}' in {self.where}"

    def _is_null(self, name: str) -> bool:
        if name not in self.values:
            raise self.refuse(f"'{name}' is missing")
        return self.values[name] is None

    def _get(self, name: str, kind: type) -> object:
        if name not in self.values:
            raise self.refuse(f"'{name}' is missing")
        value = self.values[name]
        # In Python, True is an int.
        if type(value) is not kind:
            raise _wrong(self._below(name), value, kind)
        return value


def to_record(value: object, where: str) -> ForgeRecord:
    """Check that parsed JSON is an object; wrap it.

    Raises:
        IntegrityError: it is not.
    """
    if not isinstance(value, dict):
        raise _wrong(where, value, dict)
    return ForgeRecord(value, where)


def to_records(value: object, where: str) -> list[ForgeRecord]:
    """Check that parsed JSON is a list of objects; wrap them.

    Raises:
        IntegrityError: it is not.
    """
    if not isinstance(value, list):
        raise _wrong(where, value, list)
    return [to_record(item, f"an item of {where}") for item in value]


def _wrong(what: str, value: object, wanted: type) -> IntegrityError:
    found = _KINDS.get(type(value), type(value).__name__)
    return IntegrityError(f"{what} is {found}, not {_KINDS[wanted]}", hint=_HINT)


_HINT = "check the file, and that this promptops knows its version"
