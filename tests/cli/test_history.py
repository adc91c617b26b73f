"""`promptops history`: who put what live, when and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.conftest import SECONDS
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

ENV = ("--env", "staging")

if TYPE_CHECKING:
    from pathlib import Path


def build_deployed(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({"prompts/a.md": prompt_text(), "prompts/b.md": prompt_text()})
    accept(repo, "release", "--all")
    for day, (author, *words) in enumerate(
        [
            ("Jane Doe", "promote", "a", "--to", "staging", "--reason", "first"),
            ("John Roe", "promote", "b", "--to", "staging"),
            ("Jane Doe", "retire", "a", *ENV, "--reason", "not needed"),
        ]
    ):
        deploy_as(author, day, repo, *words)


def deploy_as(author: str, day: int, repo: Repo, *words: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_AUTHOR_NAME", author)
        patch.setenv("GIT_AUTHOR_DATE", f"{SECONDS + day * 86400} +0000")
        accept(repo, *words)


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """One deployment a day from 2026-01-01: `a`, then `b` by somebody else, then no `a`."""
    copy_template(build_deployed, tmp_path / "repo", tmp_path.parent)
    monkeypatch.setenv("GIT_AUTHOR_DATE", f"{SECONDS + 2 * 86400} +0000")
    return Repo(tmp_path / "repo")


@pytest.mark.slow
def test_newest_first_with_who_when_and_why(deployed: Repo) -> None:
    assert accept(deployed, "history", *ENV) == snapshot(
        "2026-01-03 00:00 +0000  staging 3  retire  by Jane Doe\n"
        "    a 1.0.0 -> (not deployed)\n"
        "    not needed\n"
        "2026-01-02 00:00 +0000  staging 2  promote  by John Roe\n"
        "    b (not deployed) -> 1.0.0\n"
        "2026-01-01 00:00 +0000  staging 1  promote  by Jane Doe\n"
        "    a (not deployed) -> 1.0.0\n"
        "    first\n"
    )


@pytest.mark.slow
def test_of_one_prompt_and_only_the_newest(deployed: Repo) -> None:
    document = json.loads(accept(deployed, "history", "a", *ENV, "--format", "json"))
    assert document["schema"] == "promptops.history/v2"
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


@pytest.mark.slow
def test_a_prompt_that_was_never_live(deployed: Repo) -> None:
    told = refuse(deployed, "history", "c", *ENV, code=2)
    assert told == snapshot("""\
error: there is no prompt c here, and none was ever deployed
 hint: run promptops list to see the prompts\
""")
    deployed.commit({"prompts/c.md": prompt_text()})
    assert run(deployed, "history", "c", *ENV).stderr == snapshot("c was never live in staging\n")
    assert run(deployed, "history", "c").stderr == snapshot("c was never live anywhere\n")


@pytest.mark.slow
def test_what_cannot_be_shown_is_said(deployed: Repo) -> None:
    for words, told in (
        (("--env", "production"), "production has no deployments"),
        (("--env", "nowhere"), "there is no environment 'nowhere'"),
        ((*ENV, "--at", "yesterday"), "'yesterday' is not a time"),
        ((*ENV, "--at", "1999-01-01"), "staging had no deployment at 1999-01-01 00:00 +0000"),
        ((*ENV, "--at", "0001-01-01"), "'0001-01-01' is not a time"),
        (("../a", *ENV), "is not a prompt name"),
    ):
        assert told in refuse(deployed, "history", *words, code=2)


@pytest.mark.slow
def test_a_clone_that_never_fetched_is_told_the_command(deployed: Repo) -> None:
    remote = deployed.publish(deployed.path.parent / "remote.git")
    clone = remote.clone(deployed.path.parent / "single", "--single-branch")
    told = refuse(clone, "history", *ENV, "--offline", code=2).partition("\n")[2]
    command = told[told.index("git fetch") : told.index(" gets")].replace("'", "")
    clone.git(*command.split()[1:])
    assert accept(clone, "history", *ENV) == accept(deployed, "history", *ENV)


@pytest.mark.slow
def test_nobody_is_told_to_fetch_what_was_just_fetched(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    repo.publish(repo.path.parent / "bare.git")
    assert refuse(repo, "history", code=2) == snapshot("""\
