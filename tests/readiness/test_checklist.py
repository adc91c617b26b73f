"""The checklist as a whole: all items at once, and attestations, which end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.readiness.attestations import FILE
from promptops.readiness.checklist import ITEMS
from promptops.readiness.item import (
    ReadinessLevel,
)
from tests.cli.running import accept
from tests.prompts import prompt_text
from tests.readiness.pieces import (
    CONFIG,
    FULL,
    NIGHTLY,
    judge,
    suite,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_items_have_names_of_their_own() -> None:
    assert len({one.id for one in ITEMS}) == len(ITEMS) == 34
    assert {one.level for one in ITEMS} == set(ReadinessLevel)


def test_a_repository_with_everything_lacks_only_what_cannot_be_seen(repo: Repo) -> None:
    repo.write("promptops.toml", CONFIG)
    repo.write("CODEOWNERS", "* @team\n")
    repo.write("docs/incidents.md", "Call Ann.\n")
    repo.write(".github/workflows/nightly.yml", NIGHTLY)
    keys = dict(FULL)
    keys.pop("review")
    repo.write("prompts/support/triage.md", prompt_text("1.1.0", output="{type: object}", **keys))
    repo.write("evals/support/triage.yaml", suite("support/triage", 50))

    found = judge(repo)

    lacking = {name for name, (outcome, _) in found.items() if outcome == "missing"}
    assert lacking == {"logging", "runtime", "cost", "shares", "review"}
    unseen = {name for name, (outcome, _) in found.items() if outcome == "cannot be seen"}
    assert unseen == {"failover", "alerts", "audits", "quarter", "recovery"}


@pytest.mark.slow
def test_an_attestation_counts_until_it_ends(repo: Repo) -> None:
    accept(repo, "readiness", "--attest", "failover", "--evidence", "pulled the plug")
    [line] = (repo.path / FILE).read_text().splitlines()
    at = datetime.strptime(json.loads(line)["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    now = judge(repo)["failover"]
    later = judge(repo, now=at.timestamp() + 91 * 86400)["failover"]
    before = judge(repo, now=at.timestamp() - 86400)["failover"]

    assert now[0] == "attested"
    assert masked(now[1]) == snapshot(
        "pulled the plug (Jane Doe <jane@example.com>, <time>; until <time>)"
    )
    assert later[0] == "cannot be seen"
    assert masked(later[1]) == snapshot(
        "no drill has shown that a fallback answers; the attestation by Jane Doe <jane@example.com> ended on <time>"
    )
    assert before[0] == "cannot be seen"


def test_an_attestation_does_not_hide_what_is_seen(repo: Repo) -> None:
    repo.write("evals/support/triage.yaml", suite("support/triage", 7))
    accept(repo, "readiness", "--attest", "twenty-samples", "--evidence", "in another suite")

    outcome, evidence = judge(repo)["twenty-samples"]

    assert outcome == "attested"
    assert masked(evidence) == snapshot(
        "in another suite (Jane Doe <jane@example.com>, <time>; until <time>); seen here: fewer than 20 samples: support/triage (7)"
    )
