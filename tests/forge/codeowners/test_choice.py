"""Whose rules hold, and that every verb says the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.forge.codeowners import Dialect
from promptops.forge.codeowners.choice import choose_dialect, load_owners
from tests.cli.running import run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo

GITHUB, GITLAB = Dialect.GITHUB, Dialect.GITLAB


@pytest.mark.parametrize(
    ("configured", "forge", "files", "chosen"),
    [
        (None, None, {}, GITHUB),
        (None, None, {"CODEOWNERS": "* @dev"}, GITHUB),
        (None, None, {"CODEOWNERS": "[Docs]\n* @dev"}, GITHUB),
        (None, None, {".github/CODEOWNERS": "[Docs]\n* @dev"}, GITHUB),
        (None, None, {".github/CODEOWNERS": "", ".gitlab/CODEOWNERS": ""}, GITHUB),
        (None, None, {".gitlab/CODEOWNERS": "* @dev"}, GITLAB),
        (None, None, {".gitlab-ci.yml": "", "CODEOWNERS": "* @dev"}, GITLAB),
        (None, GITLAB, {".github/CODEOWNERS": ""}, GITLAB),
        (None, GITHUB, {".gitlab/CODEOWNERS": ""}, GITHUB),
        ("github", GITLAB, {".gitlab/CODEOWNERS": ""}, GITHUB),
        ("gitlab", GITHUB, {".github/CODEOWNERS": ""}, GITLAB),
    ],
)
def test_the_dialect_that_holds(
    configured: str | None, forge: Dialect | None, files: dict[str, str], chosen: Dialect
) -> None:
    found = {path: text.encode() for path, text in files.items()}
    assert choose_dialect(configured, found.get, forge=forge) is chosen


def test_a_first_file_that_cannot_be_used_does_not_make_the_second_count() -> None:
    files = {".github/CODEOWNERS": b"\0", "CODEOWNERS": b"* @dev"}
    found = load_owners(GITHUB, files.get)
    assert found is not None
    assert found.path == ".github/CODEOWNERS"
    assert found.owners.refusal is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "files", "is_owned"),
    [
        (
            '[gate]\ndialect = "gitlab"\n',
            {".github/CODEOWNERS": "/src/ @dev\n", ".gitlab/CODEOWNERS": "* @nobody\n"},
            True,
        ),
        (
            '[gate]\ndialect = "github"\n',
            {".github/CODEOWNERS": "/src/ @dev\n", ".gitlab/CODEOWNERS": "* @nobody\n"},
            False,
        ),
        ("", {".github/CODEOWNERS": "/src/ @dev\n", ".gitlab/CODEOWNERS": "* @nobody\n"}, False),
        ("", {".gitlab/CODEOWNERS": "* @nobody\n"}, True),
        ("", {"CODEOWNERS": "/src/ @dev\n", ".gitlab-ci.yml": "a: 1\n"}, False),
    ],
)
def test_all_verbs_agree(repo: Repo, settings: str, files: dict[str, str], is_owned: bool) -> None:
    repo.write("promptops.toml", f"{settings}[checks]\nunowned-prompt = 'warning'\n")
    repo.write("prompts/a.md", prompt_text())
    for path, text in files.items():
        repo.write(path, text)
    repo.commit()
    validated = json.loads(run(repo, "validate", "--format", "json").stdout)
    said = {finding["check"] for finding in validated["findings"]}
    owners = json.loads(run(repo, "owners", "prompts/a.md", "--format", "json").stdout)
    doctor = json.loads(run(repo, "doctor", "--format", "json").stdout)
    linted = json.loads(run(repo, "owners", "lint", "--format", "json").stdout)
    assert ("unowned-prompt" not in said) is is_owned
    assert (owners["paths"][0]["state"] == "owned") is is_owned
    assert ("unowned-prompt" not in {one["check"] for one in linted["findings"]}) is is_owned
    assert doctor["answers"]
