"""What somebody gets who installs the package, seen from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distribution
from importlib.resources import files

import pytest

HEAVY = {"deepdiff", "git", "jinja2", "jsonschema_rs", "litellm", "rich", "typer", "yaml"}


def imported_by(statement: str) -> set[str]:
    question = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", question], check=True, capture_output=True, text=True
    )
    return set(json.loads(answer.stdout))


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert imported_by("import promptops") & HEAVY == set()


@pytest.mark.parametrize("name", ["promptops", "git-promptops"])
def test_both_names_of_the_program_start_the_command_line(name: str) -> None:
    (script,) = distribution("git-promptops").entry_points.select(
        group="console_scripts", name=name
    )
    assert script.value == "promptops.cli:main"
    assert callable(script.load())


@pytest.mark.parametrize("name", ["py.typed", "prompt/prompt.schema.json"])
def test_files_that_are_not_code_are_shipped(name: str) -> None:
    assert files("promptops").joinpath(name).is_file()
