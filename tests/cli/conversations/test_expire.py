"""`promptops conversations expire`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.conversations.pieces import place, say
from tests.cli.running import accept
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_what_expired_is_not_shown_and_can_be_removed(talks: Repo) -> None:
    say(talks, "c-3", "Secret.", at=time.time() - 100, ttl=50)

    before = accept(talks, "conversations", "show", "c-3")
    said = accept(talks, "conversations", "expire")
    after = accept(talks, "conversations", "show", "c-3")

    assert "Secret" not in before
    assert "(removed)" in before
    assert masked(said.strip()) == snapshot("removed what 1 conversation said")
    assert "expired" in after
    assert b"Secret." not in place(talks).read_bytes()
