"""Signatures with real keys: who signed, and everything that is not good enough."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

import promptops
from promptops.errors import PromptopsError, UntrustedError, UsageError
from promptops.git.signing.ssh import (
    GIT_NAMESPACE,
    SNAPSHOT_NAMESPACE,
    open_trust,
    sign,
    split_object,
    verify,
)
from tests.released import Press, publish_triage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import MakeRepo
    from tests.repositories import Repo

NAME = "support/triage"


def make_key(folder: Path, name: str = "key") -> Path:
    key = folder / name
    arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "jane@example.com", "-f", str(key)]
    subprocess.run(["ssh-keygen", *arguments], check=True)
    return key


def allow(folder: Path, key: Path, options: str = "", name: str = "signers") -> Path:
    file = folder / name
    file.write_text(f"jane@example.com {options} {key.with_suffix('.pub').read_text()}")
    return file


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path)


@pytest.fixture
def signers(tmp_path: Path, key: Path) -> Path:
    return allow(tmp_path, key)


def test_a_signature_names_its_signer(key: Path, signers: Path) -> None:
    signature = sign(b"data", key, SNAPSHOT_NAMESPACE)
    assert verify("it", b"data", signature, signers, SNAPSHOT_NAMESPACE) == "jane@example.com"


@pytest.mark.parametrize(
    ("data", "namespace", "options", "why"),
    [
        (b"other", SNAPSHOT_NAMESPACE, "", "the signature does not match the content"),
        (b"data", GIT_NAMESPACE, "", "it was signed for another purpose"),
        (b"data", SNAPSHOT_NAMESPACE, 'namespaces="git"', "allowed to sign other things only"),
        (b"data", SNAPSHOT_NAMESPACE, 'valid-before="20200101"', "its key has expired"),
    ],
)
def test_other_bytes_uses_and_times_are_refused_with_the_reason(
    tmp_path: Path, key: Path, data: bytes, namespace: str, options: str, why: str
) -> None:
    signature = sign(b"data", key, SNAPSHOT_NAMESPACE)
    with pytest.raises(UntrustedError, match=f"not signed by an allowed signer: .*{why}"):
        verify("it", data, signature, allow(tmp_path, key, options), namespace)


def test_a_stranger_is_refused_under_any_name(tmp_path: Path, signers: Path) -> None:
    stranger = make_key(tmp_path, "stranger")
    signature = sign(b"data", stranger, SNAPSHOT_NAMESPACE)
    with pytest.raises(UntrustedError, match="not signed by an allowed signer"):
        verify("it", b"data", signature, signers, SNAPSHOT_NAMESPACE)


@pytest.mark.parametrize("signature", [b"", b"x", b"-----BEGIN PGP SIGNATURE-----\n"])
def test_what_is_no_ssh_signature_is_refused(signers: Path, signature: bytes) -> None:
    with pytest.raises(UntrustedError):
        verify("it", b"data", signature, signers, SNAPSHOT_NAMESPACE)


def test_a_key_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PromptopsError, match="cannot sign with"):
        sign(b"data", tmp_path / "nothing", SNAPSHOT_NAMESPACE)
    with pytest.raises(UsageError, match="no allowed signers file"):
        open_trust(tmp_path / "nothing")


@pytest.mark.slow
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_the_signed_part_of_commits_and_tags_is_what_git_signed(
    make_repo: MakeRepo, key: Path, signers: Path, object_format: str
) -> None:
    press = Press(make_repo("signed", object_format=object_format), key=key)
    publish_triage(press)
    with promptops.open(press.repo.path, trust=signers) as registry:
        assert registry.get(NAME).authenticated == "jane@example.com"
        assert registry.get(f"{NAME}@1.0.0").authenticated == "jane@example.com"


def test_a_quoted_signature_in_notes_signs_nothing() -> None:
    tag = b"object 1\ntype commit\ntag x\n\nnotes\n-----BEGIN SSH SIGNATURE-----\nx\n\nmore\n"
    assert split_object(tag) == (tag, None)


@pytest.mark.slow
def test_unsigned_deployments_and_releases_are_refused(repo: Repo, signers: Path) -> None:
    press = Press(repo)
    publish_triage(press)
    with promptops.open(repo.path, trust=signers) as registry:
        with pytest.raises(UntrustedError, match="deployment 2 of production is not signed"):
            registry.get(NAME)
        with pytest.raises(UntrustedError, match=r"release support/triage@1.0.0 is not signed"):
            registry.get(f"{NAME}@1.0.0")
    with promptops.open(repo.path) as registry:
        assert registry.get(NAME).authenticated is None


@pytest.mark.story
def test_an_unsigned_deployment_does_not_spoil_what_was_seen(
    repo: Repo, key: Path, signers: Path, tmp_path: Path
) -> None:
    press = Press(repo, key=key)
    publish_triage(press)
    bare = repo.publish(tmp_path / "remote.git")
    with promptops.open(bare.url, trust=signers) as registry:
        assert registry.get(NAME).authenticated == "jane@example.com"
        press.key = None
        forged = press.deploy("production", {NAME: "1.0.0"}, number=999)
        repo.git("push", "--quiet", "origin", "promptops/production")
        with pytest.raises(UntrustedError, match="deployment 999"):
            registry.refresh()
        press.key = key
        tip = repo.rev(f"{forged}~1")
        press.deploy("production", {NAME: "1.0.0"}, parent=tip)
        repo.git("push", "--quiet", "--force", "origin", "promptops/production")
        registry.refresh()
        assert (registry.get(NAME).version, registry.get(NAME).deployment) == ("1.0.0", 3)
