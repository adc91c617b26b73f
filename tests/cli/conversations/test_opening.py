"""The store that the verbs of conversations open, and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.conversations.pieces import FIRST, SECOND, keys, place, say
from tests.cli.running import accept, refuse
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


def test_without_its_key_nothing_is_shown_or_changed(
    talks: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(talks, "c-4", "Old key.", keyring=keys(FIRST))

    bare = refuse(talks, "conversations", "show", "c-4", code=2)
    no_setting = refuse(talks, "conversations", "rotate", code=2)
    settings = 'store = "talks.db"\nencryption_key = "TALK_KEY"\n'
    talks.write("promptops.toml", f"[conversations]\n{settings}")
    monkeypatch.delenv("TALK_KEY", raising=False)
    no_key = refuse(talks, "conversations", "rotate", code=2)
    monkeypatch.setenv("TALK_KEY", SECOND)
    other_key = refuse(talks, "conversations", "rotate", code=2)

    assert masked(bare) == snapshot("""\
error: the store of conversations is encrypted, and no key is configured
 hint: set encryption_key in [conversations]\
""")
    assert "is not encrypted" in no_setting
    assert masked(no_key) == snapshot("""\
error: TALK_KEY contains no key for the store of conversations
 hint: create a key with 'openssl rand -base64 32'\
""")
    assert masked(other_key) == snapshot("""\
error: the store of conversations was encrypted with a key that TALK_KEY does not contain
 hint: add the old key after the new one, separated by a comma\
""")
    assert "c-4" in accept(talks, "conversations", "list")
    accept(talks, "conversations", "show", "c-4", "--no-content")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("list", "--store", "none.db"), "there are no conversations in"),
        (("expire", "--store", "none.db"), "there are no conversations in"),
        (("show", "c-9"), "there is no conversation 'c-9'"),
        (("export", "c-9"), "there is no conversation 'c-9'"),
        (("export", "c-1", "--user", "ann"), "ids and --user cannot be combined"),
        (("list", "--store", "ftp://x"), "not a supported store for conversations"),
    ],
)
def test_a_wrong_request_has_a_hint(talks: Repo, args: tuple[str, ...], told: str) -> None:
    assert told in refuse(talks, "conversations", *args, code=2)
    assert not (talks.path / "none.db").exists()


def test_another_store_is_looked_at(talks: Repo, tmp_path: Path) -> None:
    other = place(talks).rename(tmp_path / "other.db")
    for ending in ("-wal", "-shm"):
        (talks.path / f"talks.db{ending}").unlink(missing_ok=True)

    assert "c-1" in accept(talks, "conversations", "list", "--store", str(other))
