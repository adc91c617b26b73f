"""The checks of GitHub's settings, asked about a fake GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.forge.github import GitHub
from promptops.prompt.finding import Severity
from promptops.protection.doctor import AnswerState
from promptops.protection.doctor.github import GITHUB_CHECKS, ExpectedGate, read_github
from tests.protection.doctor.pieces import NOTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.protection.doctor import DoctorAnswer
    from tests.protection.doctor.github.fake import ProtectedGitHub

Fault = tuple[str, Severity | None]

EXPECTED = ExpectedGate(frozenset({"promptops"}), takes_queue=True, deploys=True)


def look(
    forge: ProtectedGitHub, expected: ExpectedGate = EXPECTED
) -> dict[str, list[DoctorAnswer]]:
    """Read the settings of a fake GitHub, and ask every check about them."""
    with GitHub("acme/prompts", token="good", url=forge.url) as github:
        settings = read_github(
            github, "acme/prompts", ("staging", "production"), deploys=expected.deploys
        )
    return {check: list(judge(settings, expected)) for check, judge in GITHUB_CHECKS.items()}


def faults(answers: dict[str, list[DoctorAnswer]]) -> list[Fault]:
    """List what is not fine: each check, and how grave it is."""
    return [
        (check, one.severity)
        for check, found in answers.items()
        for one in found
        if one.state is not AnswerState.FINE
    ]


# Whoever may push a workflow can set a status as GitHub Actions; this cannot be closed by settings
# of the repository, so it is always said.
ALWAYS = [("required-status", NOTE)]


def of(forge: ProtectedGitHub, kind: str, branch: str = "main") -> dict[str, Any]:
    """Give the parameters of a branch's only rule of a type, to be changed."""
    (rule,) = (rule for rule in forge.rules[branch] if rule["type"] == kind)
    parameters: dict[str, Any] = dict(rule["parameters"])
    rule["parameters"] = parameters
    return parameters


def drop(forge: ProtectedGitHub, kind: str, branch: str = "main") -> None:
    """Remove the rules of a type from a branch."""
    forge.rules[branch] = [rule for rule in forge.rules[branch] if rule["type"] != kind]


def bypass(forge: ProtectedGitHub) -> None:
    """Let administrators pass the rules of the default branch."""
    forge.rulesets[1]["bypass_actors"] = [
        {"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "pull_request"}
    ]


def shallow_tags(forge: ProtectedGitHub) -> None:
    """Protect only the releases of prompts that are in no folder."""
    names = ["refs/tags/prompts/*", "refs/tags/yanked/**/*"]
    forge.rulesets[3]["conditions"]["ref_name"]["include"] = names


def check_gap(
    forge: ProtectedGitHub,
    spoil: Callable[[ProtectedGitHub], None],
    found: list[Fault],
    said: str,
) -> None:
    """Open one gap; insist that it is found, with its risk and its remedy, and nothing else."""
    spoil(forge)
    answers = look(forge)
    assert faults(answers) == found
    gaps = [one for some in answers.values() for one in some if one.state is not AnswerState.FINE]
    assert any(said in one.seen for one in gaps), [one.seen for one in gaps]
    assert all(one.remedy and (one.risk or one.state is AnswerState.UNKNOWN) for one in gaps)
