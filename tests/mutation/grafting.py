"""Puts a mutant in the place of a loaded module, also for those that imported from it before.

The functions themselves stay the objects that they are and get the mutant's code: so a test, or
another module, that holds one of them runs the mutant.
"""

from __future__ import annotations

from functools import cached_property
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.mutation.mutants import Mutant


def graft(mutant: Mutant, module: ModuleType) -> None:
    """Make a loaded module behave as its mutant, for good."""
    draft = ModuleType(mutant.module)
    draft.__file__ = module.__file__
    # Only for as long as it takes: dataclasses look up the module of their class.
    exec(mutant.code, vars(draft))
    new = dict(_functions(vars(draft), mutant.module))
    for name, function in _functions(vars(module), mutant.module):
        function.__code__ = new[name].__code__
        function.__defaults__ = _switches(function.__defaults__, new[name].__defaults__)
        if function.__kwdefaults__:
            given = new[name].__kwdefaults__ or {}
            function.__kwdefaults__ = {
                key: given[key] if isinstance(given[key], bool) else value
                for key, value in function.__kwdefaults__.items()
            }


def _switches(old: tuple[Any, ...] | None, new: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """Defaults with the truth values of the new ones; any other may be of a class made anew."""
    if old is None or new is None:
        return old
    return tuple(
        theirs if isinstance(theirs, bool) else ours for ours, theirs in zip(old, new, strict=True)
    )


def _functions(
    names: Mapping[str, object], module: str, prefix: str = ""
) -> Iterator[tuple[str, FunctionType]]:
    """All functions that a module defines, methods and properties too, by their names."""
    for name, value in list(names.items()):
        if isinstance(value, type):
            if value.__module__ == module:
                yield from _functions(vars(value), module, f"{prefix}{name}.")
            continue
        function = _unwrap(value)
        if isinstance(function, FunctionType) and function.__module__ == module:
            yield f"{prefix}{name}", function


def _unwrap(value: object) -> object:
    if isinstance(value, property):
        return value.fget
    if isinstance(value, cached_property):
        return value.func
    if isinstance(value, staticmethod | classmethod):
        return value.__func__
    return getattr(value, "__wrapped__", value)
