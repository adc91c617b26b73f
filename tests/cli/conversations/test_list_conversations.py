"""`promptops conversations list`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, run
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_a_list_names_whose_they_are_and_says_nothing_of_them(talks: Repo) -> None:
    said = accept(talks, "conversations", "list")
    mine = json.loads(accept(talks, "conversations", "list", "--user", "ann", "--format", "json"))

    lines = said.splitlines()
    assert [line.split()[0] for line in lines] == ["CONVERSATION", "c-2", "c-1"]
    assert "Hello" not in said
    assert mine["schema"] == "promptops.conversations/v1"
    assert [(one["id"], one["user"], one["rows"]) for one in mine["conversations"]] == [
        ("c-1", "ann", 2)
    ]
    assert mine["more"] is False
    assert masked(run(talks, "conversations", "list", "-n", "1").stderr) == snapshot(
        "more rows: use -n\n"
    )
    assert "no such" in run(talks, "conversations", "list", "--user", "bob").stderr
