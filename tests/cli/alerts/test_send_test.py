"""`promptops alerts test`, and runs that tell somebody."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.runtime.alerts.receiver import Receiver
from tests.screens import masked

if TYPE_CHECKING:
    import pytest

    from tests.repositories import Repo


def test_sends_a_test_through_every_channel(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver:
        monkeypatch.setenv("SLACK", f"{receiver.url}/slack")
        repo.commit(
            {
                "promptops.toml": f"[alerts.webhook]\nurl = '{receiver.url}/hook'\n"
                f"kinds = ['ledger']\n[alerts.slack]\nurl_variable = 'SLACK'\n"
            }
        )
        assert masked(accept(repo, "alerts", "test")) == snapshot("""\
webhook: sent
slack: sent
""")
        accept(repo, "alerts", "test", "--channel", "slack")
    assert [one.path for one in receiver.requests] == ["/hook", "/slack", "/slack"]
    assert receiver.requests[0].json["kind"] == "test"


def test_says_what_did_not_arrive(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLACK", raising=False)
    with Receiver((403, {})) as receiver:
        repo.commit(
            {
                "promptops.toml": f"[alerts.webhook]\nurl = '{receiver.url}/hunter2'\n"
                "[alerts.slack]\nurl_variable = 'SLACK'\n"
            }
        )
        result = run(repo, "alerts", "test")
        assert result.exit_code == 1
        assert masked(result.stderr) == snapshot("""\
warning: webhook: 127.0.0.1 answered 403
   hint: check address and key
warning: slack: the variable SLACK is not set
   hint: set it where promptops runs, or remove [alerts.slack]
""")
        assert "hunter2" not in result.output
        document = json.loads(run(repo, "alerts", "test", "--format", "json").stdout)
    assert [one["sent"] for one in document["channels"]] == [True, False]


def test_without_channels_there_is_nothing_to_test(repo: Repo) -> None:
    repo.commit({"promptops.toml": "[alerts]\n"})
    assert masked(refuse(repo, "alerts", "test", code=2)) == snapshot("""\
error: no alerts are configured: the table [alerts] is missing
 hint: write [alerts.slack] with url_variable = "NAME_OF_A_VARIABLE"\
""")
    refuse(repo, "alerts", "test", "--channel", "slack", code=2)
