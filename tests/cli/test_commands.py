"""The verbs, and groups of verbs: `promptops runs list`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.cli.commands import BOTH, COMMANDS, GROUPS
from tests.cli.running import accept, run
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path


def test_every_group_and_verb_is_there(tmp_path: Path) -> None:
    for command in [
        *COMMANDS.values(),
        *(one for verbs in GROUPS.values() for one in verbs.values()),
    ]:
        module = import_module(f"promptops.cli.{command.module}")
        name = command.module.rpartition(".")[2]
        assert command.section == "" or command.module in GROUPS or callable(getattr(module, name))


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lists_its_verbs(tmp_path: Path, group: str) -> None:
    words = group.split()
    text = accept(tmp_path, *words, "--help")
    above = GROUPS[words[0]] if len(words) > 1 else COMMANDS
    assert above[words[-1]].summary.removesuffix(".") in text
    for name, verb in GROUPS[group].items():
        assert f"  {name} " in text
        assert verb.summary in text
        assert f"{group} {name} [OPTIONS]" in accept(tmp_path, *words, name, "--help")
    assert group in BOTH or run(tmp_path, *words).exit_code == 2


def test_a_misspelt_verb_has_a_suggestion(tmp_path: Path) -> None:
    result = run(tmp_path, "runs", "lst")
    assert result.exit_code == 2
    assert masked(result.stderr) == snapshot("""\
error: no such command 'lst'
 hint: did you mean list? Or see promptops runs --help
""")
