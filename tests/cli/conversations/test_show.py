"""`promptops conversations show`: every row, and what was said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_one_is_shown_with_what_was_said(talks: Repo) -> None:
    said = accept(talks, "conversations", "show", "c-1")
    bare = accept(talks, "conversations", "show", "c-1", "--no-content")
    told = json.loads(accept(talks, "conversations", "show", "c-1", "--format", "json"))

    assert masked(said) == snapshot("""\
c-1  user ann, tenant acme
1  <time>  user  by ann  5 tokens
    Hello.
2  <time>  user  by ann  5 tokens
    Was I charged
    twice?
""")
    assert "charged" not in bare
    assert told["rows"][0]["content"] == {"role": "user", "content": "Hello."}
    assert told["rows"][0]["kind"] == "message"
