"""Workflows that version 0.1 wrote start `promptops.ci`, which is now `promptops.protection.ci`."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.story
def test_the_old_name_starts_the_gate_of_a_workflow() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-I", "-m", module], capture_output=True, check=False, env={}
        )
        for module in ("promptops.ci", "promptops.protection.ci")
    ]
    assert said[0].returncode == said[1].returncode != 0
    # Without a runner's variables, both stop at the same question.
    assert all(b"is not a GitHub repository" in one.stdout for one in said)
