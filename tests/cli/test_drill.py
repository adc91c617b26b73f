"""`promptops drill`: each step with its time, what was shown, and the attestation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.readiness.attestations import FILE
from promptops.readiness.drills.catalogue import DrillResult
from promptops.readiness.drills.scratch import DrillStep
from tests.cli.running import accept, run

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.fixture(autouse=True)
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drill that has two steps and takes no time."""
    steps = (DrillStep("copied", 0.25), DrillStep("restored", 12.3456))
    result = DrillResult("recovery", steps, "3 releases were restored")
    monkeypatch.setattr(
        "promptops.readiness.drills.catalogue.run_drill", lambda _repository, _name: result
    )


def test_the_result_is_printed_and_attested(repo: Repo) -> None:
    result = run(repo, "drill", "restore")
    assert result.stdout == "   0.2 s  copied\n  12.3 s  restored\n3 releases were restored\n"
    assert result.stderr == f"recorded in {FILE}; commit it\n"
    (line,) = (repo.path / FILE).read_text().splitlines()
    attested = json.loads(line)
    assert (attested["item"], attested["evidence"]) == (
        "recovery",
        "a drill: 3 releases were restored",
    )


def test_without_record_nothing_is_written(repo: Repo) -> None:
    found = json.loads(accept(repo, "drill", "restore", "--no-record", "--format", "json"))
    assert found == {
        "schema": "promptops.drill/v1",
        "drill": "restore",
        "shown": "3 releases were restored",
        "steps": [
            {"what": "copied", "seconds": 0.25},
            {"what": "restored", "seconds": 12.346},
        ],
    }
    assert not (repo.path / FILE).exists()


def test_only_a_drill_that_there_is_can_be_named(repo: Repo) -> None:
    assert run(repo, "drill", "fire").exit_code == 2
