"""Answers are cached for as long and as large as configured, and asked for once at a time."""

from __future__ import annotations

import os
import threading

import pytest

from promptops.repository.settings.cache import CacheSettings
from promptops.runtime.answers import Answers, Flight, Kept, PendingAnswer, from_data, to_data
from promptops.runtime.models.model import NO_USAGE, Answer, ToolCall, Usage

TTL = 60


class World:
    """A cache with a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.answers = Answers(CacheSettings(TTL, megabytes=1), clock=lambda: self.now)

    def keep(self, key: str, text: str = "yes", *arguments: str) -> Kept:
        flight = self.answers.join(key)
        assert isinstance(flight, Flight)
        calls = tuple(ToolCall("c", "f", one) for one in arguments)
        kept = Kept(Answer(text, calls, "stop", NO_USAGE), f"run of {key}")
        self.answers.land(key, flight, kept)
        return kept

    def recall(self, key: str) -> object:
        return self.answers.join(key, leads=False)


def test_an_answer_is_cached_until_its_time_is_over() -> None:
    world = World()
    kept = world.keep("a")
    world.now += TTL - 0.01
    assert world.recall("a") is kept
    assert world.recall("b") is None
    world.now += 0.01
    assert world.recall("a") is None


def test_the_least_recently_used_go_when_there_is_no_room() -> None:
    world = World()
    for key in ("a", "b", "c"):
        world.keep(key, "x" * 300_000)
    world.recall("a")
    world.keep("d", "x" * 300_000)
    assert [key for key in "abcd" if world.recall(key)] == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("text", "arguments", "is_kept"),
    [
        ("x" * 1_000_000, (), True),
        ("x" * 1_048_000, (), False),
        ("é" * 600_000, (), False),
        ("", ("x" * 600_000, "x" * 600_000), False),
        ("\ud800" * 300_000, (), True),
    ],
    ids=["fits", "too large", "bytes count", "arguments count", "lone surrogates"],
)
def test_an_answer_larger_than_the_cache_leaves_the_others(
    text: str, arguments: tuple[str, ...], is_kept: bool
) -> None:
    world = World()
    world.keep("small")
    world.keep("large", text, *arguments)
    assert (world.recall("large") is not None) == is_kept
    assert world.recall("small") is not None


def test_identical_requests_wait_for_the_first() -> None:
    world = World()
    flight = world.answers.join("a")
    assert isinstance(flight, Flight)
    waiting = world.answers.join("a")
    assert isinstance(waiting, PendingAnswer)
    assert waiting.thread == threading.get_ident()
    assert isinstance(world.answers.join("b"), Flight)
    kept = Kept(Answer("yes", (), "stop", NO_USAGE), "run")
    world.answers.land("a", flight, kept)
    assert waiting.future.result(0) is kept


def test_after_a_failed_call_the_next_one_leads() -> None:
    world = World()
    flight = world.answers.join("a")
    assert isinstance(flight, Flight)
    waiting = world.answers.join("a")
    assert isinstance(waiting, PendingAnswer)
    world.answers.land("a", flight, None)
    assert waiting.future.result(0) is None
    assert isinstance(world.answers.join("a"), Flight)


def test_an_erased_answer_is_forgotten_but_not_a_newer_one() -> None:
    world = World()
    old = world.keep("a")
    world.now += TTL
    new = world.keep("a")
    world.answers.forget("a", old)
    assert world.recall("a") is new
    world.answers.forget("a", new)
    assert world.recall("a") is None


def test_a_child_process_waits_for_no_call_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.keep("a")
    world.answers.join("b")
    # As after a fork.
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert isinstance(world.answers.join("b"), Flight)
    assert isinstance(world.answers.join("a"), Flight)


def test_an_answer_survives_as_data_and_costs_nothing() -> None:
    usage = Usage(10, 5, None, "measured")
    answer = Answer("yes", (ToolCall("1", "f", "{}"),), "stop", usage, "served", "id", "print")
    again = from_data(to_data(answer))
    assert again.usage == NO_USAGE
    assert again == Answer("yes", answer.tool_calls, "stop", NO_USAGE, "served", "id", "print")
