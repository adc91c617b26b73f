"""`promptops blame`: what it prints, and with which exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import run
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase

if TYPE_CHECKING:
    from pathlib import Path


def test_blame_prints_release_author_date_and_line(showcase: Showcase) -> None:
    showcase.repo.write("prompts/_shared/tone.md", "Be kind.\nBe calm.\n")

    done = run(showcase.repo, "blame", TRIAGE)

    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[0] == f"{TRIAGE}.md"
    assert lines[2] == snapshot("  2.0.0          Jane Doe  2026-01-01     2  version: 2.0.0")
    assert masked(lines[-3:]) == snapshot(
        [
            "_shared/tone.md",
            "  1.0.0          Jane Doe  2026-01-01     1  Be kind.",
            "  (uncommitted)                           2  Be calm.",
        ]
    )


def test_blame_as_json_has_every_line(showcase: Showcase) -> None:
    document = json.loads(run(showcase.repo, "blame", TRIAGE, "--format", "json").stdout)

    assert document["schema"] == "promptops.blame/v1"
    assert document["lines"][1] == {
        "path": f"{TRIAGE}.md",
        "line": 2,
        "text": "version: 2.0.0",
        "state": "released",
        "version": "2.0.0",
        "commit": showcase.repo.rev(f"prompts/{TRIAGE}@2.0.0^{{}}"),
        "author": {"name": "Jane Doe", "email": "jane@example.com"},
        "time": "2026-01-01T00:00:00Z",
    }


def test_blame_in_a_shallow_clone_could_not_run(showcase: Showcase, tmp_path: Path) -> None:
    clone = showcase.repo.clone(tmp_path / "clone", "--depth=1")

    done = run(clone, "blame", TRIAGE)

    assert done.exit_code == 2
    assert masked(done.stderr.splitlines()[0]) == snapshot(
        "error: this clone is shallow: its history ends before the commits that wrote most lines"
    )
