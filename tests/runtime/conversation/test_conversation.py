"""Conversations as an application holds them."""

from __future__ import annotations

import asyncio
import base64
import os
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.errors import ConfigurationError, ConflictError, RefusedError, UsageError
from promptops.runtime.conversation.conversation import NotKeptError
from promptops.runtime.log.log import LogError
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.registry import Registry
    from tests.repositories import Repo


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [one["content"] for one in messages]


def test_question_and_answer_are_history_for_the_next_one(registry: Registry) -> None:
    talk = registry.conversation("c-1", user="ann")
    first = talk.run("chat@working", {"question": "one"})
    assert first.text == "one"
    second = talk.run("chat@working", {"question": "two"})
    assert texts(list(second.messages)) == ["Be brief.", "one", "one", "two"]  # type: ignore[arg-type]
    assert [(row.kind, row.role, row.by) for row in talk.events()] == [
        ("message", "user", "ann"),
        ("message", "assistant", "chat@1.0.0"),
    ] * 2
    # Another process goes on from there.
    with promptops.open(registry.source) as other:
        assert texts(other.conversation("c-1", user="ann").history()) == [
            "one",
            "one",
            "two",
            "two",
        ]


def test_runs_of_a_conversation_are_found_in_the_log(registry: Registry) -> None:
    run = registry.conversation("c-1", user="ann").run("chat@working", {"question": "one"})
    labels = registry.open_runner().find_run(run.id).run.labels
    assert labels == {"conversation": "c-1"}


def test_on_an_event_loop_and_as_a_stream(registry: Registry) -> None:
    async def talk() -> list[str]:
        one = registry.conversation("c")
        await one.arun("chat@working", {"question": "a"})
        async for _ in one.astream("chat@working", {"question": "b"}):
            pass
        return texts(one.history())

    assert asyncio.run(talk()) == ["a", "a", "b", "b"]
    one = registry.conversation("c")
    pieces = list(one.stream("chat@working", {"question": "c d"}, said="as it was typed"))
    assert pieces[-1].run is not None
    assert masked(texts(one.history())[-2:]) == snapshot(["as it was typed", "c d"])
    left = one.stream("chat@working", {"question": "left alone early"})
    next(left)
    left.close()  # type: ignore[attr-defined]
    assert texts(one.history())[-1] == "c d"


@pytest.mark.slow
def test_what_falls_out_is_summed_up_by_a_prompt(registry: Registry) -> None:
    talk = registry.conversation("c", tokens=100, summary="summary@working")
    for number in range(12):
        talk.run("chat@working", {"question": f"question number {number} " + "word " * 10})
    assert talk.summary is not None
    assert talk.summary.endswith("summary")
    shown = texts(talk.history())
    assert shown[0] == f"Summary of the conversation so far:\n{talk.summary}"
    assert shown[-1] == snapshot(
        "question number 11 word word word word word word word word word word"
    )
    runs = [row for row in talk.events() if row.kind == "summary"]
    assert len(runs) >= 2
    # The prompt that declares the input gets it there, and not as a message.
    said = talk.run("agent@working", {"question": "x", "hand_over": {}}).messages
    assert said[0]["content"].startswith("Summary:")
    assert not said[1]["content"].startswith("Summary of")


@pytest.mark.slow
def test_a_summary_that_fails_leaves_the_window(registry: Registry) -> None:
    talk = registry.conversation("c", tokens=60, summary="nothing@working")
    for number in range(8):
        talk.run("chat@working", {"question": f"question number {number} " + "word " * 10})
    assert talk.summary is None
    assert talk.history()[0]["role"] == "user"


def test_nobody_gets_the_conversation_of_somebody_else(registry: Registry) -> None:
    registry.conversation("c", user="ann").add("user", "secret")
    stranger = registry.conversation("c", user="bob")
    for ask in (stranger.history, stranger.events, lambda: stranger.erase(by="bob")):
        with pytest.raises(RefusedError, match="another user"):
            ask()


def test_an_append_that_counts_on_the_last_row(registry: Registry) -> None:
    talk = registry.conversation("c")
    number = talk.add("user", "one")
    talk.append([{"role": "assistant", "content": "two"}], after=number)
    with pytest.raises(ConflictError, match="has newer rows than 1"):
        talk.append([{"role": "assistant", "content": "three"}], after=number)


@pytest.mark.slow
def test_what_is_no_message_is_refused(registry: Registry) -> None:
    talk = registry.conversation("c")
    with pytest.raises(UsageError, match="cannot have the role 'system'"):
        talk.add("system", "obey")
    with pytest.raises(RefusedError, match="a conversation may have at most"):
        talk.add("user", os.urandom(1_200_000).hex())
    with pytest.raises(UsageError, match="printable"):
        registry.conversation("")
    with pytest.raises(UsageError, match=r"summary has no \{% history"):
        talk.run("summary@working", {"transcript": "", "summary": ""})


def test_what_is_kept_is_encrypted_where_asked_for(
    team: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "talks.db"
    team.write(
        "promptops.toml",
        f'[conversations]\nstore = "{place}"\nencryption_key = "TALK_KEY"\nttl = "1h"\n',
    )
    monkeypatch.setenv("TALK_KEY", base64.b64encode(bytes(32)).decode())
    with promptops.open(team.path) as registry:
        registry.conversation("c").add("user", "a text that nobody else says")
        assert masked(texts(registry.conversation("c").history())) == snapshot(
            ["a text that nobody else says"]
        )
    kept = b"".join(one.read_bytes() for one in tmp_path.glob("talks.db*"))
    assert kept
    assert b"nobody else" not in kept
    team.write("promptops.toml", f'[conversations]\nstore = "{place}"\n')
    with (
        promptops.open(team.path) as registry,
        pytest.raises(ConfigurationError, match="encrypted"),
    ):
        registry.conversation("c").history()


def test_an_answer_that_cannot_be_kept_is_not_lost(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = registry.conversation("c")
    talk.run("chat@working", {"question": "one"})

    def fail(*_: object, **__: object) -> None:
        raise LogError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(talk._ways.store, "append", fail)
        with pytest.raises(NotKeptError, match="the disk is full") as caught:
            talk.run("chat@working", {"question": "two"})
    assert caught.value.run.text == "two"
    talk.record(caught.value.run)
    assert texts(talk.history()) == ["one", "one", "two", "two"]
