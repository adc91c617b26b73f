"""What the tests of several verbs of reviews use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.running import accept

if TYPE_CHECKING:
    from tests.repositories import Repo


def listed(repo: Repo, *args: str) -> list[str]:
    document = json.loads(accept(repo, "reviews", "list", "--format", "json", *args))
    assert document["schema"] == "promptops.reviews/v1"
    return [one["id"] for one in document["reviews"]]
