"""`promptops verify`: what it prints, and with which exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import run
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase

if TYPE_CHECKING:
    from pathlib import Path


def test_verify_says_that_all_is_consistent(showcase: Showcase) -> None:
    done = run(showcase.repo, "verify")

    assert done.exit_code == 0
    assert done.stdout == snapshot(
        "checked 4 releases and 2 environments (5 deployments): all consistent\n"
    )
    assert done.stderr == ""


@pytest.mark.slow
def test_verify_prints_place_fault_and_remedy_and_says_no(showcase: Showcase) -> None:
    showcase.rewrite(files={"README.md": "hello"})

    done = run(showcase.repo, "verify", "staging")

    assert done.exit_code == 1
    assert masked(done.stdout.splitlines()) == snapshot(
        [
            "error: promptops/staging: deployment 4: README.md does not belong in a deployment [stray-file]",
            "  hint: the branch was edited by hand; promptops rollback --env staging --to-deployment 3 restores the state before",
            "checked 1 release and 1 environment (4 deployments): 1 error",
        ]
    )


@pytest.mark.slow
def test_the_remedy_of_verify_heals(showcase: Showcase) -> None:
    showcase.rewrite(files={"README.md": "hello"})

    done = run(
        showcase.repo, "rollback", "--env", "staging", "--to-deployment", "3", "--reason", "heal"
    )

    assert done.exit_code == 0, done.stderr
    tip = run(showcase.repo, "trace", f"{TRIAGE}@staging")
    assert tip.exit_code == 0


def test_verify_as_json_counts_and_lists(showcase: Showcase) -> None:
    showcase.repo.git("tag", "-d", f"prompts/{TRIAGE}@2.0.0")

    done = run(showcase.repo, "verify", "--format", "json")

    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert document["schema"] == "promptops.verify/v1"
    assert (document["consistent"], document["errors"], document["releases"]) == (False, 1, 3)
    (finding,) = document["findings"]
    assert finding["check"] == "missing-tag"
    assert finding["ref"] == f"prompts/{TRIAGE}@2.0.0"


@pytest.mark.slow
def test_verify_of_what_cannot_be_checked_is_no_success(showcase: Showcase, tmp_path: Path) -> None:
    showcase.repo.publish(tmp_path / "remote.git")
    clone = showcase.repo.clone(tmp_path / "clone", "--depth=1", "--no-single-branch")
    clone.git("remote", "set-url", "origin", (tmp_path / "remote.git").as_uri())

    done = run(clone, "verify")

    assert done.exit_code == 2
    assert masked(done.stdout.splitlines()[-1]) == snapshot(
        "checked 4 releases and 2 environments (2 deployments): 2 things could not be checked"
    )
