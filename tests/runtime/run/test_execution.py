"""Identical requests: cached answers, and runs that wait for another one's call."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.runtime.models.model import ModelError
from promptops.runtime.run.execution import is_long
from promptops.runtime.run.output import OutputError
from tests.runtime.run.pieces import OUTPUT, PROMPT, logged, opened_log

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


ASKED = {"text": "x"}


def test_an_identical_request_is_not_made_again(
    cached: Registry, team: Repo, near: Provider
) -> None:
    near.reply(text="Once.")
    first = cached.run("c@working", ASKED, user="u-1")
    second = cached.run("c@working", ASKED, user="u-2")
    assert (second.text, second.cost_micros, second.attempts) == ("Once.", 0, ())
    assert [(one.rule, one.why) for one in second.decisions] == [
        ("cache", f"the answer of run {first.id}")
    ]
    entry = logged(team, second.id)
    assert (entry.run.is_cached, entry.run.cost_micros, entry.run.answer) == (True, 0, "Once.")
    pieces = list(cached.stream("c@working", ASKED))
    assert "".join(piece.text for piece in pieces) == "Once."
    assert len(near.requests) == 1


@pytest.mark.slow
def test_another_process_has_the_answer_until_it_is_too_old(
    cached: Registry, team: Repo, near: Provider
) -> None:
    near.reply(text="Once.", tool_calls=None)
    first = cached.run("c@working", ASKED, user="u-1")
    with promptops.open(team.path) as other:
        second = other.run("c@working", ASKED)
        assert (second.text, second.cost_micros, second.finish) == ("Once.", 0, first.finish)
        assert [one.why for one in second.decisions] == [f"the answer of run {first.id}"]
        assert asyncio.run(other.arun("c@working", ASKED)).text == "Once."
        assert "".join(one.text for one in other.stream("c@working", ASKED)) == "Once."
        twenty = list(
            ThreadPoolExecutor(20).map(lambda _: other.run("c@working", ASKED), range(20))
        )
        assert {one.text for one in twenty} == {"Once."}
    assert len(near.requests) == 1
    with closing(sqlite3.connect(team.path / ".git/promptops-log/runs.db")) as log:
        log.execute("UPDATE answers SET until = 1")
        log.commit()
    near.reply(text="Again.")
    with promptops.open(team.path) as other:
        assert other.run("c@working", ASKED).text == "Again."


def test_an_erasure_reaches_cached_answers_everywhere(
    cached: Registry, team: Repo, near: Provider
) -> None:
    near.reply(text="Once.")
    near.reply(text="Again.")
    cached.run("c@working", ASKED, user="u-1")
    with opened_log(team) as log:
        log.erase("u-1", by="jo", reason="asked for it")
    with promptops.open(team.path) as other:
        assert other.run("c@working", ASKED, user="u-2").text == "Again."
    assert cached.run("c@working", ASKED, user="u-2").text == "Again."
    assert len(near.requests) == 2


def test_what_the_log_would_redact_is_cached_in_memory_alone(
    cached: Registry, team: Repo, near: Provider
) -> None:
    near.always(text="Call +49 30 901820.")
    text = cached.run("c@working", ASKED).text
    assert cached.run("c@working", ASKED).text == text
    assert len(near.requests) == 1
    with promptops.open(team.path) as other:
        assert other.run("c@working", ASKED).text == text
    assert len(near.requests) == 2
    assert b"901820" not in (team.path / ".git/promptops-log/runs.db").read_bytes()


def test_a_log_that_cannot_be_used_leaves_the_memory(
    cached: Registry, team: Repo, near: Provider
) -> None:
    near.always(text="Once.")
    cached.run("c@working", ASKED)
    for file in (team.path / ".git/promptops-log").iterdir():
        file.write_bytes(b"no log at all, but some other file")
    assert cached.run("c@working", ASKED).text == "Once."


def test_what_failed_is_asked_again(cached: Registry, team: Repo, near: Provider) -> None:
    near.reply(status=400)
    with pytest.raises(ModelError):
        cached.run("c@working", ASKED)
    team.write("prompts/c.md", PROMPT.format(more=f"temperature: 0\n{OUTPUT}"))
    near.reply(text="no JSON")
    with pytest.raises(OutputError):
        cached.run("c@working", ASKED)
    near.reply(text='{"topic": "bug"}')
    assert cached.run("c@working", ASKED).data == {"topic": "bug"}
    assert cached.run("c@working", ASKED).data == {"topic": "bug"}
    assert len(near.requests) == 3


@pytest.mark.story
def test_twenty_at_once_make_one_call(cached: Registry, team: Repo, near: Provider) -> None:
    near.reply(text="One.", delay=0.3)

    async def ask() -> set[str]:
        with promptops.open(team.path) as registry:
            runs = await asyncio.gather(*(registry.arun("c@working", ASKED) for _ in range(20)))
            await registry.aclose()
            return {run.text for run in runs}

    assert asyncio.run(ask()) == {"One."}
    assert len(near.requests) == 1
    near.reply(text="Two.", delay=0.3)
    with ThreadPoolExecutor(20) as pool:
        runs = list(pool.map(lambda _: cached.run("c@working", {"text": "y"}), range(20)))
    assert {run.text for run in runs} == {"Two."}
    assert len(near.requests) == 2


@pytest.mark.story
def test_those_who_waited_ask_when_the_first_one_fails(cached: Registry, near: Provider) -> None:
    near.reply(status=400, delay=0.3)
    near.always(text="Yes.")
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(cached.run, "c@working", ASKED) for _ in range(3)]
        outcomes = [type(future.exception()) for future in futures]
    assert sorted(one.__name__ for one in outcomes) == ["ModelError", "NoneType", "NoneType"]
    assert len(near.requests) == 2


def test_a_stream_that_nobody_reads_on_keeps_nobody_waiting(
    cached: Registry, near: Provider
) -> None:
    near.always(text="One two three.")
    stream = cached.stream("c@working", ASKED)
    next(stream)
    assert cached.run("c@working", ASKED).text == "One two three."
    assert len(near.requests) == 2


@pytest.mark.parametrize(
    ("messages", "said", "expected"),
    [
        (None, "", False),
        ([{"content": "x" * 200_000}], "x" * 50_000, False),
        ([{"content": "x" * 200_000}, {"content": "x" * 62_145}], "", True),
        ([{"content": [{"type": "text"}]}, {"role": "assistant"}], "x" * 262_145, True),
    ],
)
def test_what_takes_long_to_record_is_judged_by_all_texts(
    messages: list[dict[str, Any]] | None, said: str, *, expected: bool
) -> None:
    assert is_long(messages, said) == expected
