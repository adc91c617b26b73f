"""Folders need one another in one direction, and a module's tests are found under its name."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from tests.sources import PACKAGE, package_trees

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TESTS = PACKAGE.parent / "tests"
# Types, each with a function of one line.
WITHOUT_TESTS = {
    "runtime/log/database.py",
    "runtime/run/course.py",
    "runtime/run/interface.py",
}


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


@pytest.mark.story
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


def does_something(tree: ast.Module) -> bool:
    """Whether a module has a function with a body; types and tables cannot go wrong alone."""
    return any(
        not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for statement in node.body
    )


def test_the_tests_of_a_module_are_found_under_its_name() -> None:
    """In `test_NAME.py` of the same folder, or as a table of cases."""
    missing = set()
    for file, tree in package_trees().items():
        place = TESTS / file.parent.relative_to(PACKAGE)
        names = (file.stem, file.stem.replace("_", "-"))
        places = [place / f"test_{file.name}", *(place / "cases" / f"{one}.yaml" for one in names)]
        if not (file.stem == "__init__" or any(path.exists() for path in places)):
            missing |= {file.relative_to(PACKAGE).as_posix()} if does_something(tree) else set()
    assert missing - WITHOUT_TESTS == set()
    assert WITHOUT_TESTS - missing == set()
