"""`promptops conversations export`: all that a user said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, run
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_an_export_has_all_of_one_user(talks: Repo) -> None:
    everything = accept(talks, "conversations", "export").splitlines()
    run(talks, "conversations", "export", "--user", "ann", "-o", "ann.jsonl")
    bare = json.loads(accept(talks, "conversations", "export", "c-2", "--no-content"))

    assert [json.loads(line)["id"] for line in everything] == ["c-1", "c-2"]
    (one,) = (talks.path / "ann.jsonl").read_text("utf-8").splitlines()
    assert masked(json.loads(one)["rows"][1]["content"]["content"]) == snapshot("""\
Was I charged
twice?\
""")
    assert "content" not in bare["rows"][0]
