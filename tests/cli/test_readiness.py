"""`promptops readiness`: the checklist in each format, its exit code, and what is written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.readiness.attestations import FILE
from tests.cli.running import refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


def build_team(folder: Path) -> None:
    Repo.init(folder).commit({"prompts/a.md": prompt_text()})


@pytest.fixture
def team(tmp_path: Path) -> Repo:
    copy_template(build_team, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.mark.slow
def test_what_is_missing_is_a_no_in_each_format(team: Repo) -> None:
    left = "No level is reached; 3 items are left for the level tool."
    found = run(team, "readiness", "--format", "json")
    for output in ("text", "markdown"):
        result = run(team, "readiness", "--format", output)
        assert (result.exit_code, left in result.stdout) == (1, True)
    assert (found.exit_code, json.loads(found.stdout)["reached"]) == (1, None)


@pytest.mark.slow
def test_a_lower_level_asks_for_less(team: Repo) -> None:
    counts = []
    for level in ("tool", "product", "production"):
        found = json.loads(run(team, "readiness", "--level", level, "--format", "json").stdout)
        counts.append(len(found["items"]))
    assert counts == sorted(set(counts))


def test_an_attestation_is_dated_and_to_be_committed(team: Repo) -> None:
    result = run(team, "readiness", "--attest", "failover", "--evidence", "pulled the plug")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert f"commit {FILE}" in result.stderr
    attested = json.loads((team.path / FILE).read_text())
    ends = result.stderr.partition("until ")[2].partition(";")[0]
    assert (attested["item"], attested["evidence"]) == ("failover", "pulled the plug")
    assert ends > attested["at"][:10]


@pytest.mark.parametrize("option", ["--audit", "--quarter"])
def test_a_review_is_a_file_to_complete(team: Repo, option: str) -> None:
    result = run(team, "readiness", option)
    assert result.exit_code == 0, result.output
    (file,) = (team.path / "audits").iterdir()
    assert result.stderr.startswith(f"audits/{file.name} written; add your decisions")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--attest", "failover"), "--attest and --evidence must be used together"),
        (("--evidence", "seen"), "--attest and --evidence must be used together"),
        (("--audit", "--quarter"), "--attest, --audit and --quarter cannot be combined"),
        (
            ("--audit", "--attest", "failover", "--evidence", "seen"),
            "--attest, --audit and --quarter cannot be combined",
        ),
        (("--attest", "failovr", "--evidence", "seen"), "did you mean failover?"),
    ],
)
def test_options_that_make_no_sense_together(
    team: Repo, options: tuple[str, ...], told: str
) -> None:
    assert told in refuse(team, "readiness", *options, code=2)
    assert not (team.path / "audits").exists()
    assert not (team.path / FILE).exists()
