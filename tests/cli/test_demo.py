"""`promptops demo`: where the tour takes place, and that it stops where it goes wrong."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.running import refuse, run

if TYPE_CHECKING:
    from pathlib import Path

REAL = subprocess.run


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the tour would run: every step ends well, and is not run; Git is."""
    found: list[dict[str, Any]] = []

    def step(words: list[str], **given: Any) -> subprocess.CompletedProcess[bytes]:
        if words[0] == "git" and given.get("capture_output"):
            return REAL(words, **given)
        found.append({"words": words, **given})
        return subprocess.CompletedProcess(words, 0, b"")

    monkeypatch.setattr("promptops.cli.demo.subprocess.run", step)
    return found


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    assert "is not empty" in refuse(tmp_path, "demo", "--in", str(tmp_path), code=2)
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]


def test_it_stops_at_the_first_step_that_ends_otherwise(
    tmp_path: Path, steps: list[dict[str, Any]]
) -> None:
    result = run(tmp_path, "demo", "--in", str(tmp_path / "tour"))
    assert result.exit_code == 2
    # The gate has to refuse the first change.
    assert steps[-1]["words"][-1] == "gate"
    assert result.stderr == (
        "error: that should have ended with exit code 1, not 0\n"
        f" hint: the repository is in {tmp_path / 'tour/repository'}; please report this\n"
    )


def test_a_step_is_run_in_the_tour_s_repository_without_what_leads_elsewhere(
    tmp_path: Path, steps: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "PROMPTOPS_LOG", "PROMPTOPS_CONFIG"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("PAGER", "less")
    run(tmp_path, "demo", "--in", str(tmp_path / "tour"))
    assert {one["cwd"] for one in steps} == {tmp_path / "tour/repository"}
    for one in steps:
        assert not {"GIT_DIR", "PROMPTOPS_LOG", "PROMPTOPS_CONFIG"} & set(one["env"])
        assert one["env"]["PAGER"] == ""


def test_each_step_is_shown_as_one_would_type_it(
    tmp_path: Path, steps: list[dict[str, Any]]
) -> None:
    shown = run(tmp_path, "demo", "--in", str(tmp_path / "tour")).stdout
    typed = [line for line in shown.splitlines() if line.startswith("$ ")]
    assert len(typed) == len(steps)
    assert typed[0] == "$ promptops validate"
    assert "$ promptops promote support/triage --to production --reason launch" in typed
