"""Commits and tags: byte-exact, signed as configured, verified by exit codes."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import GitError, NotFoundError, UsageError
from promptops.git.history import (
    ancestor,
    identity,
    is_ancestor,
    is_shallow,
    merge_base,
    rev_list,
    verify_signature,
    write_commit,
    write_tag,
)
from promptops.git.objects import Identity, ObjectReader, parse_commit, parse_tag
from promptops.git.process import Git

if TYPE_CHECKING:
    from tests.conftest import MakeRepo
    from tests.repositories import Repo

MESSAGE = (
    "Release a@1.0.0\n\n# Heading\n\n  indented, trailing space \n\n\n; gr\u00fc\u00dfe\n# end\n"
)
QUOTED = "quoting\n-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\nback\n"


@dataclass(frozen=True, slots=True)
class Key:
    """An SSH key without passphrase, and a list that allows it."""

    private: Path
    allowed_signers: Path


def make_key(folder: Path, principal: str) -> Key:
    folder.mkdir()
    private = folder / "key"
    args = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(private)]
    subprocess.run(args, check=True)
    public = (folder / "key.pub").read_text().strip()
    allowed_signers = folder / "allowed signers"
    allowed_signers.write_text(f"{principal} {public}\n")
    return Key(private, allowed_signers)


@pytest.fixture
def key(tmp_path: Path) -> Key:
    return make_key(tmp_path / "jane", "jane@example.com")


def sign_with(repo: Repo, key: Key) -> None:
    repo.config("gpg.format", "ssh")
    repo.config("user.signingKey", str(key.private))
    repo.config("commit.gpgSign", "true")
    repo.config("tag.gpgSign", "true")


def raw(git: Git, oid: str) -> bytes:
    with ObjectReader(git) as reader:
        found = reader.read(oid)
    assert found is not None
    return found.data


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_a_commit_keeps_its_message(make_repo: MakeRepo, object_format: str) -> None:
    repo = make_repo(object_format=object_format)
    first = repo.commit({"a.md": "text"})
    repo.config("i18n.commitEncoding", "ISO-8859-1")
    git = Git.discover(repo.path)
    tree = repo.rev("HEAD^{tree}")
    orphan = write_commit(git, tree, [], MESSAGE)
    merge = write_commit(git, tree, [first, orphan], "title")
    commit = parse_commit(raw(git, merge))
    assert (commit.tree, commit.parents, commit.message) == (tree, (first, orphan), "title")
    assert parse_commit(raw(git, orphan)).message == MESSAGE
    assert b"encoding" not in raw(git, orphan)
    assert repo.rev("HEAD") == first


@pytest.mark.slow
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize("message", [MESSAGE, QUOTED, "# only a heading\n", "no line end", "\n\n"])
def test_a_tag_is_an_object_with_exactly_its_message(
    make_repo: MakeRepo, object_format: str, message: str
) -> None:
    repo = make_repo(object_format=object_format)
    commit = repo.commit({"a.md": "text"})
    git = Git.discover(repo.path)
    before = repo.refs()
    tag = parse_tag(raw(git, write_tag(git, "prompts/a@1.0.0", commit, message)))
    assert (tag.target, tag.target_kind, tag.name) == (commit, "commit", "prompts/a@1.0.0")
    assert (tag.message, tag.signature) == (message, None)
    assert tag.tagger == Identity("Jane Doe", "jane@example.com", 1_767_225_600, "+0000")
    assert repo.refs() == before


def test_a_tag_can_be_about_a_tag(repo: Repo) -> None:
    repo.commit({"a.md": "text"})
    first = repo.tag("prompts/a@1.0.0")
    git = Git.discover(repo.path)
    yanked = write_tag(git, "yanked/prompts/a@1.0.0", first, "bad\n")
    assert parse_tag(raw(git, yanked)).target_kind == "tag"


def test_a_target_that_is_not_there_is_refused(repo: Repo) -> None:
    repo.commit({"a.md": "text"})
    with pytest.raises(GitError):
        write_tag(Git.discover(repo.path), "a", "1" * 40, "message\n")


def test_a_nul_in_a_message_is_refused(repo: Repo) -> None:
    commit = repo.commit({"a.md": "text"})
    git = Git.discover(repo.path)
    with pytest.raises(UsageError, match="NUL"):
        write_tag(git, "a", commit, "a\0b")
    with pytest.raises(UsageError, match="NUL"):
        write_commit(git, repo.rev("HEAD^{tree}"), [], "a\0b")


@pytest.mark.slow
def test_a_missing_identity_is_explained(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = repo.commit({"a.md": "text"})
    git = Git.discover(repo.path)
    tree = repo.rev("HEAD^{tree}")
    assert identity(git).email == "jane@example.com"
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    for attempt in (
        lambda: write_commit(git, tree, [], "message"),
        lambda: write_tag(git, "a", commit, "message\n"),
        lambda: identity(git, "author"),
    ):
        with pytest.raises(GitError) as caught:
            attempt()
        hint = caught.value.hint or ""
        assert hint == snapshot(
            'tell git who you are: git config --global user.name "Your Name" && git config --global user.email you@example.com'
        )


@pytest.mark.slow
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_commits_and_tags_are_signed_as_configured(
    make_repo: MakeRepo, key: Key, tmp_path: Path, object_format: str
) -> None:
    repo = make_repo(object_format=object_format)
    first = repo.commit({"a.md": "text"})
    sign_with(repo, key)
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "--quiet", "--detach", str(linked))
    git = Git.discover(linked)
    before = repo.refs()
    commit = write_commit(git, repo.rev("HEAD^{tree}"), [first], MESSAGE)
    tag = write_tag(git, "prompts/a@1.0.0", commit, MESSAGE + QUOTED)
    parsed = parse_tag(raw(git, tag))
    assert (parsed.name, parsed.message) == ("prompts/a@1.0.0", MESSAGE + QUOTED)
    assert parsed.signature is not None
    assert parse_commit(raw(git, commit)).signature is not None
    assert repo.refs() == before
    for oid, kind in ((commit, "commit"), (tag, "tag")):
        found = verify_signature(git, oid, kind, key.allowed_signers)
        assert (found.good, found.principal, found.reason) == (True, "jane@example.com", None)
        assert (found.key or "").startswith("SHA256:")


@pytest.mark.slow
def test_a_stranger_and_a_forged_message_are_not_good(repo: Repo, key: Key, tmp_path: Path) -> None:
    first = repo.commit({"a.md": "text"})
    sign_with(repo, key)
    stranger = make_key(tmp_path / "other", "jane@example.com")
    git = Git.discover(repo.path)
    tag = write_tag(git, "a", first, "message\n")
    commit = write_commit(git, repo.rev("HEAD^{tree}"), [first], "message\n")
    forged = repo.git(
        "hash-object", "-t", "tag", "-w", "--stdin",
        stdin=raw(git, tag).replace(b"message\n", b"another\n"),
    )  # fmt: skip
    for oid, kind in ((tag, "tag"), (commit, "commit")):
        unknown = verify_signature(git, oid, kind, stranger.allowed_signers)
        assert (unknown.good, unknown.principal) == (False, None)
        assert unknown.reason == snapshot("its key is not among the allowed signers")
    wrong = verify_signature(git, forged, "tag", key.allowed_signers)
    assert (wrong.good, wrong.reason) == (False, "the signature does not match the content")


@pytest.mark.slow
def test_what_is_unsigned_or_quotes_a_signature_is_not_good(repo: Repo, key: Key) -> None:
    commit = repo.commit({"a.md": "text"})
    git = Git.discover(repo.path)
    unsigned = verify_signature(git, commit, "commit", key.allowed_signers)
    assert (unsigned.good, unsigned.reason) == (False, "it is not signed")
    quoting = write_tag(git, "a", commit, QUOTED)
    assert not verify_signature(git, quoting, "tag", key.allowed_signers).good
    with pytest.raises(NotFoundError):
        verify_signature(git, "1" * 40, "tag", key.allowed_signers)
    with pytest.raises(GitError, match="cannot be read"):
        verify_signature(git, commit, "commit", Path("/nonexistent"))


def test_a_pgp_signature_does_not_count(repo: Repo, key: Key) -> None:
    commit = repo.commit({"a.md": "text"})
    git = Git.discover(repo.path)
    armour = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"
    tag = write_tag(git, "a", commit, f"message\n{armour}")
    found = verify_signature(git, tag, "tag", key.allowed_signers)
    assert (found.good, found.reason) == (False, "it is not signed with an SSH key")


@pytest.mark.slow
def test_a_key_from_a_conditional_include_signs_too(repo: Repo, key: Key, home: Path) -> None:
    commit = repo.commit({"a.md": "text"})
    (home / "work").write_text(
        f"[user]\nsigningKey = {key.private}\n[gpg]\nformat = ssh\n[tag]\ngpgSign\n"
    )
    with (home / ".gitconfig").open("a") as file:
        file.write(f'[includeIf "gitdir:{repo.path}/"]\npath = {home / "work"}\n')
    git = Git.discover(repo.path)
    tag = write_tag(git, "a", commit, "message\n")
    assert verify_signature(git, tag, "tag", key.allowed_signers).good


@pytest.mark.slow
def test_a_key_that_cannot_be_used_is_explained(repo: Repo, tmp_path: Path) -> None:
    commit = repo.commit({"a.md": "text"})
    sign_with(repo, Key(tmp_path / "none", tmp_path / "none"))
    git = Git.discover(repo.path)
    with pytest.raises(GitError, match="Couldn't load public key") as caught:
        write_tag(git, "a", commit, "message\n")
    assert caught.value.hint == snapshot(
        "check user.signingKey and gpg.format, since git is configured to sign (git config --show-origin --get-regexp 'sign|gpg')"
    )
    with pytest.raises(GitError, match="Couldn't load public key") as caught:
        write_commit(git, repo.rev("HEAD^{tree}"), [], "message\n")
    assert caught.value.hint == snapshot(
        "check user.signingKey and gpg.format, since git is configured to sign (git config --show-origin --get-regexp 'sign|gpg')"
    )


@pytest.mark.slow
def test_history_answers_questions(repo: Repo, tmp_path: Path) -> None:
    commits = [repo.commit({"a.md": str(number)}) for number in range(4)]
    git = Git.discover(repo.path)
    orphan = write_commit(git, repo.rev("HEAD^{tree}"), [], "orphan")
    assert is_ancestor(git, commits[0], commits[3])
    assert is_ancestor(git, commits[3], commits[3])
    assert not is_ancestor(git, commits[3], commits[0])
    assert merge_base(git, commits[1], commits[3]) == commits[1]
    assert merge_base(git, orphan, commits[3]) is None
    assert rev_list(git, commits[3]) == commits[::-1]
    assert rev_list(git, commits[3], limit=2) == commits[:1:-1]
    assert ancestor(git, commits[3], 3) == commits[0]
    assert ancestor(git, commits[3], 4) is None
    with pytest.raises(GitError):
        is_ancestor(git, "1" * 40, commits[0])
    with pytest.raises(GitError):
        merge_base(git, "1" * 40, commits[0])
    assert not is_shallow(git)
    assert is_shallow(Git.discover(repo.clone(tmp_path / "shallow", "--depth=1").path))
