"""The examples that end each help page."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer

from promptops.cli import app
from promptops.cli.commands import GROUPS
from promptops.cli.examples import EXAMPLES
from tests.cli.pieces import every_verb


def test_every_verb_has_two_examples() -> None:
    assert [
        verb for verb in every_verb() if verb != "complete" and len(EXAMPLES.get(verb, ())) < 2
    ] == []


def test_each_example_fits_a_terminal_of_80_columns() -> None:
    assert [line for lines in EXAMPLES.values() for line in lines if len(line) > 78] == []


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_examples_name_what_there_is(line: str) -> None:
    program, verb, *words = shlex.split(line.partition(" >")[0])
    command: Any = typer.main.get_command(app)
    assert program == "promptops"
    if verb.startswith("-"):
        return
    command = command.get_command(None, verb)
    path = verb
    while path in GROUPS and words and not words[0].startswith("-"):
        path = f"{path} {words[0]}"
        command = command.get_command(None, words.pop(0))
    options = [name for one in command.params for name in (*one.opts, *one.secondary_opts)]
    known = {*options, "--help"}
    assert {word for word in words if word.startswith("-") and len(word) > 1} <= known
