"""One function reads all files that somebody else could have put there."""

from __future__ import annotations

import ast

import pytest

from tests.sources import PACKAGE, package_trees

# Files of the package, of the system, and those that the module has just written itself.
ALLOWED = {
    "checks/editors.py",
    "checks/models.py",
    "cli/demo.py",
    "cli/editor.py",
    "evals/report/html.py",
    "files.py",
    "git/signing/ssh.py",
    "prompt/metadata.py",
    "prompt/suite/grammar.py",
    "repository/pipelines.py",
    "repository/playbook.py",
    "repository/prices.py",
    "runtime/log/process.py",
    "site/writing.py",
}


def reads(tree: ast.AST) -> bool:
    """Whether code reads a file otherwise: by a method of its path, or by `open`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        words = [one.value for one in node.args if isinstance(one, ast.Constant)]
        match node.func:
            case ast.Attribute(attr="read_bytes") if not node.args:
                return True
            case ast.Attribute(attr="read_text", value=receiver) if len(node.args) <= 1 and (
                not node.args or words in (["utf-8"], ["ascii"])
            ):
                return not isinstance(receiver, ast.Name) or receiver.id not in {"self", "reader"}
            case ast.Attribute(attr="open") | ast.Name(id="open") if {"r", "rb"} & {
                *map(str, words)
            }:
                return True
    return False


@pytest.mark.story
def test_files_are_read_by_one_function() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path, tree in package_trees().items()
        if reads(tree)
    }
    assert found - ALLOWED == set()
    assert ALLOWED - found == set()
