"""A forked child never waits for what another thread of its parent held."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.released import Press, publish_triage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

pytestmark = pytest.mark.slow


@pytest.mark.story
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("kind", ["folder", "url"])
def test_no_child_hangs(repo: Repo, tmp_path: Path, kind: str) -> None:
    publish_triage(Press(repo))
    source = repo.publish(tmp_path / "remote.git").url if kind == "url" else str(repo.path)
    args = (sys.executable, "-m", "tests.attacks.forks", source, str(tmp_path / "cache"), "15")
    done = subprocess.run(args, capture_output=True, text=True, check=True, timeout=600)
    assert (done.stdout, done.stderr) == ("15 forks, 0 hung, 0 failed\n", "")
