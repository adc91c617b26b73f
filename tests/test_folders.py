"""No two folders of the package need each other, apart from a room and what is in it."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from tests.sources import PACKAGE, package_trees

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def imported(node: ast.AST) -> Iterator[str]:
    """The modules that a file imports at some time, without those that only types need."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.ImportFrom) and child.module:
            yield child.module
            yield from (f"{child.module}.{one.name}" for one in child.names)
        yield from imported(child)


def folder_of(module: str) -> Path | None:
    path = PACKAGE.parent.joinpath(*module.split("."))
    if path.is_dir() and path != PACKAGE:
        return path
    return path.parent if path.with_suffix(".py").is_file() else None


def test_no_two_folders_need_each_other() -> None:
    graph: dict[Path, set[Path]] = {}
    for file, tree in package_trees().items():
        here = file.parent
        for module in imported(tree):
            there = folder_of(module) if module.startswith("promptops.") else None
            if there is None or PACKAGE in {here, there}:
                continue
            if not (here.is_relative_to(there) or there.is_relative_to(here)):
                graph.setdefault(here, set()).add(there)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(str(one) for one in error.args[1])) from None
