"""Which forge is asked for approvals, and about whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.errors import UsageError
from promptops.forge.codeowners import Dialect, parse_owners
from promptops.gate.approvals.forge import find_forge, list_owners
from promptops.gate.policy import Policy
from promptops.gate.rules.people import parse_groups
from promptops.repository.config import Config
from tests.forge.test_event import GITHUB, GITLAB, MERGE_REQUEST
from tests.gate.pieces import NEXT, PLAIN, edit, propose, touched

if TYPE_CHECKING:
    from pathlib import Path


def test_a_forge_is_asked_in_its_own_runs_about_proposals(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"ref": "refs/heads/main", "after": "a" * 40, "before": "b" * 40}))
    names = {"GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(event)}
    for environment in ({}, GITLAB, {**GITHUB, **names}):
        assert find_forge(environment) is None
        assert find_forge(environment, name="github") is None
    assert find_forge(MERGE_REQUEST) is not None
    assert find_forge(MERGE_REQUEST, name="gitlab") is not None
    with pytest.raises(UsageError, match="approvals come from github, and this is gitlab's CI"):
        find_forge(MERGE_REQUEST, name="github")


def policy(owners: str | None, dialect: Dialect = Dialect.GITHUB) -> Policy:
    file = None if owners is None else parse_owners(owners, dialect)
    return Policy("a" * 40, Config(), file, "CODEOWNERS", parse_groups(b""), None)


def test_the_owners_of_all_changed_files_are_asked_about_once() -> None:
    change = propose(edit(PLAIN, NEXT), paths=[touched("CODEOWNERS"), touched("a")])
    owners = "* @Lead\n/prompts/ @owner @lead @acme/team\n/a @owner\n/b @nobody\n"
    assert list_owners(policy(owners), change) == ["@Lead", "@owner", "@lead", "@acme/team"]
    assert list_owners(policy(None), change) == []


def test_owners_of_optional_sections_are_not_asked_about() -> None:
    owners = "[Leads]\n* @lead\n^[Maybe]\n* @maybe\n"
    change = propose(paths=[touched("a")])
    assert list_owners(policy(owners, Dialect.GITLAB), change) == ["@lead"]
