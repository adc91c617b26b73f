"""Each type of the package has a name of its own, so that a name means one thing."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from tests.sources import PACKAGE, package_trees


@pytest.mark.story
def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for file, tree in package_trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(file.relative_to(PACKAGE).as_posix())
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
