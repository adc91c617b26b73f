"""What the rules of the default branch ask of a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.delivery.release import Release
from promptops.errors import RefusedError
from promptops.gate.approvals.deployment import (
    BranchRules,
    check_deployment,
    require_approvals,
    require_evals,
)
from promptops.gate.rules.people import parse_groups
from promptops.git.objects import Identity
from promptops.prompt.version import Version
from promptops.repository.config import Config, Environment
from promptops.repository.repository import open_repository
from tests.keys import allow, ssh_key

if TYPE_CHECKING:
    from tests.repositories import Repo


GROUPS = '[people]\njane = ["@jane", "jane@example.com"]\n[teams]\n"@acme/ops" = ["@jane"]\n'
GOOD, BAD = ("Prompt-Evals", "evals/a.yaml passed"), ("Prompt-Evals", "evals/a.yaml failed")


def release(*trailers: tuple[str, str]) -> Release:
    who = Identity("Jane Doe", "jane@example.com", 0, "+0000")
    frozen = ("prompts", "openai/gpt-4o-mini", "new", None, "op", "", who, None)
    return Release("a", Version(1, 0, 0), "a" * 40, "b" * 40, "sha256:0", *frozen, trailers)


def check(repo: Repo, *trailers: tuple[str, str], environment: str = "production") -> None:
    found = release(*trailers)
    check_deployment(open_repository(repo.path), environment, [found], local=True)


def rule(repo: Repo, *lines: str, **files: str) -> None:
    """Commit the rules of production to the default branch."""
    table = "\n".join(["[environments.production]", *lines, ""])
    repo.commit({"promptops.toml": table, ".promptops/groups.toml": GROUPS, **files})


@pytest.mark.slow
def test_without_rules_everything_may_be_deployed(repo: Repo) -> None:
    check(repo)  # a repository without a commit
    rule(repo, "merged = true")
    check(repo)
    rule(repo, "deployers = ['@kim']")
    check(repo, environment="staging")


def test_only_committed_rules_count(repo: Repo) -> None:
    rule(repo, "evals = true")
    repo.write("promptops.toml", "[environments.production]\n")
    with pytest.raises(RefusedError, match="has no evidence that its evals passed"):
        check(repo)
    check(repo, GOOD)


@pytest.mark.parametrize(
    ("deployers", "may"),
    [
        ("'@jane'", True),
        ("'jane@example.com'", True),
        ("'@acme/ops'", True),
        ("'@kim'", False),
        ("'@acme/others', '@kim'", False),
    ],
)
def test_only_those_who_are_listed_may_deploy(repo: Repo, deployers: str, may: bool) -> None:
    rule(repo, f"deployers = [{deployers}]")
    if may:
        check(repo)
        return
    with pytest.raises(
        RefusedError, match=r"jane@example\.com may not deploy to production"
    ) as caught:
        check(repo)
    assert caught.value.hint == f"those who may: {deployers.replace(chr(39), '')}"


@pytest.mark.slow
def test_a_deployer_is_known_by_their_key_as_well(repo: Repo) -> None:
    signers = {".promptops/allowed_signers": allow("kim")}
    rule(repo, "deployers = ['kim@example.com']", **signers)
    with pytest.raises(RefusedError, match="may not deploy"):
        check(repo)
    repo.config("gpg.format", "ssh")
    repo.config("user.signingKey", str(ssh_key("kim").with_suffix(".pub")))
    check(repo)


@pytest.mark.parametrize("trailers", [(), (BAD,), (GOOD, BAD)])
def test_all_evals_of_the_tag_must_have_passed(trailers: tuple[tuple[str, str], ...]) -> None:
    rules = Environment("production", evals=True)
    with pytest.raises(RefusedError, match="which production requires"):
        require_evals(None, rules, release(*trailers))  # type: ignore[arg-type]
    require_evals(None, rules, release(GOOD))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("needed", "signed", "fault"),
    [
        (0, (), None),
        (1, ("kim",), None),
        (1, (), "needs one approval for production beside the deployer's, and has none"),
        # The deployer under another name.
        (1, ("jane@example.com",), "and has none"),
        (2, ("kim", "@jane"), "needs 2 approvals .*, and has those of kim"),
        (2, ("kim", "max", "@jane"), None),
    ],
)
def test_enough_others_must_have_approved(
    monkeypatch: pytest.MonkeyPatch, needed: int, signed: tuple[str, ...], fault: str | None
) -> None:
    def read(*_: object, fetch: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        assert fetch
        return signed, ("one is false",)

    monkeypatch.setattr("promptops.gate.approvals.signed.read_deployment_approvers", read)
    branch = BranchRules(Config(), "a" * 40, parse_groups(GROUPS.encode()))
    rules = Environment("production", approvals=needed)

    def ask() -> None:
        require_approvals(None, branch, rules, ["jane"], release(), fetch=True)  # type: ignore[arg-type]

    if fault is None:
        ask()
        return
    with pytest.raises(RefusedError, match=fault) as caught:
        ask()
    assert caught.value.hint == "promptops approve a@1.0.0 --env production (one is false)"
