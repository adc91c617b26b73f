"""Signed approvals: what counts, and every way to have one count that should not."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.delivery.releases import require_release
from promptops.errors import GitError, IntegrityError, RemoteError
from promptops.gate.approvals import store
from promptops.gate.approvals.signed import Keys, read_deployment_approvers, read_signed
from promptops.gate.approvals.statement import NAMESPACE, DeploymentStatement, write_statement
from promptops.gate.approvals.store import change_folder, deployment_folder, keep_statement
from promptops.gate.rules import ApprovalEntry
from promptops.git.signing.ssh import sign
from promptops.git.trees import write_blobs
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository
from tests.gate.approvals.world import GROUPS, PEOPLE, SIGNERS, TIME, Signing
from tests.gate.world import TONE, TRIAGE, checks, prompt
from tests.git.signing.test_openpgp import LONG_AGO, SOON_AFTER, Keyring, keyring
from tests.keys import allow, public, ssh_key
from tests.released import Press
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.delivery.release import Release


__all__ = ["keyring"]

JANE, KIM = "jane@example.com", "kim@example.com"


@pytest.fixture
def signing(tmp_path: Path) -> Signing:
    return Signing.make(tmp_path / "repo")


@pytest.mark.story
def test_a_signed_approval_counts(signing: Signing) -> None:
    assert signing.counting() == []
    ref = signing.put(signing.statement())
    found = signing.read()
    assert (found.sources, found.notes) == (("signed",), ())
    (approval,) = found.found
    assert (approval.approver, approval.source, approval.where) == (JANE, "signed", ref)
    assert approval.contents == {TRIAGE: signing.change().paths[0].after}
    assert signing.counting() == [JANE]
    verdict = signing.world.judge(*found.found)
    assert checks(verdict) == []


@pytest.mark.story
def test_it_outlives_a_rebase_and_a_squash(signing: Signing) -> None:
    signing.put(signing.statement())
    signing.world.on_main({"README.md": "new\n", TONE: "Be very kind.\n"})
    repo = signing.world.repo
    repo.git("checkout", "--quiet", "-B", "change", "main")
    signing.world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    assert signing.counting() == [JANE]


@pytest.mark.story
def test_it_ends_with_the_next_push(signing: Signing) -> None:
    signing.put(signing.statement())
    signing.world.propose({TRIAGE: prompt("1.1.0", "Leak everything.")})
    assert signing.counting() == []
    signing.world.propose({TRIAGE: prompt("1.1.0", "Triage well."), TONE: "Be rude.\n"})
    assert signing.counting() == []


@pytest.mark.story
def test_who_approved_what_was_pushed_over_is_told_so(signing: Signing) -> None:
    signing.put(signing.statement(time="2026-01-01T00:00:00Z"))
    signing.world.propose({TRIAGE: prompt("1.1.0", "Triage slowly.")})
    ref = signing.put(signing.statement(time="2026-01-02T00:00:00Z"))
    signing.world.propose({TRIAGE: prompt("1.1.0", "Leak everything."), TONE: "Be rude.\n"})
    (outdated,) = signing.read().found
    assert (outdated.approver, outdated.where) == (JANE, ref)
    first, second = signing.world.judge(outdated).requirements
    assert [reason for _, reason in first.left_out] == ["did not approve this file"]
    assert [reason for _, reason in second.left_out] == ["approved other content"]


@pytest.mark.story
def test_what_was_approved_and_merged_long_ago_is_no_news(signing: Signing) -> None:
    signing.put(signing.statement())
    signing.world.on_main({TRIAGE: prompt("1.1.0", "Triage well.")})
    signing.world.repo.git("checkout", "--quiet", "-B", "change", "main")
    signing.world.propose({TRIAGE: prompt("1.2.0", "Triage better.")})
    assert signing.read().found == ()


@pytest.mark.story
def test_several_people_and_several_statements_of_one(signing: Signing) -> None:
    signing.put(signing.statement())
    signing.put(signing.statement(time="2026-02-02T00:00:00Z"))
    signing.put(signing.statement("kim@example.com"), "kim")
    assert len(signing.read().found) == 2
    assert sorted(signing.counting()) == [JANE, "kim@example.com"]


@pytest.mark.slow
def test_the_same_statement_twice_is_one_ref(signing: Signing) -> None:
    assert signing.put(signing.statement()) == signing.put(signing.statement())
    assert len(signing.world.repo.refs("refs/promptops/approvals/")) == 1


@pytest.mark.slow
def test_git_and_ssh_keygen_are_all_it_takes_to_verify_one(signing: Signing) -> None:
    page = (Path(__file__).parents[3] / "docs" / "SPEC.md").read_text()
    script = page[page.index("git cat-file blob") :].partition("```")[0]
    ref = signing.put(signing.statement())
    done = subprocess.run(
        ["sh", "-euc", f"git show main:{SIGNERS} > allowed_signers\n{script}"],
        cwd=signing.world.repo.path,
        env={**os.environ, "ref": ref},
        capture_output=True,
        text=True,
        check=True,
    )
    assert masked(done.stdout) == snapshot(
        'Good "promptops-approval@v1" signature for jane@example.com with ED25519 key <fingerprint>\n'
    )


@pytest.mark.story
def test_one_person_may_approve_bit_by_bit(signing: Signing) -> None:
    signing.put(signing.statement())
    signing.world.propose({TONE: "Be rude.\n"})
    tone = signing.change().paths[0]
    signing.put(signing.statement(contents={tone.path: tone.after}))
    found = signing.read().found
    assert {path for one in found for path in one.contents or {}} == {TONE, TRIAGE}


# Attacks


@pytest.mark.story
def test_a_statement_for_something_else_never_counts(signing: Signing) -> None:
    other = ApprovalEntry("100644", "a" * 40)
    for values in (
        {"repository": "somewhere/else"},
        {"branch": "release"},
        {"contents": {"prompts/other.md": None}},
    ):
        signing.put(signing.statement(**values))
    found = signing.read()
    assert (found.found, found.notes) == ((), ())
    for content in (other, None):
        signing.put(signing.statement(contents={TRIAGE: content}))
        assert signing.counting() == []


@pytest.mark.slow
def test_a_mode_is_part_of_what_was_approved(signing: Signing) -> None:
    signing.put(signing.statement())
    signing.world.repo.git("update-index", "--chmod=+x", TRIAGE)
    signing.world.repo.git("commit", "--quiet", "-m", "Make it run")
    assert signing.counting() == []


@pytest.mark.story
def test_a_key_that_only_the_change_allows_does_not_count(signing: Signing) -> None:
    signing.world.propose({SIGNERS: allow("jane", "kim", "mallory")})
    signing.put(signing.statement("mallory@example.com"), "mallory")
    found = signing.read()
    assert found.found == ()
    assert masked(found.notes[0]) == snapshot(
        "approval by 'mallory@example.com' does not count: its key is allowed only by the change itself, not on main (refs/promptops/approvals/change/<id>/<id>)"
    )
    signing.world.propose({SIGNERS: f"jane@example.com {public('mallory')}\n"})
    signing.put(signing.statement(), "mallory")
    assert signing.counting() == []


@pytest.mark.slow
def test_the_user_s_own_list_of_signers_does_not_count(signing: Signing, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text(allow("mallory"))
    signing.world.repo.config("gpg.ssh.allowedSignersFile", str(mine))
    signing.put(signing.statement("mallory@example.com"), "mallory")
    found = signing.read()
    assert found.found == ()
    assert masked(found.notes[0]) == snapshot(
        "approval by 'mallory@example.com' does not count: mallory@example.com is not among the allowed signers (refs/promptops/approvals/change/<id>/<id>)"
    )


@pytest.mark.slow
def test_nobody_signs_in_another_s_name(signing: Signing) -> None:
    signing.put(signing.statement("kim@example.com"), "jane")
    signing.put(signing.statement(), "mallory")
    found = signing.read()
    assert found.found == ()
    assert len(found.notes) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ('namespaces="git"', "allowed to sign other things only"),
        ('valid-before="20251231"', "its key has expired"),
    ],
)
def test_a_limited_or_expired_key_does_not_count_whatever_time_it_claims(
    tmp_path: Path, options: str, why: str
) -> None:
    signing = Signing.make(tmp_path / "repo", {SIGNERS: allow("jane", options=options)})
    signing.put(signing.statement(time="2020-01-01T00:00:00Z"))
    found = signing.read()
    assert found.found == ()
    assert why in found.notes[0]


@pytest.mark.slow
def test_a_key_that_was_taken_off_the_list_no_longer_counts(signing: Signing) -> None:
    signing.put(signing.statement())
    assert signing.counting() == [JANE]
    signing.world.on_main({SIGNERS: allow("kim")})
    assert signing.counting() == []


@pytest.mark.slow
def test_a_signature_for_another_purpose_does_not_count(signing: Signing) -> None:
    signing.put(signing.statement(), namespace="git")
    found = signing.read()
    assert found.found == ()
    assert masked(found.notes[0]) == snapshot(
        "approval by 'jane@example.com' does not count: it was signed for another purpose (refs/promptops/approvals/change/<id>/<id>)"
    )


@pytest.mark.slow
def test_tampered_bytes_do_not_count(signing: Signing) -> None:
    payload = write_statement(
        signing.statement(contents={TRIAGE: ApprovalEntry("100644", "a" * 40)})
    )
    signature = sign(payload, ssh_key("jane"), "promptops-approval@v1")
    signing.put(signing.statement(), signature=signature)
    signing.put(signing.statement(), signature=b"")
    signing.put(signing.statement(), signature=signature[:80] + b"\n")
    found = signing.read()
    assert found.found == ()
    assert len(found.notes) == 3


@pytest.mark.story
def test_content_that_was_merged_and_taken_back_needs_a_new_approval(signing: Signing) -> None:
    approved = signing.statement().contents
    signing.put(signing.statement())
    repo = signing.world.repo
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "-m", "Merge", "change")
    repo.git("revert", "--no-edit", "-m", "1", "HEAD")
    repo.git("checkout", "--quiet", "-B", "again", "main")
    signing.world.propose({TRIAGE: prompt("1.1.0", "Triage well.")}, branch="again")
    assert signing.change("again").paths[0].after == approved[TRIAGE]
    assert signing.counting("again") == []
    assert signing.read("again").found[0].lapsed == {TRIAGE}


@pytest.mark.slow
def test_taking_back_on_a_side_branch_hides_nothing(signing: Signing) -> None:
    """Git's own simplification of history would follow the side that looks unchanged."""
    signing.put(signing.statement())
    repo = signing.world.repo
    repo.git("checkout", "--quiet", "main")
    before = repo.rev("main")
    repo.git("merge", "--quiet", "--no-ff", "-m", "Merge", "change")
    repo.git("checkout", "--quiet", "-b", "side", before)
    repo.commit({"x": ""})
    repo.git("checkout", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    repo.git("checkout", before, "--", TRIAGE)
    repo.git("commit", "--quiet", "-m", "Merge, and take back")
    repo.git("checkout", "--quiet", "-B", "again", "main")
    signing.world.propose({TRIAGE: prompt("1.1.0", "Triage well.")}, branch="again")
    assert signing.counting("again") == []


@pytest.mark.slow
def test_a_base_that_was_never_on_the_target_does_not_count(signing: Signing) -> None:
    aside = signing.world.propose({"x": ""}, branch="aside")
    blob = signing.world.repo.rev(f"main:{TRIAGE}")
    for base in (aside, blob, "b" * 40):
        signing.put(signing.statement(base=base))
    found = signing.read()
    assert found.found == ()
    assert all("was never on main" in note for note in found.notes)


@pytest.mark.slow
def test_an_author_does_not_approve_under_a_second_name(tmp_path: Path) -> None:
    people = PEOPLE.replace('"jane@example.com"', '"jane@example.com", "author@example.com"')
    signing = Signing.make(tmp_path / "repo", {GROUPS: people})
    signing.put(signing.statement())
    verdict = signing.world.judge(*signing.read().found)
    assert checks(verdict) == ["missing-approval"]
    assert [one.message for one in verdict.findings] == snapshot(
        ["prompts/support/triage.md needs the approval of @prompt-owner"]
    )


@pytest.mark.story
def test_a_ref_may_hold_anything(signing: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = signing.world.repo
    folder = f"refs/promptops/approvals/{store.change_folder(signing.name, 'main').name}"
    monkeypatch.setattr(store, "_MAX_BLOB", 5_000)
    tag = repo.tag("x")
    for content in (b"", b"\n", b"\xff\n", b"{}\nx", b"{" * 4_000, b"x" * 6_000):
        oid = repo.git("hash-object", "-w", "--stdin", stdin=content)
        repo.git("update-ref", f"{folder}/{oid}", oid)
    for oid in (repo.rev("HEAD"), repo.rev("HEAD^{tree}"), tag):
        repo.git("update-ref", f"{folder}/{oid}", oid)
    ref = signing.put(signing.statement())
    repo.git("update-ref", f"{folder}/{'c' * 40}", ref)
    found = signing.read()
    assert signing.counting() == [JANE]
    assert masked(found.notes[-1]) == snapshot("5 more statements do not count")
    assert f"{folder}/{'c' * 40} was moved and does not count" in found.notes
    statements, notes = store.read_statements(
        signing.repository, store.change_folder(signing.name, "main")
    )
    assert len(statements) == 1
    assert [note.rpartition(" contains ")[2] for note in notes].count(
        "6,000 bytes, which is not a statement"
    ) == 1


@pytest.mark.story
def test_a_flood_of_statements_is_read_and_a_flood_of_false_ones_ends_in_an_error(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.put(signing.statement())
    flood(signing, 3_000, contents={TRIAGE: ApprovalEntry("100644", "d" * 40)})
    assert signing.counting() == [JANE]
    monkeypatch.setattr("promptops.gate.approvals.signed._MAX_FAILURES", 3)
    flood(signing, 5, approver="kim@example.com")
    with pytest.raises(IntegrityError, match="more than 3 statements of approval for main"):
        signing.read()
    monkeypatch.setattr(store, "_MAX_TOTAL", 500_000)
    with pytest.raises(IntegrityError, match="3,006 statements of approval for main"):
        signing.read()


def flood(signing: Signing, number: int, **values: Any) -> None:
    """Put many statements with a signature that is none, as somebody would who may push."""
    folder = f"refs/promptops/approvals/{store.change_folder(signing.name, 'main').name}"
    one = signing.statement(**values)
    contents = [
        write_statement(replace(one, time=f"2026-01-01T00:{at // 60:02}:{at % 60:02}Z"))
        for at in range(min(number, 60))
    ]
    blobs = [
        contents[at % len(contents)] + f"-----BEGIN SSH SIGNATURE-----\n{at}\n".encode()
        for at in range(number)
    ]
    oids = write_blobs(signing.repository.git, blobs)
    lines = [f"create {folder}/{oid} {oid}" for oid in oids]
    signing.world.repo.git("update-ref", "--stdin", stdin="\n".join(lines) + "\n")


# Names, remotes and clones


@pytest.mark.story
def test_the_policy_may_give_the_repository_a_name(tmp_path: Path) -> None:
    named = {"promptops.toml": '[gate]\nrepository = "acme/prompts"\n'}
    signing = Signing.make(tmp_path / "repo", named)
    assert signing.statement().repository == "acme/prompts"
    signing.put(signing.statement())
    assert signing.counting() == [JANE]
    signing.world.on_main({"promptops.toml": '[gate]\nrepository = "acme/other"\n'})
    assert signing.counting() == []


def test_merging_another_history_in_does_not_rename_the_repository(signing: Signing) -> None:
    repo = signing.world.repo
    first = repo.rev("main")
    repo.git("checkout", "--quiet", "--orphan", "other")
    repo.commit()
    repo.git("checkout", "--quiet", "main")
    repo.git(
        "merge", "--quiet", "--allow-unrelated-histories", "-m", "Merge", "other", "-s", "ours"
    )
    assert signing.name == first


@pytest.mark.slow
def test_a_branch_without_keys_has_no_signed_approvals(signing: Signing) -> None:
    signing.put(signing.statement())
    signing.world.repo.git("checkout", "--quiet", "main")
    signing.world.repo.git("rm", "--quiet", SIGNERS)
    signing.world.repo.commit()
    found = signing.read()
    assert (found.sources, found.found) == (("signed",), ())
    assert masked(found.notes) == snapshot(
        ["main has no .promptops/allowed_signers, so no signature counts"]
    )


@pytest.mark.story
def test_statements_come_from_the_remote_and_go_when_they_go(
    signing: Signing, tmp_path: Path
) -> None:
    remote = signing.world.repo.publish(tmp_path / "remote.git")
    clone = remote.clone(tmp_path / "clone")
    payload = write_statement(signing.statement())
    signature = sign(payload, ssh_key("jane"), "promptops-approval@v1")
    folder = store.change_folder(signing.statement().repository, "main")
    ref = store.keep_statement(signing.repository, folder, payload, signature, local=False)
    assert list(remote.refs("refs/promptops/")) == [ref]
    again = store.keep_statement(signing.repository, folder, payload, signature, local=False)
    assert again == ref
    assert signing.counting() == [JANE]

    def read(*, fetch: bool) -> list[tuple[str, str]]:
        change = signing.change()
        found = read_signed(open_repository(clone.path), signing.policy(), change, fetch=fetch)
        return [(one.approver, one.where) for one in found.found]

    clone.git("fetch", "--quiet", "origin", "change")
    assert read(fetch=False) == []
    assert read(fetch=True) == read(fetch=False) == [(JANE, ref)]
    remote.git("update-ref", "-d", ref)
    assert read(fetch=True) == []
    shutil.rmtree(remote.path)
    with pytest.raises(RemoteError):
        read(fetch=True)


@pytest.mark.slow
def test_a_remote_that_refuses_or_is_gone_leaves_no_ref(signing: Signing, tmp_path: Path) -> None:
    remote = signing.world.repo.publish(tmp_path / "remote.git")
    remote.hook("pre-receive", "echo no approvals here >&2; exit 1")
    folder = store.change_folder("r", "main")
    with pytest.raises(RemoteError, match="no approvals here"):
        store.keep_statement(signing.repository, folder, b"x\n", b"y", local=False)
    shutil.rmtree(remote.path)
    with pytest.raises(RemoteError, match="cannot reach"):
        store.keep_statement(signing.repository, folder, b"x\n", b"y", local=False)
    assert signing.world.repo.refs("refs/promptops/") == {}


@pytest.mark.slow
def test_a_shallow_clone_cannot_tell(signing: Signing, tmp_path: Path) -> None:
    signing.world.on_main({"y": ""})
    remote = signing.world.repo.publish(tmp_path / "remote.git")
    clone = remote.clone(tmp_path / "clone", "--depth", "1", "--no-single-branch")
    with pytest.raises(GitError, match="shallow"):
        read_signed(open_repository(clone.path), signing.policy(), signing.change())


# OpenPGP


@pytest.mark.story
@pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")
def test_an_openpgp_key_counts_by_its_fingerprint(tmp_path: Path, keyring: Keyring) -> None:
    jane, kim = keyring.make("jane"), keyring.make("kim")
    old = keyring.make("old", *LONG_AGO, expires="1d")
    keyring.make("max")
    signing = Signing.make(
        tmp_path / "repo",
        {
            ".promptops/allowed_keys.asc": keyring.export("jane", "old", "max").decode(),
            GROUPS: f'[people]\njane = ["@prompt-owner", "openpgp:{jane}"]\n',
        },
    )

    def put(approver: str, name: str, *args: str) -> None:
        statement = signing.statement(f"openpgp:{approver}")
        signature = keyring.sign(write_statement(statement), name, *args)
        signing.put(statement, signature=signature)

    put(kim, "kim")
    put(jane, "kim")
    put(jane, "max")
    put(old, "old", *SOON_AFTER)
    assert signing.read().found == ()
    assert len(signing.read().notes) == 4
    assert sorted(masked(note) for note in signing.read().notes) == snapshot(
        [
            "approval by 'openpgp:<fingerprint>' does not count: it was signed with another key than it names (refs/promptops/approvals/change/<id>/<id>)",
            "approval by 'openpgp:<fingerprint>' does not count: its key has expired (refs/promptops/approvals/change/<id>/<id>)",
            "approval by 'openpgp:<fingerprint>' does not count: its key is not among the allowed keys (refs/promptops/approvals/change/<id>/<id>)",
            "approval by 'openpgp:<fingerprint>' does not count: its key is not among the allowed keys (refs/promptops/approvals/change/<id>/<id>)",
        ]
    )
    put(jane, "jane")
    (approval,) = signing.read().found
    assert approval.approver == f"openpgp:{jane}"
    assert checks(signing.world.judge(approval)) == []
    signing.world.on_main({SIGNERS: allow("jane")})
    signing.world.repo.git("rm", "--quiet", ".promptops/allowed_keys.asc")
    signing.world.repo.commit()
    found = signing.read()
    assert found.found == ()
    assert len(found.notes) == 5


@pytest.fixture
def released(tmp_path: Path) -> Signing:
    """The same with a release of `a`."""
    signing = Signing.make(tmp_path / "repo")
    signing.world.repo.git("checkout", "--quiet", "main")
    Press(signing.world.repo).release("a", "1.0.0")
    return signing


def release(signing: Signing) -> Release:
    return require_release(signing.repository, "a", Version(1, 0, 0))


def put_deployment(
    signing: Signing, approver: str = JANE, key: str = "jane", **values: Any
) -> None:
    """Put a signed approval of the release, but for `values`, where those about it lie."""
    one = release(signing)
    statement = DeploymentStatement(
        signing.name, "production", "a", "1.0.0", one.digest, approver, TIME
    )
    payload = write_statement(replace(statement, **values))
    folder = deployment_folder(signing.name, "production", "a")
    armour = sign(payload, ssh_key(key), NAMESPACE)
    keep_statement(signing.repository, folder, payload, armour, local=True)


def read_deployment(signing: Signing, **options: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    policy = signing.policy()
    arguments = (policy.config, policy.commit, "production", release(signing))
    return read_deployment_approvers(signing.repository, *arguments, **{"fetch": False, **options})


@pytest.mark.slow
def test_each_person_who_signed_is_named_once(released: Signing) -> None:
    assert read_deployment(released) == ((), ())
    put_deployment(released)
    put_deployment(released, time="2026-02-01T00:00:00Z")
    put_deployment(released, KIM, "kim")
    approvers, notes = read_deployment(released)
    assert (sorted(approvers), notes) == ([JANE, KIM], ())


@pytest.mark.slow
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
    released: Signing, values: dict[str, str]
) -> None:
    put_deployment(released, **values)
    assert read_deployment(released) == ((), ())


@pytest.mark.slow
def test_a_false_statement_is_noted(released: Signing) -> None:
    put_deployment(released, JANE, "kim")
    approvers, (note,) = read_deployment(released)
    assert approvers == ()
    assert masked(note) == snapshot(
        "approval by 'jane@example.com' does not count: its key is not among the allowed signers (refs/promptops/approvals/deployment/<id>/<id>)"
    )
    put_deployment(released, KIM, "kim")
    assert read_deployment(released)[0] == (KIM,)


@pytest.mark.slow
def test_without_keys_nobody_signed(released: Signing) -> None:
    put_deployment(released)
    released.world.repo.git("rm", "--quiet", SIGNERS)
    released.world.repo.commit()
    assert read_deployment(released) == ((), (f"there is no {SIGNERS}, so no signature counts",))


@pytest.mark.story
def test_statements_are_fetched_unless_told_otherwise(released: Signing, tmp_path: Path) -> None:
    put_deployment(released)
    remote = released.world.repo.publish(tmp_path / "remote.git")
    refs = "refs/promptops/approvals/*:refs/promptops/approvals/*"
    released.world.repo.git("push", "--quiet", "origin", refs)
    for ref in released.world.repo.refs("refs/promptops/"):
        released.world.repo.git("update-ref", "-d", ref)
    assert read_deployment(released) == ((), ())
    policy = released.policy()
    arguments = (policy.config, policy.commit, "production", release(released))
    found = read_deployment_approvers(released.repository, *arguments)
    assert found == ((JANE,), ())
    shutil.rmtree(remote.path)
    with pytest.raises(RemoteError):
        read_deployment_approvers(released.repository, *arguments)
    with pytest.raises(RemoteError):
        read_signed(released.repository, policy, released.change())


@pytest.mark.slow
def test_an_approval_of_a_deployment_is_none_of_a_change(released: Signing) -> None:
    statement = DeploymentStatement(
        released.name, "main", "a", "1.0.0", release(released).digest, JANE, TIME
    )
    payload = write_statement(statement)
    armour = sign(payload, ssh_key("jane"), NAMESPACE)
    folder = change_folder(released.name, "main")
    keep_statement(released.repository, folder, payload, armour, local=True)
    assert released.read().found == ()
    released.put(released.statement())
    assert released.counting() == [JANE]


@pytest.mark.story
def test_who_approved_all_of_it_need_not_be_asked_about_its_parts(signing: Signing) -> None:
    signing.world.propose({TONE: "Be rude.\n"})
    whole = signing.statement()
    for number in range(10, 20):
        time = f"2026-01-{number}T00:00:00Z"
        for path in (TONE, TRIAGE):
            signing.put(replace(whole, contents={path: whole.contents[path]}, time=time))
    signing.put(whole)
    (found,) = signing.read().found
    assert found.contents == whole.contents


@pytest.mark.slow
def test_who_is_trusted_nowhere_is_not_said_to_be_by_the_change(signing: Signing) -> None:
    signing.world.propose({SIGNERS: allow("jane", "kim", "mallory")})
    signing.put(signing.statement("max@example.com"), "max")
    found = signing.read()
    assert found.found == ()
    assert "only by the change itself" not in str(found.notes)


@pytest.mark.story
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


@pytest.mark.slow
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
