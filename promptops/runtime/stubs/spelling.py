"""Write a type as text in a language, whose syntax is data. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from promptops.runtime.stubs.types import (
    ListType,
    LiteralType,
    MapType,
    NamedType,
    ScalarType,
    UnionType,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.runtime.stubs.types import StubType

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""A name that needs no quotes in any language."""


class TypeSpelling(NamedTuple):
    """The syntax of types in a language.

    Attributes:
        scalars: the names of a ScalarType's types.
        list_of: a list; `{}` is replaced by the type of its items.
        map_of: an object with unknown keys; `{}` is replaced by the type of its values.
        literal: returns the type of some literal values.
    """

    scalars: Mapping[str, str]
    list_of: str
    map_of: str
    literal: Callable[[LiteralType], str]

    def spell(self, one: StubType) -> str:
        """Return a type as text."""
        if isinstance(one, ScalarType):
            return self.scalars[one.name]
        if isinstance(one, LiteralType):
            return self.literal(one)
        if isinstance(one, ListType):
            return self.list_of.format(self.spell(one.item))
        if isinstance(one, MapType):
            return self.map_of.format(self.spell(one.value))
        if isinstance(one, UnionType):
            return " | ".join(self.spell(option) for option in one.options)
        if isinstance(one, NamedType):
            return one.name
        raise TypeError(one)
