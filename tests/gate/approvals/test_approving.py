"""What is drafted for a signature, and what the signer is told beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import RefusedError
from promptops.gate.approvals.approving import draft_approval, draft_deployment_approval
from promptops.gate.approvals.statement import DeploymentStatement
from tests.gate.approvals.test_deployment import release
from tests.gate.approvals.world import SIGNERS, TIME, Signing
from tests.gate.world import TONE, TRIAGE
from tests.keys import ssh_key

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.gate.approvals.approving import ApprovalDraft


@pytest.fixture
def signing(tmp_path: Path) -> Signing:
    signing = Signing.make(tmp_path / "repo")
    signing.world.repo.config("gpg.format", "ssh")
    return signing


def draft(signing: Signing, key: str = "jane", head: str = "change") -> ApprovalDraft:
    signing.world.repo.config("user.signingKey", str(ssh_key(key)))
    found = draft_approval(signing.repository, signing.policy(), signing.change(head))
    assert found is not None
    return found


@pytest.mark.story
def test_a_draft_names_all_that_the_change_proposes(signing: Signing) -> None:
    found = draft(signing)
    assert found.statement == signing.statement()
    assert found.own == {TRIAGE}
    assert found.doubts == ()
    assert found.sign(signing.repository, local=True).startswith("refs/promptops/approvals/change/")
    assert signing.counting() == ["jane@example.com"]


@pytest.mark.slow
def test_who_owns_none_of_it_is_told(signing: Signing) -> None:
    found = draft(signing, "kim")
    assert found.own == frozenset()
    assert found.doubts == (
        "kim@example.com owns none of these files, so the approval may not count",
    )


@pytest.mark.slow
def test_who_had_a_hand_in_it_is_told(signing: Signing) -> None:
    signing.world.propose({TONE: "Be brief.\n"}, email="jane@example.com")
    found = draft(signing)
    assert found.own == {TONE, TRIAGE}
    assert found.doubts == ("you are an author of this change, so your approval will not count",)


@pytest.mark.slow
def test_without_a_change_or_without_keys_nothing_is_drafted(signing: Signing) -> None:
    policy = signing.policy()
    assert draft_approval(signing.repository, policy, signing.change("main")) is None
    signing.world.repo.git("checkout", "--quiet", "main")
    signing.world.repo.git("rm", "--quiet", SIGNERS)
    signing.world.repo.commit()
    with pytest.raises(RefusedError, match=f"main has no {SIGNERS}, so no signature counts"):
        draft(signing)


@pytest.mark.slow
def test_a_deployment_s_draft_names_the_release(signing: Signing) -> None:
    signing.world.repo.config("user.signingKey", str(ssh_key("kim")))
    found = draft_deployment_approval(signing.repository, signing.policy(), "production", release())
    assert found.statement == DeploymentStatement(
        signing.name, "production", "a", "1.0.0", "sha256:0", "kim@example.com", TIME
    )
    assert found.folder.subject == "a in production"
