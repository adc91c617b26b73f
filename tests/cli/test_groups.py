"""Groups of verbs: `promptops runs list`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from promptops.cli.commands import COMMANDS, GROUPS
from tests.cli.running import accept, run

if TYPE_CHECKING:
    from pathlib import Path


def test_every_group_and_verb_is_there(tmp_path: Path) -> None:
    assert set(GROUPS) <= set(COMMANDS)
    for command in [
        *COMMANDS.values(),
        *(one for verbs in GROUPS.values() for one in verbs.values()),
    ]:
        module = import_module(f"promptops.cli.{command.module}")
        name = command.module.rpartition(".")[2]
        assert command.section == "" or command.module in GROUPS or callable(getattr(module, name))


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lists_its_verbs(tmp_path: Path, group: str) -> None:
    text = accept(tmp_path, group, "--help")
    assert COMMANDS[group].summary in text
    for name, verb in GROUPS[group].items():
        assert f"  {name} " in text
        assert verb.summary in text
        assert f"{group} {name} [OPTIONS]" in accept(tmp_path, group, name, "--help")
    assert run(tmp_path, group).exit_code == 2


def test_a_misspelt_verb_has_a_suggestion(tmp_path: Path) -> None:
    result = run(tmp_path, "runs", "lst")
    assert result.exit_code == 2
    assert "No such command 'lst'" in result.stderr
    assert "'list'" in result.stderr
