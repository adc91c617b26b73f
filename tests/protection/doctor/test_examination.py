"""The whole examination: what it says of a sound repository, and in which words and formats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.cli.doctor import doctor as doctor_command
from promptops.prompt.finding import Severity
from promptops.protection.doctor import LOCAL_CHECKS
from tests.cli.running import run
from tests.protection.doctor.pieces import FINDING, UNKNOWN, look, merge

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.slow
def test_a_sound_repository_is_protected_and_certain(sound: Repo) -> None:
    diagnosis = look(sound)
    findings = [(one.check, one.severity) for one in diagnosis.of(FINDING)]
    assert findings == [("signing", Severity.NOTE), ("gate-workflow", Severity.NOTE)]
    assert diagnosis.is_protected
    assert diagnosis.is_certain
    # What does not apply answers nothing, everything else has looked.
    silent = set(LOCAL_CHECKS) - {answer.check for answer in diagnosis.answers}
    assert silent == {
        "ledger",
        "mirrors",
        "server-hook",
        "gate-job",
        "deploy-workflow",
        "release-workflow",
        "nightly-workflow",
        "version-tools",
        "formatters",
    }


def test_what_keeps_a_check_from_looking_is_said(sound: Repo) -> None:
    merge(sound, {"promptops.toml": "gate = 1\n"})
    diagnosis = look(sound)
    assert not diagnosis.is_certain
    (policy,) = (one for one in diagnosis.answers if one.check == "policy")
    assert policy.seen == snapshot("promptops.toml: gate is not a table")
    assert policy.state is UNKNOWN


@pytest.mark.slow
def test_exit_codes_and_json(sound: Repo) -> None:
    result = run(sound, "doctor", "--format", "json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["schema"]) == (0, "promptops.doctor/v1")
    assert (document["protected"], document["certain"]) == (True, True)
    states = {answer["check"]: answer["state"] for answer in document["answers"]}
    assert states["signing"] == "finding"
    assert states["history"] == "fine"
    sound.config("remote.origin.url", "http://git.example.com/acme/shop.git")
    assert run(sound, "doctor").exit_code == 1
    sound.config("remote.origin.url", "https://jane:hunter2@git.example.com/acme/shop.git")
    merge_locally = 'remote = "origin"\ngate = 1\n'
    sound.commit({"promptops.toml": merge_locally})
    sound.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert run(sound, "doctor").exit_code == 2


@pytest.mark.slow
def test_a_person_reads_what_is_wrong_why_and_what_to_do(sound: Repo) -> None:
    sound.config("remote.origin.tagOpt", "--no-tags")
    text = run(sound, "doctor").stdout.split("\n\n")
    remedy = "git config --unset remote.origin.tagOpt, and fetch them: git fetch origin"
    assert text[0].splitlines() == [
        "warning  git fetch does not fetch tags [refspecs]",
        "         where: remote.origin.tagOpt",
        "          risk: releases of others are missing, and their version numbers seem free",
        f"         remedy: {remedy}",
    ]
    assert "   fine  the history is complete [history]" in text[-1].splitlines()


@pytest.mark.slow
def test_findings_come_out_in_the_formats_of_ci(sound: Repo) -> None:
    sound.config("remote.origin.tagOpt", "--no-tags")
    lines = run(sound, "doctor", "--format", "github").stdout.splitlines()
    assert lines[0].startswith("::warning file=remote.origin.tagOpt,title=refspecs::git fetch")
    lines = run(sound, "doctor", "--format", "concise").stdout.splitlines()
    assert lines[0] == snapshot(
        "remote.origin.tagOpt: warning: git fetch does not fetch tags [refspecs]"
    )


def test_every_check_says_what_it_looks_for() -> None:
    for look_at in LOCAL_CHECKS.values():
        assert (look_at.__doc__ or "").startswith(("Check ", "If "))
    assert doctor_command.__doc__
