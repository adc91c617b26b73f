"""Audits and quarterly reviews, as the pages that people read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from promptops.readiness.audit import write_audit, write_quarter
from promptops.readiness.facts import ReadinessFacts
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.readiness.pieces import (
    NOW,
    suite,
)

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_an_audit_has_a_line_for_each_prompt(repo: Repo) -> None:
    repo.write("CODEOWNERS", "* @acme/a_b\n")
    repo.write("prompts/new.md", prompt_text(inputs="{question: {type: string, untrusted: true}}"))
    repo.write("evals/support/triage.yaml", suite("support/triage", 2))
    facts = ReadinessFacts(open_repository(repo.path), now=NOW)
    page = write_audit(facts)
    assert page.startswith("# Audit of prompts, 2026-01-01\n\n2 active prompts, ")
    assert f"Commit `{repo.rev('HEAD')[:12]}`." in page
    new, triage = (line for line in page.splitlines() if line.startswith(("| new", "| support")))
    # What others write can be no markup: a name with an underscore would be italic.
    assert new.startswith(
        r"| new | 1.0.0 | openai/gpt-4o-mini | @acme/a\_b | nowhere | 0 | question |"
    )
    live = "staging 1.0.0, production 1.0.0"
    assert (
        f"| support/triage | 1.1.0 | openai/gpt-4o-mini | @acme/a\\_b | {live} | 2 | none |"
        in triage
    )
    assert "## Readiness\n" in page
    assert "### Tool" in page


@pytest.mark.parametrize(
    ("day", "name", "begin"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-Q1", "2026-01-01"),
        (datetime(2026, 3, 31, tzinfo=UTC), "2026-Q1", "2026-01-01"),
        (datetime(2026, 4, 1, tzinfo=UTC), "2026-Q2", "2026-04-01"),
        (datetime(2026, 12, 31, tzinfo=UTC), "2026-Q4", "2026-10-01"),
    ],
)
def test_a_review_is_of_the_quarter_that_the_day_is_in(
    repo: Repo, day: datetime, name: str, begin: str
) -> None:
    facts = ReadinessFacts(open_repository(repo.path), now=day.timestamp())
    found, page = write_quarter(facts)
    assert found == name
    assert page.startswith(f"# Review of {name}\n\nFrom {begin} to {day:%Y-%m-%d}: ")
    assert "## Rollbacks and pauses\n\nNone.\n" in page


def test_a_review_lists_what_went_back_within_the_quarter(repo: Repo) -> None:
    facts = ReadinessFacts(open_repository(repo.path), now=NOW)
    one = facts.deployments[0]
    then = one.author._replace(time_seconds=int(NOW))
    back = one._replace(action="rollback", reason="wrong | answers", author=then)
    before = back._replace(author=then._replace(time_seconds=int(NOW) - 1))
    paused = back._replace(action="pause", reason="")
    vars(facts)["deployments"] = [back, before, paused, back._replace(action="promote")]
    _, page = write_quarter(facts)
    assert "3 deployments, 1 rollback, 1 pause." in page
    rows = [line for line in page.splitlines() if line.startswith("| 2026-")]
    assert len(rows) == 2
    assert r"| wrong \| answers |" in rows[0]
    assert rows[1].endswith("| no reason given |")
