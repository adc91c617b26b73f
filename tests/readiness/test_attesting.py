"""Statements, audits and reviews that are written into the work tree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from promptops.errors import NotFoundError, UsageError
from promptops.readiness.attestations import FILE, Attestation
from promptops.readiness.attesting import attest, attest_drill, record_audit
from promptops.readiness.facts import ReadinessFacts
from promptops.repository.repository import open_repository
from tests.cli.running import refuse, run
from tests.readiness.pieces import (
    NOW,
    judge,
)

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--audit", "--quarter"])
def test_audits_are_written_once_and_attested(repo: Repo, option: str) -> None:
    repo.write("CODEOWNERS", "* @a|b\n")

    said = run(repo, "readiness", option)
    again = refuse(repo, "readiness", option, code=2)

    assert said.exit_code == 0, said.output
    [file] = (repo.path / "audits").iterdir()
    assert "support/triage" in file.read_text("utf-8") or option == "--quarter"
    assert "already exists" in again
    assert judge(repo)["audits" if option == "--audit" else "quarter"][0] == "attested"


@pytest.mark.parametrize(
    "words",
    [
        ("--attest", "failover"),
        ("--evidence", "x"),
        ("--attest", "failover", "--evidence", " "),
        ("--attest", "failovr", "--evidence", "x"),
        ("--audit", "--quarter"),
    ],
)
def test_wrong_use_is_an_error(repo: Repo, words: tuple[str, ...]) -> None:
    refuse(repo, "readiness", *words, code=2)


def open_facts(repo: Repo) -> ReadinessFacts:
    return ReadinessFacts(open_repository(repo.path), now=NOW + 0.9)


def test_a_statement_is_by_gits_user_and_counts_as_long_as_its_item_says(repo: Repo) -> None:
    made = attest(open_facts(repo), "quarter", " read\nall of it ")
    at = datetime.fromtimestamp(NOW, UTC)
    who = "Jane Doe <jane@example.com>"
    assert made == Attestation("quarter", at, who, "read all of it", 100)


def test_a_statement_is_added_after_the_last_line(repo: Repo) -> None:
    """A person's editor may have left the last line without its end."""
    facts = open_facts(repo)
    first = attest(facts, "failover", "one")
    repo.write(FILE, first.write().rstrip())
    second = attest_drill(facts, "recovery", "it came back")
    assert (repo.path / FILE).read_text() == first.write() + second.write()
    assert (second.evidence, second.days) == ("a drill: it came back", 90)


def test_an_item_that_does_not_exist_is_said_with_the_nearest(repo: Repo) -> None:
    with pytest.raises(NotFoundError, match="did you mean failover"):
        attest(open_facts(repo), "failovr", "x")
    with pytest.raises(UsageError, match="an attestation without evidence"):
        attest(open_facts(repo), "failover", " ")


@pytest.mark.slow
def test_an_audit_is_not_written_over(repo: Repo) -> None:
    facts = open_facts(repo)
    path = record_audit(facts)
    assert path == "audits/2026-01-01.md"
    (repo.path / path).unlink()
    (repo.path / path).symlink_to("elsewhere.md")
    with pytest.raises(UsageError, match="already exists"):
        record_audit(facts)
