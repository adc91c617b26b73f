"""The third level: production use with an on-call owner."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from promptops.evals.nightly.branch import HistoryBranch
from promptops.forge.codeowners import Dialect, parse_owners
from promptops.readiness.facts import ReadinessFacts
from promptops.readiness.production import PLAYBOOKS
from promptops.repository.repository import open_repository
from tests.evals.nightly.pieces import RECORD
from tests.prompts import prompt_text
from tests.readiness.pieces import (
    CONFIG,
    NIGHTLY,
    judge_item,
    make_facts,
)

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.slow
@pytest.mark.parametrize(
    ("nights", "outcome", "said"),
    [
        ([], "cannot be seen", "has no nightly results"),
        (["2026-11-20", "2026-11-28"], "met", "last on 2026-11-28"),
        (["2026-11-20"], "missing", "the last night on record is 2026-11-20"),
    ],
)
def test_nightly_evals_have_to_have_run_lately(
    repo: Repo, nights: list[str], outcome: str, said: str
) -> None:
    repo.write("promptops.toml", CONFIG)
    repo.write(".github/workflows/nightly.yml", NIGHTLY.replace("eval run", "eval nightly"))
    for night in nights:
        history = HistoryBranch(open_repository(repo.path))
        history.append([replace(RECORD, night=night)])
    facts = ReadinessFacts(open_repository(repo.path))
    facts.now = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
    found, evidence = judge_item(facts, "nightly")
    assert (found, said in evidence) == (outcome, True), evidence


A = {"a": prompt_text()}
CHANNEL = '[alerts.slack]\nurl_variable = "SLACK_URL"\n'
OWNED = parse_owners("/prompts/ @team\n", Dialect.GITHUB)
SPEND = "{spend_per_day = 1}"
KEYED = '[log]\nencryption_key = "LOG_KEY"\n'
WEEKLY = {"ci.yml": "schedule:\n  - run: promptops eval run\n"}
GATED = '[gate]\nbranches = ["main"]\n'


@pytest.mark.parametrize(
    ("facts", "item", "outcome", "said"),
    [
        (make_facts(), "failover", "cannot be seen", "no drill has shown"),
        (make_facts(), "observability", "missing", "no telemetry"),
        (make_facts("[telemetry]\nprometheus = true\n"), "observability", "met", "Prometheus"),
        (make_facts(), "alerts", "missing", "there is no channel"),
        (make_facts(CHANNEL), "alerts", "cannot be seen", "whether an alert reaches a person"),
        (make_facts(), "limits", "missing", "no limit for each user and tenant"),
        (make_facts(f"[guards]\nper_user = {SPEND}\n"), "limits", "missing", "for each tenant"),
        (
            make_facts(f"[guards]\nper_user = {SPEND}\nper_tenant = {SPEND}\n"),
            "limits",
            "met",
            "each user and each tenant",
        ),
        (make_facts(runs={"runs": 9, "tenants": 0}), "cost", "missing", "no run names its tenant"),
        (make_facts(runs={"tenants": 1}), "cost", "met", "runs of 1 tenant"),
        (make_facts(prompts=A), "owners", "missing", "there is no CODEOWNERS"),
        (make_facts(prompts=A, owners=OWNED), "owners", "met", "the only prompt has an owner"),
        (
            make_facts('prompts = "texts"\n', A, owners=OWNED),
            "owners",
            "missing",
            "no owner for a",
        ),
        (
            make_facts('[gate]\napprovals = "off"\n', A, owners=OWNED),
            "owners",
            "missing",
            "the gate requires no approval",
        ),
        (make_facts(prompts=A, samples={"a": {"": 49}}), "fifty-samples", "missing", "a (49)"),
        (
            make_facts(prompts=A, samples={"a": {"": 50}}),
            "fifty-samples",
            "missing",
            "fewer than 1 samples tagged edge: a (0)",
        ),
        (make_facts(prompts=A, samples={"a": {"": 50, "edge": 1}}), "fifty-samples", "met", "edge"),
        (make_facts(), "nightly", "missing", "no scheduled workflow"),
        (make_facts(workflows=WEEKLY), "nightly", "missing", "ci.yml runs evals without alerts"),
        (make_facts(CHANNEL, workflows=WEEKLY), "nightly", "met", "ci.yml runs evals"),
        (make_facts(prompts=A), "review", "missing", "no answer is reviewed"),
        (
            make_facts(prompts={"a": prompt_text(review="{when: low-confidence}")}),
            "review",
            "met",
            "a asks for a review",
        ),
        (make_facts(), "shares", "missing", "no version was compared"),
        (make_facts(), "state", "missing", "the run log is not encrypted"),
        (make_facts(KEYED), "state", "met", "the log is encrypted"),
        (
            make_facts(f'{KEYED}[guards]\nledger = "memory"\n'),
            "state",
            "missing",
            "kept in memory only",
        ),
        (make_facts(), "retention", "missing", "runs are kept forever"),
        (make_facts('[log]\nretention = "90d"\n'), "retention", "met", "for 90 days"),
        (make_facts(), "validation", "missing", "there is no active prompt"),
        (make_facts(prompts=A), "validation", "missing", "the answer is any text in a"),
        (
            make_facts(prompts={"a": prompt_text(output="{type: object}")}),
            "validation",
            "met",
            "declares its inputs and its output",
        ),
        (make_facts('[log]\ncontent = "full"\n'), "personal-data", "missing", "unredacted"),
        (make_facts('[log]\ncontent = "none"\n'), "personal-data", "met", "no texts are kept"),
        (make_facts(), "personal-data", "met", "texts are redacted"),
        (make_facts(), "approvals", "missing", "no CI runs the gate"),
        (make_facts(GATED), "approvals", "missing", "anyone can deploy"),
        (
            make_facts(
                "[environments.production]\napprovals = 1\n",
                workflows={"ci.yml": "run: promptops gate\n"},
            ),
            "approvals",
            "met",
            "changes pass the gate",
        ),
    ],
)
def test_each_item_is_judged_by_its_own_facts(
    facts: ReadinessFacts, item: str, outcome: str, said: str
) -> None:
    found = judge_item(facts, item)
    assert found[0] == outcome
    assert said in found[1]


def test_versions_are_compared_once_traffic_was_split(repo: Repo) -> None:
    facts = ReadinessFacts(open_repository(repo.path))
    assert judge_item(facts, "shares")[0] == "missing"
    (_, deployment) = facts.deployments
    change = deployment.changes[0]._replace(after="1.0.0 90%, 1.1.0 10%")
    split = make_facts(deployments=[deployment, deployment._replace(changes=(change,))])
    outcome, said = judge_item(split, "shares")
    assert outcome == "met"
    assert said == f"deployment 1 of {deployment.environment} split traffic"


@pytest.mark.parametrize("path", PLAYBOOKS)
def test_a_playbook_is_found_where_it_may_stand(repo: Repo, path: str) -> None:
    facts = ReadinessFacts(open_repository(repo.path))
    assert judge_item(facts, "playbook")[0] == "missing"
    repo.write(path, "Call Ann.\n")
    assert judge_item(facts, "playbook") == ("met", path)
