"""`runs prune`, `runs erase` and `runs rotate`."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

import promptops
from tests.cli.running import accept, refuse
from tests.cli.runs.conftest import log_place
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo

BEFORE = ("--before", "2026-11-21T00:00Z")


def ids(repo: Repo) -> list[str]:
    text = accept(repo, "runs", "list", "--format", "json")
    return [one["id"] for one in json.loads(text)["runs"]][::-1]


def test_old_runs_are_removed_and_statistics_stay(
    repo: Repo, runs: list[RunRecord], write_log: Callable[..., RunLog]
) -> None:
    assert masked(accept(repo, "runs", "prune", *BEFORE, "--dry-run")) == snapshot(
        "would remove 3 runs from before <time>\n"
    )
    assert ids(repo) == [one.id for one in runs]
    document = json.loads(
        accept(repo, "runs", "prune", *BEFORE, "--reason", "policy", "--format", "json")
    )
    assert document["schema"] == "promptops.prune/v1"
    assert document["runs"] == 3
    assert ids(repo) == [one.id for one in runs[3:]]
    assert masked(accept(repo, "runs", "stats").replace("    ", "  ")) == snapshot("""\
PROMPT      RUNS  COST           P50    P95    ERRORS        REFUSED
support/triage  4   $2.002468 + 1 unknown  ~<duration>  ~<duration>  1 (25.0 %): 1 call  0
billing/refund  1   $0.00          ~<duration>  ~<duration>  0           1
""")
    (event,) = write_log().events("pruned")
    assert event.detail is not None
    assert event.detail["by"] == "Jane Doe <jane@example.com>"
    assert event.detail["reason"] == "policy"
    assert accept(repo, "runs", "prune", *BEFORE).startswith("removed 0 runs")


def test_the_retention_is_the_limit_unless_one_is_given(repo: Repo, runs: list[RunRecord]) -> None:
    assert masked(refuse(repo, "runs", "prune", code=2)) == snapshot("""\
error: no age limit given
 hint: give --before 90d, or set retention in [log]\
""")
    assert masked(refuse(repo, "runs", "prune", "--before", "2999-01-01", code=2)) == snapshot("""\
error: --before is in the future
 hint: give a time span, such as 90d\
""")
    repo.write("promptops.toml", "[log]\nretention = '99999w'\n")
    assert "would remove 0 runs" in accept(repo, "runs", "prune", "--dry-run")


def test_a_person_at_a_terminal_is_asked(
    repo: Repo, runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.cli.running import run

    monkeypatch.setattr("promptops.cli.session.is_terminal", lambda _stream: True)
    for args in (("prune", *BEFORE), ("erase", "--user", "u-2", "--reason", "asked")):
        result = run(repo, "runs", *args, stdin="n\n")
        assert result.exit_code == 1
        assert "[y/N]" in result.stderr
    monkeypatch.undo()


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


def test_keys_are_changed(
    repo: Repo, write_log: Callable[..., RunLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.runtime.log.pieces import START, end, make_run

    keys = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]
    monkeypatch.setenv("LOG_KEY", keys[0])
    made = end(make_run(START), answer="the secret answer")
    write_log(content="full", encryption_key="LOG_KEY").finish(made)
    assert masked(refuse(repo, "runs", "rotate", code=2)) == snapshot("""\
error: the run log is encrypted, and no key is configured
 hint: set encryption_key in [log]\
""")
    repo.write("promptops.toml", "[log]\nencryption_key = 'LOG_KEY'\n")
    monkeypatch.setenv("LOG_KEY", f"{keys[1]},{keys[0]}")
    assert accept(repo, "runs", "rotate").startswith("encrypted ")
    monkeypatch.setenv("LOG_KEY", keys[1])
    assert masked(accept(repo, "runs", "show", made.id)) == snapshot("""\
support/triage@1.2.0  succeeded
  run          <uuid>
  asked for    support/triage@production
  started      <time>
  took         <duration>
  cost         $0.001234
  tokens       100 in, 20 out (measured)
  model        openai/gpt-4o-mini
  finish       stop
  environment  production, deployment 7
  digest       <digest>
  commit       cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
  user         u-1
  tenant       acme
  key          k-1
  label page   help
  decided by share 30 % of the keys

inputs
  {
    "ticket": "I was charged twice."
  }

message: system
  You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. \n\

message: user
  I was charged twice.

answer
  the secret answer
""")
    monkeypatch.setenv("LOG_KEY", keys[0])
    assert masked(refuse(repo, "runs", "show", made.id, code=2)) == snapshot("""\
error: the run log was encrypted with a key that LOG_KEY does not contain
 hint: add the old key after the new one, separated by a comma\
""")


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


def test_a_prune_expires_conversations(
    repo: Repo, runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    with promptops.open(repo.path) as registry:
        registry.conversation("c-1", ttl=0.001).add("user", "gone soon")
    document = json.loads(accept(repo, "runs", "prune", *BEFORE, "--yes", "--format", "json"))
    assert document["conversations"] == 1
