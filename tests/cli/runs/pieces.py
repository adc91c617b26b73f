"""What the tests of several verbs of runs use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.running import accept

if TYPE_CHECKING:
    from tests.repositories import Repo


BEFORE = ("--before", "2026-11-21T00:00Z")


def ids(repo: Repo) -> list[str]:
    text = accept(repo, "runs", "list", "--format", "json")
    return [one["id"] for one in json.loads(text)["runs"]][::-1]
