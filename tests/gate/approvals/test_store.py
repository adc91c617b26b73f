"""Statements in refs: named after what they hold, and not believed for being there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import IntegrityError, RemoteError
from promptops.gate.approvals.statement import (
    ChangeStatement,
    DeploymentStatement,
    write_statement,
)
from promptops.gate.approvals.store import (
    change_folder,
    deployment_folder,
    fetch_statements,
    folder_of,
    keep_statement,
    read_statements,
    summarize,
    unseal,
)
from promptops.repository.repository import open_repository
from tests.gate.approvals.world import TIME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


FOLDER = change_folder("acme/prompts", "main")
PLACE = f"refs/promptops/approvals/{FOLDER.name}"
SIGNATURE = b"-----BEGIN SSH SIGNATURE-----\nnobody looks yet\n"


def statement(approver: str = "jane@example.com") -> ChangeStatement:
    return ChangeStatement("acme/prompts", "main", "a" * 40, "b" * 40, {"p": None}, approver, TIME)


def keep(repo: Repo, *, local: bool = True, approver: str = "jane@example.com") -> str:
    payload = write_statement(statement(approver))
    repository = open_repository(repo.path)
    return keep_statement(repository, FOLDER, payload, SIGNATURE, local=local)


def read(repo: Repo) -> tuple[list[str], list[str]]:
    """The refs of statements, and the notes."""
    found, notes = read_statements(open_repository(repo.path), FOLDER)
    return [one.ref for one in found], notes


def test_each_subject_has_a_folder_of_its_own() -> None:
    deployment = DeploymentStatement("acme/prompts", "prod", "a", "1.0.0", "d", "j", TIME)
    assert folder_of(statement()) == FOLDER
    assert folder_of(deployment) == deployment_folder("acme/prompts", "prod", "a")
    assert FOLDER.subject == "main"
    assert deployment_folder("acme/prompts", "prod", "a").subject == "a in prod"
    folders = [
        change_folder("acme/prompts", "main"),
        change_folder("acme", "prompts/main"),
        change_folder("acme/prompts", "prod/a"),
        deployment_folder("acme/prompts", "prod", "a"),
        deployment_folder("acme/prompts", "a", "prod"),
    ]
    assert len({one.name for one in folders}) == len(folders)


def test_what_is_kept_is_read_again_once(repo: Repo) -> None:
    ref = keep(repo)
    assert keep(repo) == ref
    (found,), notes = read_statements(open_repository(repo.path), FOLDER)
    assert (found.ref, found.statement, notes) == (ref, statement(), [])
    assert (found.payload, found.signature) == (write_statement(statement()), SIGNATURE)
    assert unseal(ref, found.payload + SIGNATURE) == found


@pytest.mark.slow
def test_what_else_lies_there_is_noted(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = keep(repo)
    moved, tree = f"{PLACE}/{'0' * 40}", repo.git("write-tree")
    word, much = (
        repo.git("hash-object", "-w", "--stdin", stdin=text) for text in ("hello\n", "x" * 2_000)
    )
    repo.git("update-ref", moved, ref)
    for oid in (tree, word, much):
        repo.git("update-ref", f"{PLACE}/{oid}", oid)
    monkeypatch.setattr("promptops.gate.approvals.store._MAX_BLOB", 1_000)

    found, notes = read(repo)

    assert found == [ref]
    assert sorted(notes) == sorted(
        [
            f"{moved} was moved and does not count",
            f"{PLACE}/{tree} contains a tree, which is not a statement",
            f"{PLACE}/{much} contains 2,000 bytes, which is not a statement",
            *[one for one in notes if one.startswith(f"{PLACE}/{word}: ")],
        ]
    )
    monkeypatch.setattr("promptops.gate.approvals.store._MAX_TOTAL", 100)
    with pytest.raises(IntegrityError, match="there are 2 statements of approval for main"):
        read(repo)


@pytest.mark.slow
def test_the_remote_s_statements_come_and_go(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "b"})
    remote = repo.publish(tmp_path / "remote.git")
    ref = keep(repo, local=False)
    tracked = ref.replace("refs/promptops/", "refs/promptops/remotes/origin/")
    assert (list(remote.refs("refs/promptops/")), list(repo.refs("refs/promptops/"))) == (
        [ref],
        [tracked],
    )
    assert read(repo) == ([ref], [])
    remote.git("update-ref", "-d", ref)
    other = keep(remote, approver="kim@example.com")
    fetch_statements(open_repository(repo.path), FOLDER)
    assert read(repo) == ([other], [])


@pytest.mark.slow
def test_what_the_remote_refuses_is_kept_nowhere(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"a": "b"})
    remote = repo.publish(tmp_path / "remote.git")
    remote.hook("update", "exit 1")
    with pytest.raises(RemoteError, match="origin rejected the approval"):
        keep(repo, local=False)
    assert repo.refs("refs/promptops/") == remote.refs("refs/promptops/") == {}


def test_a_few_notes_are_shown_and_the_others_counted() -> None:
    notes = [str(number) for number in range(1_005)]
    assert summarize(notes[:5]) == ("0", "1", "2", "3", "4")
    assert summarize(notes) == ("0", "1", "2", "3", "4", "1,000 more statements do not count")
