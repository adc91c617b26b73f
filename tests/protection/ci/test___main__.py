"""A run of the gate in CI: what it tells of an event that cannot be judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from promptops.protection.ci.__main__ import MARKER, main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What a runner sets before anything is known of the event."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://127.0.0.1:9",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_OUTPUT": str(tmp_path / "output.txt"),
        "GITHUB_REPOSITORY": "acme/prompts",
        "GITHUB_SERVER_URL": "https://127.0.0.1:9",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "PROMPTOPS_GITHUB_TOKEN": "good",
        "RUNNER_TEMP": str(tmp_path),
    }


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("push", {"ref": "refs/heads/main", "before": "0" * 40, "after": "1" * 40}),
        ("workflow_dispatch", {}),
        ("pull_request", {"pull_request": {"number": "7; rm -rf /"}}),
        ("pull_request", {}),
        ("merge_group", {"merge_group": {"head_ref": "--upload-pack=x"}}),
        ("workflow_run", {"workflow_run": {"head_sha": "main"}}),
    ],
)
def test_an_event_about_no_change_is_never_a_pass(
    tmp_path: Path, environment: dict[str, str], name: str, event: dict[str, Any]
) -> None:
    event = {**event, "repository": {"default_branch": "main"}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    assert main({**environment, "GITHUB_EVENT_NAME": name}) == 2
    assert (tmp_path / "output.txt").read_text() == "verdict=unknown\n"
    assert (tmp_path / "summary.md").read_text().startswith(f"{MARKER}\n### ❓")


def test_what_is_said_is_no_command_to_the_runner(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    environment["GITHUB_REPOSITORY"] = "\n::add-mask::yes\n"
    assert main(environment) == 2
    first, *said, last = capsys.readouterr().out.splitlines()
    word = first.removeprefix("::stop-commands::")
    assert first != word
    assert last == f"::{word}::"
    assert word not in "".join(said)
    assert main(environment) == 2
    assert word not in capsys.readouterr().out


def test_what_is_said_cannot_end_its_place_in_the_report(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    environment["GITHUB_REPOSITORY"] = "a ````` b"
    main(environment)
    report = (tmp_path / "summary.md").read_text()
    assert "a ````` b" in report
    assert report.count("\n````````") == 2
