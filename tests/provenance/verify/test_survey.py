"""What a verification says of signatures, and of what it could not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from promptops.provenance.verify import verify_repository
from tests.provenance.verify.pieces import TAG, told, verify
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.fixture
def signers(repo: Repo, tmp_path: Path) -> Path:
    """Let everything be signed with a new key; give a list in which it is allowed."""
    import subprocess

    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in {
        "gpg.format": "ssh",
        "user.signingKey": str(key),
        "commit.gpgSign": "true",
        "tag.gpgSign": "true",
    }.items():
        repo.config(name, value)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"jane@example.com {key.with_suffix('.pub').read_text()}")
    return allowed


def signed_showcase(repo: Repo) -> Showcase:
    showcase = Showcase(repo)
    showcase.publish("1.0.0", "You triage tickets.")
    showcase.promote("1.0.0")
    return showcase


def test_good_signatures_are_no_news(repo: Repo, signers: Path) -> None:
    showcase = signed_showcase(repo)

    assert told(verify_repository(showcase.repository, allowed_signers=signers)) == []


def test_signatures_by_unknown_keys_are_noted(repo: Repo, signers: Path) -> None:
    result = verify(signed_showcase(repo))

    assert [one.severity for one in result.findings] == [Severity.NOTE, Severity.NOTE]
    assert masked(result.findings[0].message) == snapshot(
        "tag <id> is signed, but its key <fingerprint> is unknown"
    )
    assert (result.errors, result.unchecked) == (0, 0)


def test_signatures_by_unknown_keys_are_wrong_where_known_ones_are_asked_for(
    repo: Repo, signers: Path, tmp_path: Path
) -> None:
    nobody = tmp_path / "nobody"
    nobody.write_text("")

    result = verify_repository(signed_showcase(repo).repository, allowed_signers=nobody)

    assert [one.check for one in result.findings] == ["unknown-signer", "unknown-signer"]
    assert result.errors == 2


@pytest.mark.parametrize("is_known", [True, False])
def test_a_signature_that_does_not_fit_is_bad(repo: Repo, signers: Path, is_known: bool) -> None:
    showcase = signed_showcase(repo)
    tag = f"refs/tags/{TAG}@1.0.0"
    data = repo.git("cat-file", "tag", tag).replace("First release", "Last release") + "\n"
    forged = repo.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=data)
    repo.git("update-ref", tag, forged)

    result = verify_repository(
        showcase.repository, [f"{TRIAGE}@1.0.0"], allowed_signers=signers if is_known else None
    )

    assert (
        f"error {TAG}@1.0.0: the signature of tag {forged[:12]} is bad: "
        "the signature does not match the content"
    ) in told(result)


def test_what_is_unsigned_is_wrong_where_signatures_are_asked_for(
    repo: Repo, tmp_path: Path
) -> None:
    showcase = signed_showcase(repo)
    (tmp_path / "allowed").write_text("")

    result = verify_repository(showcase.repository, allowed_signers=tmp_path / "allowed")

    assert [one.check for one in result.findings] == ["unsigned", "unsigned"]
