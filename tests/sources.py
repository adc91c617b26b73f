"""The source files of the package, for tests that read code."""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "promptops"


@cache
def package_sources() -> dict[Path, str]:
    """Give each source file of the package, in order, with its text."""
    return {path: path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def package_trees() -> dict[Path, ast.Module]:
    """Give each source file of the package with its syntax tree. Nobody may change the trees."""
    gc.disable()
    try:
        return {path: ast.parse(text) for path, text in package_sources().items()}
    finally:
        # Or each later collection in this process would walk over all nodes.
        gc.freeze()
        gc.enable()
