"""Who signed that a release may go live, and what else lies where such statements lie."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.delivery.releases import require_release
from promptops.errors import IntegrityError, RemoteError
from promptops.gate.approvals.signed import Keys, read_deployment_approvers, read_signed
from promptops.gate.approvals.statement import NAMESPACE, DeploymentStatement, write_statement
from promptops.gate.approvals.store import change_folder, deployment_folder, keep_statement
from promptops.git.signing.ssh import sign
from promptops.prompt.version import Version
from tests.gate.approvals.world import SIGNERS, TIME, Signing
from tests.gate.world import TONE, TRIAGE
from tests.keys import allow, ssh_key
from tests.released import Press
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.delivery.release import Release

JANE, KIM = "jane@example.com", "kim@example.com"


@pytest.fixture
def signing(tmp_path: Path) -> Signing:
    signing = Signing.make(tmp_path / "repo")
    signing.world.repo.git("checkout", "--quiet", "main")
    Press(signing.world.repo).release("a", "1.0.0")
    return signing


def release(signing: Signing) -> Release:
    return require_release(signing.repository, "a", Version(1, 0, 0))


def put(signing: Signing, approver: str = JANE, key: str = "jane", **values: Any) -> None:
    """Put a signed approval of the release, but for `values`, where those about it lie."""
    one = release(signing)
    statement = DeploymentStatement(
        signing.name, "production", "a", "1.0.0", one.digest, approver, TIME
    )
    payload = write_statement(replace(statement, **values))
    folder = deployment_folder(signing.name, "production", "a")
    armour = sign(payload, ssh_key(key), NAMESPACE)
    keep_statement(signing.repository, folder, payload, armour, local=True)


def read(signing: Signing, **options: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    policy = signing.policy()
    arguments = (policy.config, policy.commit, "production", release(signing))
    return read_deployment_approvers(signing.repository, *arguments, **{"fetch": False, **options})


def test_each_person_who_signed_is_named_once(signing: Signing) -> None:
    assert read(signing) == ((), ())
    put(signing)
    put(signing, time="2026-02-01T00:00:00Z")
    put(signing, KIM, "kim")
    approvers, notes = read(signing)
    assert (sorted(approvers), notes) == ([JANE, KIM], ())


@pytest.mark.parametrize(
    "values",
    [
        {"repository": "somewhere/else"},
        {"environment": "staging"},
        {"prompt": "b"},
        {"version": "1.0.1"},
        {"digest": "sha256:" + "0" * 64},
    ],
)
def test_a_statement_about_something_else_says_nothing(
    signing: Signing, values: dict[str, str]
) -> None:
    put(signing, **values)
    assert read(signing) == ((), ())


def test_a_false_statement_is_noted(signing: Signing) -> None:
    put(signing, JANE, "kim")
    approvers, (note,) = read(signing)
    assert approvers == ()
    assert masked(note) == snapshot(
        "approval by 'jane@example.com' does not count: its key is not among the allowed signers (refs/promptops/approvals/deployment/<id>/<id>)"
    )
    put(signing, KIM, "kim")
    assert read(signing)[0] == (KIM,)


def test_without_keys_nobody_signed(signing: Signing) -> None:
    put(signing)
    signing.world.repo.git("rm", "--quiet", SIGNERS)
    signing.world.repo.commit()
    assert read(signing) == ((), (f"there is no {SIGNERS}, so no signature counts",))


def test_statements_are_fetched_unless_told_otherwise(signing: Signing, tmp_path: Path) -> None:
    put(signing)
    remote = signing.world.repo.publish(tmp_path / "remote.git")
    refs = "refs/promptops/approvals/*:refs/promptops/approvals/*"
    signing.world.repo.git("push", "--quiet", "origin", refs)
    for ref in signing.world.repo.refs("refs/promptops/"):
        signing.world.repo.git("update-ref", "-d", ref)
    assert read(signing) == ((), ())
    policy = signing.policy()
    arguments = (policy.config, policy.commit, "production", release(signing))
    found = read_deployment_approvers(signing.repository, *arguments)
    assert found == ((JANE,), ())
    shutil.rmtree(remote.path)
    with pytest.raises(RemoteError):
        read_deployment_approvers(signing.repository, *arguments)
    with pytest.raises(RemoteError):
        read_signed(signing.repository, policy, signing.change())


# What else can lie among approvals of a change.


def test_an_approval_of_a_deployment_is_none_of_a_change(signing: Signing) -> None:
    statement = DeploymentStatement(
        signing.name, "main", "a", "1.0.0", release(signing).digest, JANE, TIME
    )
    payload = write_statement(statement)
    armour = sign(payload, ssh_key("jane"), NAMESPACE)
    folder = change_folder(signing.name, "main")
    keep_statement(signing.repository, folder, payload, armour, local=True)
    assert signing.read().found == ()
    signing.put(signing.statement())
    assert signing.counting() == [JANE]


def test_whoever_approved_all_of_it_need_not_be_asked_about_its_parts(signing: Signing) -> None:
    signing.world.propose({TONE: "Be rude.\n"})
    whole = signing.statement()
    for number in range(10, 20):
        time = f"2026-01-{number}T00:00:00Z"
        for path in (TONE, TRIAGE):
            signing.put(replace(whole, contents={path: whole.contents[path]}, time=time))
    signing.put(whole)
    (found,) = signing.read().found
    assert found.contents == whole.contents


def test_who_is_trusted_nowhere_is_not_said_to_be_by_the_change(signing: Signing) -> None:
    signing.world.propose({SIGNERS: allow("jane", "kim", "mallory")})
    signing.put(signing.statement("max@example.com"), "max")
    found = signing.read()
    assert found.found == ()
    assert "only by the change itself" not in str(found.notes)


def test_false_statements_are_borne_up_to_a_number(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.gate.approvals.signed._MAX_FAILURES", 2)
    for number in (1, 2):
        signing.put(signing.statement(time=f"2026-01-0{number}T00:00:00Z"), "kim")
    assert len(signing.read().notes) == 2
    signing.put(signing.statement(time="2026-01-03T00:00:00Z"), "kim")
    with pytest.raises(IntegrityError, match="more than 2 statements of approval"):
        signing.read()


def test_keys_of_either_kind_are_keys(tmp_path: Path) -> None:
    assert Keys(None, None).is_empty
    assert not Keys(b"", None).is_empty
    assert not Keys(None, b"").is_empty
    signing = Signing.make(tmp_path / "repo", {".promptops/allowed_keys.asc": "x\n"})
    signing.world.repo.git("checkout", "--quiet", "main")
    signing.world.repo.git("rm", "--quiet", SIGNERS)
    signing.world.repo.commit()
    signing.put(signing.statement())
    found = signing.read()
    assert (found.found, len(found.notes)) == ((), 1)
