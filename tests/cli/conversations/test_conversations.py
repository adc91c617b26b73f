"""`promptops conversations`: looked at, written out, expired, erased, encrypted anew."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.runtime.conversation.bodies import seal_body
from promptops.runtime.conversation.entries import (
    MESSAGE,
    ConversationBounds,
    ConversationEntry,
    Owner,
)
from promptops.runtime.conversation.opening import open_conversations
from promptops.runtime.log.encryption import Keyring, read_keys
from tests.cli.running import accept, refuse, run
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo

FIRST = base64.b64encode(b"1" * 32).decode()
SECOND = base64.b64encode(b"2" * 32).decode()


def keys(*texts: str) -> Keyring:
    return read_keys("TALK_KEY", ",".join(texts), lambda count: b"n" * count, "the store")


def say(
    repo: Repo,
    conversation: str,
    *texts: str,
    user: str | None = "ann",
    keyring: Keyring | None = None,
    at: float | None = None,
    ttl: float | None = None,
) -> None:
    store = open_conversations(str(place(repo)))
    entries = [
        ConversationEntry(
            MESSAGE,
            seal_body({"role": "user", "content": text}, keyring),
            "user",
            5,
            user or "app",
        )
        for text in texts
    ]
    bounds = ConversationBounds(ttl, 1_000_000)
    now = time.time() if at is None else at
    store.append(conversation, entries, owner=Owner(user, "acme"), bounds=bounds, now=now)
    store.close()


def place(repo: Repo) -> Path:
    return repo.path / "talks.db"


@pytest.fixture
def talks(repo: Repo) -> Repo:
    repo.write("promptops.toml", '[conversations]\nstore = "talks.db"\n')
    say(repo, "c-1", "Hello.", "Was I charged\ntwice?", at=time.time() - 60)
    say(repo, "c-2", "Bonjour.", user=None)
    return repo


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


def test_what_was_said_is_erased_and_the_rows_stay(talks: Repo) -> None:
    dry = accept(talks, "conversations", "erase", "c-1", "--dry-run")
    unknown = refuse(talks, "conversations", "erase", "c-2", "c-9", "--yes", code=2)
    still = accept(talks, "conversations", "show", "c-2")
    said = accept(talks, "conversations", "erase", "c-1", "c-1", "--yes")
    shown = accept(talks, "conversations", "show", "c-1")

    assert "would remove" in dry
    assert masked(unknown) == snapshot("""\
error: there is no conversation 'c-9'
 hint: run promptops conversations list to see the newest\
""")
    assert "Bonjour" in still
    assert masked(said) == snapshot("removed the content of 1 conversation\n")
    assert "Hello" not in shown
    assert masked(shown) == snapshot("""\
c-1  user ann, tenant acme
1  <time>  user  by ann  5 tokens
    (removed)
2  <time>  user  by ann  5 tokens
    (removed)
3  <time>  erased  by Jane Doe <jane@example.com>
""")


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
