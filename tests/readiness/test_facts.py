"""Facts for the checklist, read from the repository and its run log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.evals.nightly.branch import HistoryBranch
from promptops.readiness.facts import ReadinessFacts
from promptops.repository.adoption.scan import write_baseline
from promptops.repository.repository import open_repository
from tests.evals.nightly.pieces import RECORD
from tests.prompts import prompt_text
from tests.readiness.pieces import (
    NOW,
    judge,
    suite,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_samples_are_counted_by_prompt(repo: Repo) -> None:
    repo.write("evals/support/triage.yaml", suite("support/triage", 7))

    found = judge(repo)

    assert found["five-samples"][0] == "met"
    assert masked(found["twenty-samples"]) == snapshot(
        ["missing", "fewer than 20 samples: support/triage (7)"]
    )


def open_facts(repo: Repo, now: float = NOW) -> ReadinessFacts:
    return ReadinessFacts(open_repository(repo.path), now=now, environment={})


def test_only_active_prompts_count_and_broken_ones_are_listed(repo: Repo) -> None:
    repo.write("prompts/draft.md", prompt_text(status="draft"))
    repo.write("prompts/broken.md", "---\nversion: [\n---\nHi\n")
    facts = open_facts(repo)
    assert list(facts.prompts) == ["support/triage"]
    assert facts.unreadable == ["broken"]


def test_samples_are_counted_by_tag(repo: Repo) -> None:
    repo.write("evals/support/triage.yaml", suite("support/triage", 2))
    repo.write("evals/none.yaml", suite("none", 9))
    facts = open_facts(repo)
    assert facts.samples == {"support/triage": {"": 2, "edge": 2}}
    assert facts.lacking(2, "edge") == []
    assert facts.lacking(3) == ["support/triage (2)"]
    assert facts.lacking(1, "other") == ["support/triage (0)"]


@pytest.mark.slow
def test_a_night_in_the_future_is_not_the_last_one(repo: Repo) -> None:
    for night in ("2025-12-30", "2026-02-01"):
        HistoryBranch(open_repository(repo.path)).append([replace(RECORD, night=night)])
    assert open_facts(repo).last_night == "2025-12-30"


def test_without_a_log_nothing_has_run(repo: Repo) -> None:
    assert open_facts(repo).runs == {}


def test_workflows_are_those_of_the_forges(repo: Repo) -> None:
    files = {".gitlab-ci.yml": "a", ".github/workflows/x.yml": "b", "docs/x.yml": "c"}
    for path, text in files.items():
        repo.write(path, text)
    assert open_facts(repo).workflows == {
        path: text for path, text in files.items() if not path.startswith("docs/")
    }


def test_code_that_is_only_tested_or_accepted_does_not_count(repo: Repo) -> None:
    call = "import openai\nopenai.OpenAI().chat.completions.create()\n"
    repo.write("app/chat.py", call)
    repo.write("tests/test_chat.py", call)
    assert [one.path for one in open_facts(repo).code] == ["app/chat.py"]
    write_baseline(open_repository(repo.path), open_facts(repo).code)
    assert list(open_facts(repo).code) == []
