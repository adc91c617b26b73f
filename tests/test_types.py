"""Each type of the package has a name of its own, so that a name means one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import promptops

PACKAGE = Path(promptops.__file__).parent


def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(file.relative_to(PACKAGE).as_posix())
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
