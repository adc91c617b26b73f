"""`promptops runs erase`: all that is known of a user is removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from tests.cli.pieces import log_place
from tests.cli.running import accept, run, sit_at_terminal
from tests.cli.runs.pieces import BEFORE, ids
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo


def test_a_person_at_a_terminal_is_asked(
    repo: Repo, runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    sit_at_terminal(monkeypatch)
    for args in (("prune", *BEFORE), ("erase", "--user", "u-2", "--reason", "asked")):
        result = run(repo, "runs", *args, stdin="n\n")
        assert result.exit_code == 1
        assert "[y/N]" in result.stderr


@pytest.mark.slow
def test_a_user_is_erased(
    repo: Repo, runs: list[RunRecord], write_log: Callable[..., RunLog]
) -> None:
    args = ("runs", "erase", "--user", "u-2", "--reason", "asked by mail")
    assert masked(accept(repo, *args, "--dry-run")) == snapshot(
        "would remove at least 1 runs of u-2\n"
    )
    assert masked(accept(repo, *args)) == snapshot("removed 1 runs and 2 texts of u-2\n")
    assert runs[1].id not in ids(repo)
    assert b"HYPERLINK" not in log_place(repo).read_bytes()
    (event,) = write_log().events("erased")
    assert event.detail is not None
    assert event.detail["by"] == "Jane Doe <jane@example.com>"
    assert "u-2" not in json.dumps(dict(event.detail))
    assert json.loads(accept(repo, *args, "--format", "json"))["runs"] == 0


def test_an_erasure_reaches_conversations_and_leaves_a_receipt(
    repo: Repo, runs: list[RunRecord], write_log: Callable[..., RunLog], tmp_path: Path
) -> None:
    with promptops.open(repo.path) as registry:
        registry.conversation("c-1", user="u-2").add("user", "only she says that")
        registry.conversation("c-2", user="u-9").add("user", "he says this")
        registry.conversation("c-3", user="u-2", store=tmp_path / "more.db").add("user", "more")
    args = ("runs", "erase", "--user", "u-2", "--reason", "asked by mail")
    dry = accept(repo, *args, "--dry-run")
    assert masked(dry) == snapshot("would remove at least 1 runs and 1 conversations of u-2\n")
    file = tmp_path / "receipt.json"
    more = ("--conversations", str(tmp_path / "more.db"), "--receipt", str(file))
    assert masked(accept(repo, *args, *more)) == snapshot(
        "removed 1 runs and 2 texts and 2 conversations of u-2\n"
    )
    receipt = json.loads(file.read_text())
    assert receipt["schema"] == "promptops.erasure/v1"
    assert receipt["removed"]["runs"] == 1
    assert sorted(receipt["removed"]["conversations"].values()) == [1, 1]
    assert any("backups" in one for one in receipt["not_reached"])
    assert "u-2" not in json.dumps(receipt)
    [event] = write_log(content="full").events("erasure_receipt")
    assert event.detail == receipt
    with promptops.open(repo.path) as registry:
        assert len(registry.conversation("c-2", user="u-9").history()) == 1
    kept = b"".join(one.read_bytes() for one in log_place(repo).parent.glob("conversations.db*"))
    assert b"only she" not in kept
    assert b"u-2" not in kept
