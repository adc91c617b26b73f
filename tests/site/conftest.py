"""A team whose registry is made into a site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import run
from tests.released import Press
from tests.repositories import Repo

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(2)> {{ question }} & \u202e"


@dataclass
class SiteTeam:
    """A repository with releases and deployments, and where its site goes."""

    repo: Repo
    press: Press
    folder: Path

    def build(self) -> str:
        """Make the site; give what the command said."""
        result = run(self.repo, "site", "-o", str(self.folder))
        assert result.exit_code == 0, result.output
        return result.stderr

    def read(self, path: str) -> str:
        """Return a page."""
        return (self.folder / path).read_text("utf-8")

    def words(self, path: str) -> str:
        """Return what a reader sees of a page, on one line."""
        text = re.sub(r"<[^>]*>", " ", self.read(path).partition("<main")[2])
        return " ".join(text.replace("&lt;", "<").replace("&gt;", ">").split())


@pytest.fixture
def site_team(tmp_path: Path) -> SiteTeam:
    """support/triage has two releases, of which the older is paused; billing/dunning is hostile."""
    repo = Repo.init(tmp_path / "team")
    repo.write("CODEOWNERS", "/prompts/support/ @support\n")
    press = Press(repo)
    press.release("support/triage", "1.0.0", "Sort this briefly: {{ question }}")
    press.release("support/triage", "1.1.0", "Sort this clearly: {{ question }}")
    press.release(
        "billing/dunning", "1.0.0", HOSTILE, description="'<b onclick=alert(3)>Remind</b>'"
    )
    live = {"support/triage": "1.0.0", "billing/dunning": "1.0.0"}
    press.deploy("production", live)
    reason = "<i>wrong</i> refunds"
    press.deploy("production", live, paused={"support/triage": reason}, action="pause")
    return SiteTeam(repo, press, tmp_path / "public" / "site")
