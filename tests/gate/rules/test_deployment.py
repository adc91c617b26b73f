"""Who may deploy, and who else approved: tables."""

from __future__ import annotations

import pytest

from promptops.gate.rules.deployment import has_passed_evals, list_approvers, may_deploy
from promptops.gate.rules.people import Groups, parse_groups

GROUPS = parse_groups(b"""
[people]
jane = ["@jane", "jane@example.com"]
kim = ["@kim", "kim@example.com"]

[teams]
"@acme/release" = ["jane", "@acme/leads"]
"@acme/leads" = ["@zoe"]
""")


@pytest.mark.parametrize(
    ("deployers", "names", "may"),
    [
        ([], ["anybody"], True),
        (["@acme/release"], ["jane@example.com"], True),
        (["@Acme/Release"], ["@ZOE"], True),
        (["@acme/leads"], ["@jane"], False),
        (["@acme/release"], ["kim@example.com"], False),
        (["@acme/release"], ["kim@example.com", "@jane"], True),
        (["jane@example.com"], ["@jane"], True),
        (["@acme/other", "@kim"], ["kim"], True),
        (["@acme/other"], ["@acme/other-one"], False),
        (["@acme/release"], [], False),
    ],
)
def test_who_may_deploy(deployers: list[str], names: list[str], may: bool) -> None:
    assert may_deploy(deployers, names, GROUPS) is may


def test_without_a_groups_file_a_name_is_itself() -> None:
    assert may_deploy(["Jane@example.com"], ["jane@EXAMPLE.com"], Groups())
    assert not may_deploy(["@acme/release"], ["jane@example.com"], Groups())


@pytest.mark.parametrize(
    ("approvers", "deployer", "people"),
    [
        ([], ["@jane"], ()),
        (["@jane", "jane@example.com"], ["@kim"], ("@jane",)),
        (["@jane", "kim@example.com"], ["@kim"], ("@jane",)),
        (["jane@example.com"], ["@jane"], ()),
        (["JANE"], ["@jane"], ()),
        (["@zoe", "@jane", "kim"], [], ("@zoe", "@jane", "kim")),
        (["@zoe", "@ZOE"], ["@stranger"], ("@zoe",)),
        (["@zoe"], ["@stranger", "@zoe"], ()),
        (["7+zoe@users.noreply.github.com"], ["@zoe"], ()),
        (["@zoe", "7-zoe@users.noreply.gitlab.com"], ["@kim"], ("@zoe",)),
    ],
)
def test_people_beside_the_deployer_count_once(
    approvers: list[str], deployer: list[str], people: tuple[str, ...]
) -> None:
    assert list_approvers(approvers, deployer, GROUPS) == people


@pytest.mark.parametrize(
    ("trailers", "passed"),
    [
        ([], False),
        ([("Prompt-Gate", "x passed")], False),
        ([("Prompt-Evals", "evals/a.yaml passed")], True),
        ([("Prompt-Evals", "evals/a.yaml failed")], False),
        ([("Prompt-Evals", "a passed"), ("Prompt-Evals", "b failed")], False),
        ([("Prompt-Evals", "evals/apassed")], False),
    ],
)
def test_evals_have_passed_when_all_have(trailers: list[tuple[str, str]], passed: bool) -> None:
    assert has_passed_evals(trailers) is passed
