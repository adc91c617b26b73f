"""`promptops history`: who put what live, when and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept, refuse, run
from tests.conftest import SECONDS
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo

ENV = ("--env", "staging")


@pytest.fixture
def deployed(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """One deployment a day from 2026-01-01: `a`, then `b` by somebody else, then no `a`."""
    repo.commit({"prompts/a.md": prompt_text(), "prompts/b.md": prompt_text()})
    accept(repo, "release", "--all")
    for day, (author, *words) in enumerate(
        [
            ("Jane Doe", "promote", "a", "--to", "staging", "--reason", "first"),
            ("John Roe", "promote", "b", "--to", "staging"),
            ("Jane Doe", "retire", "a", *ENV, "--reason", "not needed"),
        ]
    ):
        monkeypatch.setenv("GIT_AUTHOR_NAME", author)
        monkeypatch.setenv("GIT_AUTHOR_DATE", f"{SECONDS + day * 86400} +0000")
        accept(repo, *words)
    return repo


def test_newest_first_with_who_when_and_why(deployed: Repo) -> None:
    assert accept(deployed, "history", *ENV) == (
        "   3  2026-01-03T00:00:00Z  retire  by Jane Doe\n"
        "      a 1.0.0 -> (not deployed)\n"
        "      not needed\n"
        "   2  2026-01-02T00:00:00Z  promote  by John Roe\n"
        "      b (not deployed) -> 1.0.0\n"
        "   1  2026-01-01T00:00:00Z  promote  by Jane Doe\n"
        "      a (not deployed) -> 1.0.0\n"
        "      first\n"
    )


def test_of_one_prompt_and_only_the_newest(deployed: Repo) -> None:
    document = json.loads(accept(deployed, "history", "a", *ENV, "--format", "json"))
    assert document["schema"] == "promptops.history/v1"
    assert [row["number"] for row in document["deployments"]] == [3, 1]
    for limit, count in (("1", 1), ("9" * 30, 2)):
        out = accept(deployed, "history", "a", *ENV, "-n", limit, "--format", "json")
        assert len(json.loads(out)["deployments"]) == count


def test_what_was_live_at_a_time(deployed: Repo) -> None:
    out = accept(deployed, "history", *ENV, "--at", "2026-01-02T12:00Z")
    assert [line.split()[:4] for line in out.splitlines()[1:]] == [
        ["a", "1.0.0", "deployment", "1"],
        ["b", "1.0.0", "deployment", "2"],
    ]
    words = ("history", "b", *ENV, "--at", "2026-06-01", "--format", "json")
    document = json.loads(accept(deployed, *words))
    assert document["deployment"]["number"] == 3
    assert [row["prompt"] for row in document["live"]] == ["b"]


def test_a_prompt_that_was_never_live(deployed: Repo) -> None:
    assert "c was never live in staging" in run(deployed, "history", "c", *ENV).stderr


def test_what_cannot_be_shown_is_said(deployed: Repo) -> None:
    for words, told in (
        ((), "production has no deployments"),
        (("--env", "nowhere"), "there is no environment 'nowhere'"),
        ((*ENV, "--at", "yesterday"), "'yesterday' is not a time"),
        ((*ENV, "--at", "1999-01-01"), "staging had no deployment at 1999-01-01T00:00:00Z"),
        ((*ENV, "--at", "0001-01-01"), "'0001-01-01' is not a time"),
        (("../a", *ENV), "is not a prompt name"),
    ):
        assert told in refuse(deployed, "history", *words, code=2)


def test_a_clone_that_never_fetched_is_told_the_command(deployed: Repo) -> None:
    remote = deployed.publish(deployed.path.parent / "remote.git")
    clone = remote.clone(deployed.path.parent / "single", "--single-branch")
    told = refuse(clone, "history", *ENV, code=2)
    command = told[told.index("git fetch") : told.index(" gets")].replace("'", "")
    clone.git(*command.split()[1:])
    assert accept(clone, "history", *ENV) == accept(deployed, "history", *ENV)
