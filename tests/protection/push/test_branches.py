"""Guarded branches that are pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.gate.approvals.statement import ChangeStatement
from promptops.gate.rules import ApprovalEntry
from tests.prompts import prompt_text
from tests.protection.push.server import GUARDED, NAME, Server
from tests.protection.push.signing import make_key, public, seal
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.story
def test_the_first_push_needs_nobody(tmp_path: Path) -> None:
    server = Server.open(tmp_path)
    for ref in server.remote.refs():
        server.remote.git("update-ref", "-d", ref)
    server.take_push("main", "refs/tags/prompts/*")


@pytest.mark.slow
def test_a_guarded_branch_only_moves_on(server: Server) -> None:
    server.clone.commit({"README.md": "x"})
    server.take("main")
    server.clone.git("reset", "--quiet", "--hard", "HEAD~1")
    server.refuse("main", why="would be lost")
    server.clone.commit({"README.md": "y"})
    server.refuse("main", why="would be lost")
    server.remote.config("receive.denyDeleteCurrent", "ignore")
    server.refuse(":main", why="a guarded branch is never deleted")


@pytest.mark.slow
def test_another_guarded_branch_begins_on_the_protected_one(server: Server) -> None:
    server.take("HEAD~1:refs/heads/stable")
    server.refuse(":refs/heads/stable", why="a guarded branch is never deleted")
    server.remote.git("update-ref", "-d", "refs/heads/stable")
    server.clone.git("switch", "--quiet", "-c", "evil")
    evil = server.clone.commit({f"prompts/{NAME}.md": prompt_text("9.0.0")})
    server.refuse(f"{evil}:refs/heads/stable", why="a new guarded branch begins on main")


@pytest.mark.slow
def test_branches_that_are_not_guarded_are_free(server: Server) -> None:
    server.take("main:refs/heads/topic")
    server.take("HEAD~1:refs/heads/topic")
    server.take(":refs/heads/topic")


@pytest.mark.slow
def test_a_change_that_the_gate_lets_through_is_taken(server: Server) -> None:
    server.clone.commit({f"prompts/{NAME}.md": prompt_text("1.3.0", "Answer {{ question }} well")})
    server.take("main")
    server.clone.commit({"src/app.py": "print()\n"})
    server.take("main")


@pytest.mark.story
def test_a_change_that_may_not_merge_is_refused_with_every_reason(server: Server) -> None:
    files = {
        f"prompts/{NAME}.md": prompt_text("1.2.0", "Answer {{ question }} otherwise"),
        "prompts/broken.md": "---\nversion: one\n---\n{{ nothing",
    }
    server.clone.commit(files)
    said = server.refuse_push("main", why=f"main: prompts/{NAME}.md")
    assert masked(said) == snapshot("""\
To file://<folder>/remote.git
!	refs/heads/main:refs/heads/main	[remote rejected] (pre-receive hook declined)
Done
remote: error: main: prompts/broken.md:1:1: 'author' is missing        \n\
remote:  hint: add a line 'author: you@example.com'        \n\
remote: error: main: prompts/broken.md:1:1: 'description' is missing        \n\
remote:  hint: add a line 'description: what the prompt is for'        \n\
remote: error: main: prompts/broken.md:1:1: 'model' is missing        \n\
remote:  hint: add a line 'model: openai/gpt-4o-mini'        \n\
remote: error: main: prompts/broken.md:2:10: 'one' is not a version        \n\
remote:  hint: a version is three numbers and an optional pre-release, such as 1.4.0 or 2.0.0-rc.1        \n\
remote: error: main: prompts/broken.md:4:4: the text ends inside a tag        \n\
remote:  hint: close it with `%}` or `}}`; to write `{{`, `{%` or `{#` as text, put it between `{% raw %}` and `{% endraw %}`        \n\
remote: error: main: prompts/support/triage.md:2:10: support/triage 1.2.0 is already released with other content        \n\
remote:  hint: write `version: 1.3.0` in line 2; or promptops bump support/triage        \n\
error: failed to push some refs to 'file://<folder>/remote.git'
""")
    assert said.count("remote: error: ") == said.count("remote:  hint: ") > 2


@pytest.mark.story
def test_what_the_rules_ask_for_is_asked_of_the_old_tip(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(tmp_path / "bob")
    files = {
        "CODEOWNERS": "* bob@example.com\n",
        "promptops.toml": f"{GUARDED}approvals = 'signed'\nrepository = 'acme'\n",
        ".promptops/allowed_signers": f"bob@example.com {public(key)}\n",
        ".promptops/groups.toml": "[people]\nbob = ['@bob', 'bob@example.com']\njane = ['@jane']\n",
    }
    server.clone.commit(files)
    server.take("main")
    base = server.clone.rev("main")
    # The change takes the rule away, and is judged by it all the same.
    server.clone.commit({"promptops.toml": GUARDED})
    server.refuse("main", why="main: promptops.toml: ")
    entry = server.clone.git("ls-tree", "main", "promptops.toml").split()
    statement = ChangeStatement(
        repository="acme",
        branch="main",
        base=base,
        tree=server.clone.rev("main^{tree}"),
        contents={"promptops.toml": ApprovalEntry(entry[0], entry[2])},
        approver="bob@example.com",
        time="2026-01-31T12:00:00Z",
    )
    server.take(seal(server, key, statement))
    # Where the server knows who pushes, that is who cannot approve, no matter who made the commits.
    server.remote.config("promptops.deployerVariable", "GL_USERNAME")
    monkeypatch.setenv("GL_USERNAME", "bob")
    server.refuse("main", why="main: promptops.toml: ")
    monkeypatch.setenv("GL_USERNAME", "b.stone")
    server.refuse("main", why="@b.stone's own approvals cannot be identified")
    monkeypatch.setenv("GL_USERNAME", "jane")
    server.take("main")


@pytest.mark.slow
@pytest.mark.parametrize("source", ["github", "gitlab", "file"])
def test_approvals_that_a_hook_cannot_ask_for_let_nothing_pass(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = f"[gate]\napprovals = '{source}'\n"
    server = Server.open(tmp_path, files={"promptops.toml": settings, "CODEOWNERS": "* @jane\n"})
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    server.clone.commit({f"prompts/{NAME}.md": prompt_text("1.3.0", "Answer {{ question }} well")})
    server.refuse("main", why="error: main: ")
