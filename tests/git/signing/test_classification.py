from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.errors import UsageError
from promptops.git.process import Git
from promptops.git.signing.classification import Trust, choose_signers, classify_signature
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.fixture
def key(tmp_path: Path, repo: Repo) -> Path:
    """Let the repository sign with a new key; give its public half."""
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    repo.config("gpg.format", "ssh")
    repo.config("user.signingKey", str(path))
    repo.commit({"a": "b"})
    repo.git("tag", "-s", "-m", "hello", "v1")
    return path.with_suffix(".pub")


def forge(repo: Repo) -> str:
    data = repo.git("cat-file", "tag", "v1").replace("hello", "hullo") + "\n"
    return repo.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=data)


@pytest.mark.slow
def test_a_listed_key_is_good(repo: Repo, key: Path, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.write_text(f"jane@example.com {key.read_text()}")
    git = Git.discover(repo.path)

    good = classify_signature(git, repo.rev("v1"), "tag", allowed)
    bad = classify_signature(git, forge(repo), "tag", allowed)

    assert (good.trust, good.signer, good.reason) == (Trust.GOOD, "jane@example.com", None)
    assert (bad.trust, bad.signer) == (Trust.BAD, None)


@pytest.mark.slow
def test_without_a_list_a_fitting_signature_is_unknown_and_another_bad(
    repo: Repo, key: Path
) -> None:
    git = Git.discover(repo.path)

    unknown = classify_signature(git, repo.rev("v1"), "tag", None)

    assert unknown.trust is Trust.UNKNOWN
    assert masked(unknown.reason or "") == snapshot("its key <fingerprint> is unknown")
    assert classify_signature(git, forge(repo), "tag", None).trust is Trust.BAD


def test_another_kind_of_signature_is_unknown(repo: Repo) -> None:
    repo.commit({"a": "b"})
    tag = repo.rev("HEAD")
    data = (
        f"object {tag}\ntype commit\ntag v1\ntagger J <j@example.com> 1 +0000\n\nhello\n"
        "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"
    )
    oid = repo.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=data)

    verdict = classify_signature(Git.discover(repo.path), oid, "tag", None)

    assert verdict.trust is Trust.UNKNOWN


def test_the_list_that_is_named_comes_before_the_configured_one(
    repo: Repo, home: Path, tmp_path: Path
) -> None:
    git = Git.discover(repo.path)
    assert choose_signers(git, None) is None

    repo.config("gpg.ssh.allowedSignersFile", "~/signers")
    assert choose_signers(git, None) is None
    (home / "signers").write_text("")
    assert choose_signers(git, None) == home / "signers"
    with pytest.raises(UsageError, match="there is no list of allowed signers"):
        choose_signers(git, tmp_path / "nothing")
    (tmp_path / "named").write_text("")
    assert choose_signers(git, tmp_path / "named") == tmp_path / "named"