error: nothing was ever deployed
 hint: create the first with promptops promote NAME --to staging\
""")
    assert run(repo, "list", "--live").stderr == snapshot("""\
nothing is live
hint: create the first with promptops promote NAME --to staging
""")


@pytest.mark.slow
def test_all_environments_are_one_list(deployed: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_DATE", f"{SECONDS + 90000} +0000")
    accept(deployed, "promote", "b", "--to", "production")
    rows = json.loads(accept(deployed, "history", "--format", "json"))["deployments"]
    assert [(row["environment"], row["number"]) for row in rows] == [
        ("staging", 3),
        ("production", 1),
        ("staging", 2),
        ("staging", 1),
    ]
    assert rows[1]["changes"] == [{"prompt": "b", "from": None, "to": "1.0.0"}]
    assert accept(deployed, "history", "-n", "1") == snapshot("""\
2026-01-03 00:00 +0000  staging 3  retire  by Jane Doe
    a 1.0.0 -> (not deployed)
    not needed
""")
    out = accept(deployed, "history", "--since", "2026-01-02T12:00Z")
    assert [line for line in out.splitlines() if line[0].isdigit()] == [
        "2026-01-03 00:00 +0000  staging 3  retire  by Jane Doe"
    ]
    assert run(deployed, "history", "--since", "1 hour ago").stderr == snapshot(
        "nothing was deployed since 1 hour ago\n"
    )


@pytest.mark.slow
def test_the_text_that_changed(deployed: Repo) -> None:
    deployed.commit({"prompts/b.md": prompt_text("1.1.0", "New words: {{ question }}")})
    accept(deployed, "release", "b")
    accept(deployed, "promote", "b@1.1.0", "--to", "staging")
    out = accept(deployed, "history", "b", *ENV, "-n", "1", "--patch")
    assert masked(out.splitlines()) == snapshot(
        [
            "2026-01-03 00:00 +0000  staging 4  promote  by Jane Doe",
            "    b 1.0.0 -> 1.1.0",
            "    behaviour  message 1 (user): the model reads another text",
            "",
            "    message 1 (user) changed",
            "    @@ line 1 @@",
            "    - Answer {{ question }}",
            "    + New words: {{ question }}",
        ]
    )


@pytest.mark.story
def test_the_remote_is_asked_and_its_silence_is_said(
    deployed: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = deployed.publish(deployed.path.parent / "remote.git")
    clone = remote.clone(deployed.path.parent / "clone")
    accept(deployed, "promote", "b", "--to", "production")
    looked = run(clone, "list", "--live")
    assert (looked.stdout.splitlines()[1].split(), looked.stderr) == (["b", "1.0.0", "1.0.0"], "")
    assert accept(clone, "history", "--env", "production").count("production 1") == 1
    accept(deployed, "rollback", "--env", "staging", "--to-deployment", "2")
    said = run(clone, "history", *ENV, "--offline")
    assert "staging 4" not in said.stdout
    assert said.stderr == snapshot("as of less than 2 minutes ago; origin was not asked\n")
    assert accept(clone, "history", *ENV) == snapshot("""\
2026-01-03 00:00 +0000  staging 4  restore  by Jane Doe
    a (not deployed) -> 1.0.0
2026-01-03 00:00 +0000  staging 3  retire  by Jane Doe
    a 1.0.0 -> (not deployed)
    not needed
2026-01-02 00:00 +0000  staging 2  promote  by John Roe
    b (not deployed) -> 1.0.0
2026-01-01 00:00 +0000  staging 1  promote  by Jane Doe
    a (not deployed) -> 1.0.0
    first
""")
    remote.path.rename(remote.path.with_name("away.git"))
    said = run(clone, "list", "--live")
    assert said.exit_code == 0
    assert said.stderr == snapshot("as of less than 2 minutes ago; origin did not answer\n")
    monkeypatch.setenv("PROMPTOPS_REFRESH_SECONDS", "soon")
    assert masked(refuse(deployed, "history", code=2)) == snapshot("""\
error: PROMPTOPS_REFRESH_SECONDS is not a number: soon
 hint: give seconds, such as 5\
""")
