"""Which refs are answered from memory, and which go to the source."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from promptops.errors import (
    EnvironmentNotFoundError,
    GitError,
    IntegrityError,
    NotFoundError,
    PromptopsError,
    UsageError,
    VersionNotFoundError,
)
from promptops.prompt.closure import load_closure
from promptops.prompt.prompt import load_prompt
from promptops.runtime.finder import Finder
from promptops.runtime.following import KnownState, Timing
from promptops.runtime.resolution import ResolvedPrompt
from promptops.runtime.sources.source import Look
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from promptops.prompt.reference import PromptRef

closure = load_closure("a", {"a.md": prompt_text().encode()})
assert closure is not None
PROMPT = ResolvedPrompt("a@production", load_prompt(closure), None, "here")


class World(Timing):
    """A source and the state that is known of it; it counts what is resolved."""

    good_for_seconds = 45.0
    complaints = ("the source is unreachable: it is down",)

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.resolved: list[tuple[str, str | None]] = []
        self.errors: list[PromptopsError] = []
        self.refusals: tuple[PromptopsError, ...] = ()
        self.answer = PROMPT
        self.is_stale = False
        self.asked = 0
        self.repaired = 0
        self.can_repair = True
        self.entered, self.gate = threading.Event(), threading.Event()
        self.gate.set()
        self.has_newer = True
        self.state: KnownState | None = self.look()
        self.finder = Finder(self, self)  # type: ignore[arg-type]

    def look(self) -> KnownState:
        return KnownState(Look(self, refusals=self.refusals), self.seconds)  # type: ignore[arg-type]

    # As `Timing`.
    def now(self) -> float:
        return self.seconds

    # As `Following`.
    def current(self) -> tuple[KnownState, bool]:
        assert self.state is not None
        return self.state, self.is_stale

    def last_known(self) -> KnownState:
        assert self.state is not None
        return self.state

    def ask_briefly(self, _every_seconds: float) -> KnownState | None:
        self.asked += 1
        self.state = self.look() if self.has_newer else self.state
        return self.state if self.has_newer else None

    def repair(self) -> KnownState | None:
        self.repaired += 1
        self.entered.set()
        self.gate.wait(60)
        return self.look() if self.can_repair else None

    # As `View`.
    def resolve(self, ref: PromptRef, version: str | None = None) -> ResolvedPrompt:
        self.resolved.append((str(ref), version))
        if self.errors:
            raise self.errors.pop(0)
        return self.answer


def test_an_answer_is_recalled_while_it_is_fresh() -> None:
    world = World()
    assert world.finder.recall("a") is None
    world.finder.find("a")
    world.seconds += 44.9
    assert world.finder.recall("a") is PROMPT
    world.seconds += 0.1
    assert world.finder.recall("a") is None
    # The state may still be good: then nothing is resolved again.
    assert world.finder.find("a") is PROMPT
    assert len(world.resolved) == 1


def test_each_version_of_a_split_has_an_answer_of_its_own() -> None:
    world = World()
    for version in (None, "1.0.0", "1.1.0", "1.0.0"):
        world.finder.find("a@production", version)
    assert [version for _, version in world.resolved] == [None, "1.0.0", "1.1.0"]


def test_an_exact_version_is_answered_for_ever() -> None:
    world = World()
    world.finder.find("a@1.0.0")
    world.seconds += 1e9
    assert world.finder.recall("a@1.0.0") is PROMPT
    world.finder.forget()
    assert world.finder.recall("a@1.0.0") is None


@pytest.mark.parametrize("ref", ["a@working", "a@production"])
def test_the_work_tree_and_what_is_paused_are_looked_at_each_time(ref: str) -> None:
    world = World()
    world.answer = replace(PROMPT, paused="leak") if ref != "a@working" else PROMPT
    for _ in range(2):
        assert world.finder.find(ref) is world.answer
        assert world.finder.recall(ref) is None
    assert len(world.resolved) == 2


def test_a_stale_answer_says_so_and_since_when() -> None:
    world = World()
    world.finder.find("a")
    world.is_stale = True
    world.answer = replace(PROMPT, fetched_at_seconds=77.0)
    found = world.finder.find("a@^1")
    assert (found.is_stale, found.fetched_at_seconds) == (True, 77.0)
    assert found.warnings == world.complaints


def test_a_version_that_is_not_known_may_be_new() -> None:
    world = World()
    world.errors = [VersionNotFoundError("there is no 2.0.0")]
    assert world.finder.find("a@2.0.0") is PROMPT
    assert (world.asked, len(world.resolved)) == (1, 2)


def test_a_version_that_the_source_lacks_too_is_an_error() -> None:
    world = World()
    world.has_newer = False
    world.errors = [VersionNotFoundError("there is no 2.0.0")]
    with pytest.raises(VersionNotFoundError):
        world.finder.find("a@2.0.0")
    assert (world.asked, len(world.resolved)) == (1, 1)


@pytest.mark.parametrize(
    "error", [GitError("bad object"), IntegrityError("damaged"), NotFoundError("no such object")]
)
def test_an_unreadable_copy_is_made_anew_once(error: PromptopsError) -> None:
    world = World()
    world.errors = [error]
    assert world.finder.find("a") is PROMPT
    assert world.repaired == 1
    world.errors = [error]
    with pytest.raises(type(error)):
        world.finder.find("a@^1")
    assert world.repaired == 1


def test_a_source_without_a_copy_raises_its_error() -> None:
    world = World()
    world.can_repair = False
    world.errors = [GitError("bad object")]
    with pytest.raises(GitError, match="bad object"):
        world.finder.find("a")


def test_what_was_refused_or_is_not_there_is_no_damage() -> None:
    world = World()
    world.refusals = (IntegrityError("it went back"),)
    world.state = world.look()
    for error in (IntegrityError("it went back"), EnvironmentNotFoundError("no such environment")):
        world.errors = [error]
        with pytest.raises(type(error)):
            world.finder.find("a")
    assert world.repaired == 0


def test_a_malformed_ref_asks_nobody() -> None:
    world = World()
    with pytest.raises(UsageError):
        world.finder.find("a@@")
    assert world.resolved == []


def test_a_child_process_does_not_wait_for_a_repair_of_its_parent() -> None:
    world = World()
    world.errors = [GitError("bad object")] * 2
    repairing = threading.Thread(target=world.finder.find, args=("a",))
    world.gate.clear()
    repairing.start()
    assert world.entered.wait(30)
    world.finder.after_fork()
    failed: list[GitError] = []

    def find() -> None:
        with pytest.raises(GitError) as caught:
            world.finder.find("a@^1")
        failed.append(caught.value)

    child = threading.Thread(target=find)
    child.start()
    child.join(30)
    assert len(failed) == 1
    world.gate.set()
    repairing.join()
