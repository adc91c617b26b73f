"""A command of the machine's owner gets the alert on standard input."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.alerts.alert import AlertError
from promptops.runtime.alerts.channels.command import run_command
from tests.runtime.alerts.pieces import DOCUMENT, MESSAGE

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_gets_the_document_and_its_words_without_a_shell(tmp_path: Path) -> None:
    file = tmp_path / "told; exit 1"
    run_command(MESSAGE, f"tee {shlex.quote(str(file))}", timeout_seconds=60)
    assert json.loads(file.read_bytes()) == DOCUMENT


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("sh -c 'exit 3'", "the command ended with 3"),
        ("/nowhere/at-all", "the command cannot be run: No such file"),
        ("'", "the command cannot be run: No closing quotation"),
        ("a\0b", "the command cannot be run: embedded null byte"),
        (" ", "the command is empty"),
    ],
)
def test_a_command_that_fails_is_not_tried_again(command: str, message: str) -> None:
    with pytest.raises(AlertError) as caught:
        run_command(MESSAGE, command, timeout_seconds=60)
    assert caught.value.message.startswith(message)
    assert not caught.value.is_passing


@pytest.mark.slow
def test_a_command_that_does_not_end_is_stopped() -> None:
    with pytest.raises(AlertError, match="the command timed out"):
        run_command(MESSAGE, "sleep 600", timeout_seconds=0.05)
