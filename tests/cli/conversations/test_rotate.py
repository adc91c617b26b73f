"""`promptops conversations rotate`: everything is encrypted with another key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.conversations.pieces import FIRST, SECOND, keys, place, say
from tests.cli.running import accept
from tests.screens import masked

if TYPE_CHECKING:
    import pytest

    from tests.repositories import Repo


def test_rotation_encrypts_all_with_the_first_key(
    talks: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(talks, "c-4", "Old key.", keyring=keys(FIRST))
    settings = 'store = "talks.db"\nencryption_key = "TALK_KEY"\n'
    talks.write("promptops.toml", f"[conversations]\n{settings}")
    monkeypatch.setenv("TALK_KEY", f"{SECOND},{FIRST}")

    said = accept(talks, "conversations", "rotate")
    again = accept(talks, "conversations", "rotate")
    monkeypatch.setenv("TALK_KEY", SECOND)
    shown = accept(talks, "conversations", "show", "c-4")

    assert masked(said.strip()) == snapshot("encrypted 4 values with the first key")
    assert masked(again.strip()) == snapshot("encrypted 0 values with the first key")
    assert masked(shown) == snapshot("""\
c-4  user ann, tenant acme
1  <time>  user  by ann  5 tokens
    Old key.
""")
    assert "Hello." in accept(talks, "conversations", "show", "c-1")
    assert b"Hello." not in place(talks).read_bytes()
