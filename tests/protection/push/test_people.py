"""Who may deploy: by a signature that counts, or by the word of the server; by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.protection.push.server import NAME, Server
from tests.protection.push.signing import (
    DEPLOYERS,
    GROUPS,
    SIGNERS,
    approve,
    list_signers,
    open_deploying,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path, keys: Path) -> Server:
    """Give a server where jane and a team may deploy to staging."""
    return open_deploying(tmp_path, keys)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["jane", "bob"])
def test_a_deployer_signs_whoever_commits(server: Server, keys: Path, who: str) -> None:
    draft = server.promotion("1.0.0")
    draft.key, draft.author = keys / who, "somebody@example.com"
    server.deploy(draft)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "author", "why"),
    [
        (None, "jane@example.com", "the deployment is not signed"),
        ("eve", "jane@example.com", "eve@example.com may not deploy to staging"),
        ("stranger", "jane@example.com", "is not signed by an allowed signer"),
    ],
)
def test_nobody_else_deploys_under_whatever_name(
    server: Server, keys: Path, who: str | None, author: str, why: str
) -> None:
    draft = server.promotion("1.0.0")
    draft.key, draft.author = keys / who if who else None, author
    server.refuse_deployment(draft, why)


@pytest.mark.slow
@pytest.mark.parametrize("options", ['namespaces="file" ', 'valid-before="20200101" '])
def test_a_key_for_something_else_or_of_another_time_does_not_count(
    server: Server, keys: Path, options: str
) -> None:
    server.clone.commit({SIGNERS: list_signers(keys, "jane", options=options)})
    server.remote.git("fetch", "--quiet", server.clone.url, "+main:main")
    draft = server.promotion("1.0.0")
    draft.key = keys / "jane"
    server.refuse_deployment(draft, "is not signed by an allowed signer")


@pytest.mark.slow
def test_a_signature_is_of_one_deployment(server: Server, keys: Path) -> None:
    draft = server.promotion("1.0.0")
    draft.key = keys / "jane"
    signed = server.clone.git("cat-file", "commit", draft.write())
    forged = signed.replace("author Jane Doe", "author Jane Roe")
    oid = server.clone.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=forged + "\n")
    server.refuse(f"{oid}:refs/heads/promptops/staging", why="is not signed by an allowed signer")


@pytest.mark.slow
def test_every_deployment_of_a_push_has_its_own_deployer(server: Server, keys: Path) -> None:
    first = server.promotion("1.0.0").write()
    second = server.promotion("1.1.0", tip=first)
    second.key = keys / "jane"
    commit = second.write()
    server.refuse(f"{commit}:refs/heads/promptops/staging", why="the deployment is not signed")


@pytest.mark.slow
def test_pausing_is_deploying(server: Server, keys: Path) -> None:
    draft = server.promotion("1.0.0")
    draft.key = keys / "jane"
    server.deploy(draft)
    pause = server.draft()
    pause.action = "pause"
    pause.lock[NAME]["paused"] = {"reason": "x"}
    pause.changes.append((NAME, "1.0.0", "1.0.0 (paused)", None))
    pause.more.append(("Reason", "x"))
    server.refuse_deployment(pause, "the deployment is not signed")


@pytest.mark.slow
def test_only_the_protected_branch_says_whose_keys_count(server: Server, keys: Path) -> None:
    server.clone.commit({SIGNERS: list_signers(keys, "jane", "stranger")})
    settings = "[environments.staging]\ndeployers = ['stranger@example.com']\n"
    server.clone.commit({"promptops.toml": settings})
    draft = server.promotion("1.0.0")
    draft.key = keys / "stranger"
    branch = f"{draft.write()}:refs/heads/promptops/staging"
    server.refuse(branch, "main", why="is not signed by an allowed signer")


@pytest.mark.slow
def test_without_a_list_of_keys_nobody_can_tell(tmp_path: Path, keys: Path) -> None:
    server = Server.open(tmp_path, files={"promptops.toml": DEPLOYERS})
    draft = server.promotion("1.0.0")
    draft.key = keys / "jane"
    server.refuse_deployment(draft, f"there is no {SIGNERS} on main to verify signatures")


@pytest.mark.story
def test_a_team_that_nobody_knows_is_said_to_be_unknown(tmp_path: Path, keys: Path) -> None:
    files = {"promptops.toml": DEPLOYERS, SIGNERS: list_signers(keys, "jane", "bob")}
    server = Server.open(tmp_path, files=files)
    draft = server.promotion("1.0.0")
    draft.key = keys / "bob"
    server.refuse_deployment(draft, "the members of @acme/release, which may deploy to staging")
    draft.key = keys / "jane"
    server.deploy(draft)


@pytest.fixture
def approving(tmp_path: Path, keys: Path) -> Server:
    """Give a server where a release needs one more person's approval for staging."""
    files = {
        "promptops.toml": "[environments.staging]\napprovals = 1\n[gate]\nrepository = 'acme'\n",
        ".promptops/groups.toml": GROUPS,
        SIGNERS: list_signers(keys, "jane", "bob", "eve"),
    }
    return Server.open(tmp_path, files=files)


@pytest.mark.story
def test_a_release_needs_the_approval_of_another_person(approving: Server, keys: Path) -> None:
    server = approving
    draft = server.promotion("1.0.0")
    digest = draft.lock[NAME]["live"][0]["digest"]
    draft.key = keys / "jane"
    why = "needs one approval for staging beside the deployer's, and has none"
    server.refuse_deployment(draft, why)
    server.take(approve(server, keys / "jane", digest, "jane@example.com"))
    server.refuse_deployment(draft, why)
    server.take(approve(server, keys / "bob", digest, "bob@example.com", "1.1.0"))
    server.refuse_deployment(draft, why)
    server.take(approve(server, keys / "bob", digest, "bob@example.com"))
    server.deploy(draft)


@pytest.mark.story
def test_nobody_approves_their_own_deployment_under_a_second_name(
    approving: Server, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = approving
    server.remote.config("promptops.deployerVariable", "GL_USERNAME")
    draft = server.promotion("1.0.0")
    digest = draft.lock[NAME]["live"][0]["digest"]
    server.take(approve(server, keys / "jane", digest, "jane@example.com"))
    monkeypatch.setenv("GL_USERNAME", "jane")
    server.refuse_deployment(draft, "and has none")
    monkeypatch.setenv("GL_USERNAME", "j.doe")
    server.refuse_deployment(draft, "@j.doe's own approvals cannot be identified")
    monkeypatch.setenv("GL_USERNAME", "bob")
    server.deploy(draft)


@pytest.mark.slow
def test_an_unsigned_deployment_has_nobody_to_be_told_from(approving: Server, keys: Path) -> None:
    draft = approving.promotion("1.0.0")
    digest = draft.lock[NAME]["live"][0]["digest"]
    approving.take(approve(approving, keys / "bob", digest, "bob@example.com"))
    approving.refuse_deployment(draft, "the deployment is not signed")
