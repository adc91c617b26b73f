"""What a verification says of signatures, and of what it could not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from promptops.provenance.verify import verify_repository
from tests.keys import allow, ssh_key
from tests.provenance.verify.pieces import TAG, told, verify
from tests.repositories import Repo
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def signed(tmp_path: Path) -> Showcase:
    """One release and one deployment, all of it signed with Jane's key."""
    copy_template(build_signed, tmp_path / "signed", tmp_path.parent)
    return Showcase(Repo(tmp_path / "signed"))


def build_signed(folder: Path) -> None:
    repo = Repo.init(folder)
    settings = {"gpg.format": "ssh", "user.signingKey": str(ssh_key("jane"))}
    for name, value in {**settings, "commit.gpgSign": "true", "tag.gpgSign": "true"}.items():
        repo.config(name, value)
    publish_one(repo)


def publish_one(repo: Repo) -> Showcase:
    showcase = Showcase(repo)
    showcase.publish("1.0.0", "You triage tickets.")
    showcase.promote("1.0.0")
    return showcase


@pytest.fixture
def signers(tmp_path: Path) -> Path:
    """A list in which Jane's key is allowed."""
    allowed = tmp_path / "allowed"
    allowed.write_text(allow("jane"))
    return allowed


@pytest.mark.slow
def test_good_signatures_are_no_news(signed: Showcase, signers: Path) -> None:
    assert told(verify_repository(signed.repository, allowed_signers=signers)) == []


@pytest.mark.slow
def test_signatures_by_unknown_keys_are_noted(signed: Showcase) -> None:
    result = verify(signed)

    assert [one.severity for one in result.findings] == [Severity.NOTE, Severity.NOTE]
    assert masked(result.findings[0].message) == snapshot(
        "tag <id> is signed, but its key <fingerprint> is unknown"
    )
    assert (result.errors, result.unchecked) == (0, 0)


@pytest.mark.slow
def test_signatures_by_unknown_keys_are_wrong_where_known_ones_are_asked_for(
    signed: Showcase, tmp_path: Path
) -> None:
    nobody = tmp_path / "nobody"
    nobody.write_text("")

    result = verify_repository(signed.repository, allowed_signers=nobody)

    assert [one.check for one in result.findings] == ["unknown-signer", "unknown-signer"]
    assert result.errors == 2


@pytest.mark.slow
@pytest.mark.parametrize("is_known", [True, False])
def test_a_signature_that_does_not_fit_is_bad(
    signed: Showcase, signers: Path, is_known: bool
) -> None:
    repo = signed.repo
    tag = f"refs/tags/{TAG}@1.0.0"
    data = repo.git("cat-file", "tag", tag).replace("First release", "Last release") + "\n"
    forged = repo.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=data)
    repo.git("update-ref", tag, forged)

    result = verify_repository(
        signed.repository, [f"{TRIAGE}@1.0.0"], allowed_signers=signers if is_known else None
    )

    assert (
        f"error {TAG}@1.0.0: the signature of tag {forged[:12]} is bad: "
        "the signature does not match the content"
    ) in told(result)


@pytest.mark.slow
def test_what_is_unsigned_is_wrong_where_signatures_are_asked_for(
    repo: Repo, tmp_path: Path
) -> None:
    showcase = publish_one(repo)
    (tmp_path / "allowed").write_text("")

    result = verify_repository(showcase.repository, allowed_signers=tmp_path / "allowed")

    assert [one.check for one in result.findings] == ["unsigned", "unsigned"]
