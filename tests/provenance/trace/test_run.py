"""Traces that begin at a run: the log's word is held to the repository."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.errors import UsageError
from promptops.provenance.trace import Answered, trace_chain, trace_run
from promptops.runtime.log.record import Decision, RunRecord
from tests.provenance.trace.pieces import link, statuses
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase


@pytest.fixture
def record(untouched: Showcase) -> RunRecord:
    """A run of what is live in staging: 1.1.0, by deployment 4."""
    live = trace_chain(untouched.repository, f"{TRIAGE}@1.1.0")
    return RunRecord(
        "0198f3c2-1abc-7000-8000-000000000001",
        f"{TRIAGE}@staging",
        1_700_000_000.0,
        prompt=TRIAGE,
        version="1.1.0",
        digest=live.digest,
        commit=untouched.repo.rev(f"prompts/{TRIAGE}@1.1.0^{{commit}}"),
        environment="staging",
        deployment=4,
        model="openai/gpt-4o-mini",
        status="succeeded",
        decisions=(Decision("fallback", "the first was down"),),
    )


@pytest.mark.slow
def test_a_run_leads_to_its_deployment_and_on_to_the_release(
    untouched: Showcase, record: RunRecord
) -> None:
    found = trace_run(untouched.repository, record, found_by=Answered(1))
    assert masked(found.verdict) == snapshot(
        "the chain is intact, as far as it was recorded (not: approvals, evidence)"
    )
    assert list(statuses(found))[:5] == ["output", "run", "served by", "digest", "deployments"]
    assert masked(link(found, "output").lines) == snapshot(
        ["1 older run answered the same; the newest is traced"]
    )
    assert masked(link(found, "run").detail) == snapshot(
        "succeeded, <time> UTC, openai/gpt-4o-mini"
    )
    assert masked(link(found, "run").lines) == snapshot(["fallback: the first was down"])
    assert link(found, "served by").detail == snapshot("deployment 4 of staging had it live")


@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [{"deployment": 1}, {"version": "1.0.0"}, {"digest": "sha256:0"}]
)
def test_a_deployment_that_had_something_else_live_breaks_the_chain(
    untouched: Showcase, record: RunRecord, change: dict[str, object]
) -> None:
    found = trace_run(untouched.repository, record._replace(**change))  # type: ignore[arg-type]
    assert statuses(found)["served by"] == "broken"
    assert "chain breaks at served by" in found.verdict


def test_a_deployment_that_is_not_here_cannot_be_checked(
    untouched: Showcase, record: RunRecord
) -> None:
    found = trace_run(untouched.repository, record._replace(deployment=99))
    assert statuses(found)["served by"] == "unchecked"
    assert link(found, "served by").hint is not None


def test_an_exact_version_has_no_deployment(untouched: Showcase, record: RunRecord) -> None:
    pinned = record._replace(ref=f"{TRIAGE}@1.1.0", environment=None, deployment=None)
    found = trace_run(untouched.repository, pinned)
    assert statuses(found)["served by"] == "absent"
    assert masked(found.verdict) == snapshot(
        "the chain is intact, as far as it was recorded (not: served by, approvals, evidence)"
    )


@pytest.mark.slow
def test_text_of_the_work_tree_that_was_never_released_has_no_chain(
    untouched: Showcase, record: RunRecord
) -> None:
    working = record._replace(environment=None, deployment=None, commit=None)
    assert masked(trace_run(untouched.repository, working).verdict) == snapshot(
        "the chain is intact, as far as it was recorded (not: served by, approvals, evidence)"
    )
    found = trace_run(untouched.repository, working._replace(digest="sha256:" + "0" * 64))
    assert found.verdict == snapshot(
        "the chain breaks at release: support/triage ran from the work tree, and no release has its text"
    )


def test_a_run_without_a_prompt_has_no_chain(untouched: Showcase) -> None:
    failed = RunRecord("0198f3c2", "nope", 0.0, status="failed", stage="resolve")
    with pytest.raises(UsageError, match="failed at resolve"):
        trace_run(untouched.repository, failed)
