"""Who signs, by the list of the target branch, and whether it would count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import PromptopsError, RefusedError
from promptops.gate.approvals.signed import Keys, verify_statement
from promptops.gate.approvals.signing import find_principal, find_signer
from promptops.gate.approvals.statement import NAMESPACE, DeploymentStatement
from promptops.gate.policy import Policy
from promptops.gate.rules.people import parse_groups
from promptops.repository.config import Config
from promptops.repository.repository import open_repository
from tests.gate.approvals.world import SIGNERS, TIME
from tests.keys import allow, public, ssh_key

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.gate.approvals.signing import Signer
    from tests.repositories import Repo


POLICY = Policy("a" * 40, Config(), None, None, parse_groups(b""), None)


@pytest.fixture
def kim(repo: Repo) -> Repo:
    """A clone whose commits are Jane's, and whose key is Kim's."""
    repo.config("gpg.format", "ssh")
    repo.config("user.signingKey", str(ssh_key("kim").with_suffix(".pub")))
    return repo


def find(repo: Repo, *lines: str) -> Signer:
    keys = Keys("".join(lines).encode(), None)
    return find_signer(open_repository(repo.path), POLICY, keys, "main")


def named(name: str, options: str = "") -> str:
    return f"{name} {options} {public('kim')}\n".replace("  ", " ")


def test_the_key_says_who_signs(kim: Repo) -> None:
    assert find(kim, allow("jane", "kim")).approver == "kim@example.com"
    assert find(kim, allow("kim")).time == TIME
    # Of several names the one of the commits, else the first.
    assert find(kim, allow("kim"), named("jane@example.com")).approver == "jane@example.com"
    assert find(kim, named("@kim"), allow("kim")).approver == "@kim"


@pytest.mark.parametrize("is_literal", [False, True])
def test_a_key_that_is_not_listed_comes_with_the_line_to_add(kim: Repo, is_literal: bool) -> None:
    if is_literal:
        kim.config("user.signingKey", f"key::{public('kim')} a comment")
    keys = Keys(allow("jane").encode(), None)
    assert find_principal(open_repository(kim.path), keys) is None
    with pytest.raises(RefusedError, match="main does not list your key") as caught:
        find(kim, allow("jane"))
    assert caught.value.hint == (
        f"have this line added to {SIGNERS} on main: "
        f'jane@example.com namespaces="{NAMESPACE}" {public("kim")}'
    )
    assert find_principal(open_repository(kim.path), Keys(allow("kim").encode(), None)) == (
        "kim@example.com"
    )


def test_without_openpgp_keys_no_such_key_is_listed(kim: Repo) -> None:
    kim.config("gpg.format", "openpgp")
    with pytest.raises(RefusedError) as caught:
        find(kim, allow("kim"))
    assert caught.value.hint == (
        "have your public key added to .promptops/allowed_keys.asc on main"
    )


def test_a_file_without_a_key_is_said_to_have_none(kim: Repo, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text("ssh-ed25519 no!key\n")
    kim.config("user.signingKey", str(tmp_path / "key.pub"))
    with pytest.raises(PromptopsError):
        find(kim, allow("jane"))


@pytest.mark.slow
def test_what_is_sealed_counts_or_is_refused(kim: Repo) -> None:
    signer = find(kim, allow("kim"))
    statement = DeploymentStatement(
        "acme", "production", "a", "1.0.0", "sha256:" + "0" * 64, signer.approver, signer.time
    )
    sealed = signer.seal(statement)
    assert sealed.statement == statement
    verify_statement(sealed, Keys(allow("kim").encode(), None))
    elsewhere = find(kim, named("kim@example.com", 'namespaces="file"'))
    with pytest.raises(RefusedError, match=r"your approval as kim@example\.com would not count"):
        elsewhere.seal(statement)
