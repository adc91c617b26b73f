"""When a source is asked and who waits, on a simulated clock: no second of it passes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.errors import IntegrityError, PromptopsError, SourceUnavailableError
from promptops.runtime.following import Following, KnownState, Timing
from promptops.runtime.sources.copies import CacheFolder, SourceOutage
from promptops.runtime.sources.source import Look
from tests.screens import masked

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptops.delivery.state import Point
    from promptops.repository.repository import Repository

REFRESH, PATIENCE, MAX_STALE = 60.0, 1.0, 3600.0


@dataclass
class World(Timing):
    """A clock, and a source that answers with the time at which it was asked."""

    seconds: float = 1000.0
    latency: float = 0.1
    is_down: bool = False
    error: PromptopsError | None = None
    asked: int = 0
    folder: CacheFolder | None = None
    is_local: bool = False
    text: str = "the world"
    repository: Repository | None = None
    seen: Mapping[str, Point] = field(default_factory=dict)
    waited: float = 0.0
    _work: list[tuple[float, threading.Event | None, Callable[[], None]]] = field(
        default_factory=list
    )
    _begun: float = 0.0

    def now(self) -> float:
        return self.seconds

    def start(self, work: Callable[[], None]) -> None:
        self._begun = self.seconds
        self._work.append((self.seconds + self.latency, None, work))

    def wait(self, done: threading.Event, seconds: float | None) -> bool:
        before = self.seconds
        until = float("inf") if seconds is None else self.seconds + seconds
        while not done.is_set() and self._work and self._work[0][0] <= until:
            self.pass_to(self._work[0][0])
        if not done.is_set():
            assert seconds is not None, "waits for ever"
            self.pass_to(until)
        self.waited = self.seconds - before
        return done.is_set()

    def pass_to(self, until: float) -> None:
        while self._work and self._work[0][0] <= until:
            self.seconds = max(self.seconds, self._work[0][0])
            self._work.pop(0)[2]()
        self.seconds = max(self.seconds, until)

    def look(self) -> Look | None:
        return None

    def update(self) -> Look:
        self.asked += 1
        if self.is_down:
            raise SourceUnavailableError("it is down")
        if self.error is not None:
            raise self.error
        return Look(self._begun, age_seconds=self.seconds - self._begun)  # type: ignore[arg-type]

    def repair(self) -> Look | None:
        return None

    def close(self) -> None:
        """Nothing to let go."""

    def after_fork(self) -> None:
        """Nothing to forget."""

    def follow(self, refresh: float = REFRESH) -> Following:
        return Following(
            self,
            refresh=refresh,
            refresh_timeout=PATIENCE,
            max_stale=MAX_STALE,
            timing=self,
        )


def known_since(found: tuple[KnownState, bool]) -> float:
    """The time at which the source was asked for what was found."""
    return found[0].look.view  # type: ignore[return-value]


def test_an_idle_process_waits_and_gets_what_is_true_now() -> None:
    world = World()
    following = world.follow()
    following.current()
    world.pass_to(world.seconds + 20 * 3600)
    asked_at = world.seconds
    found = following.current()
    assert (known_since(found), found[1]) == (asked_at, False)
    assert world.seconds - asked_at == pytest.approx(0.1)


def test_a_busy_process_never_waits() -> None:
    world = World()
    following = world.follow()
    following.current()
    world.waited = 0.0
    for _ in range(1000):
        found = following.current()
        assert not found[1]
        assert world.seconds - known_since(found) < REFRESH
        world.pass_to(world.seconds + 1.0)
    assert world.waited == 0.0
    assert world.asked < 1000 / (0.75 * REFRESH) + 2


def test_a_slow_source_keeps_each_caller_for_its_patience_and_no_longer() -> None:
    world = World()
    following = world.follow()
    first = known_since(following.current())
    world.latency = 30.0
    world.pass_to(world.seconds + 100)
    began = world.seconds
    found = following.current()
    assert (known_since(found), found[1], world.seconds - began) == (first, True, PATIENCE)
    assert masked(following.complaints) == snapshot(
        ["the source is unreachable: there was no answer within 1 s"]
    )
    assert (following.current()[1], world.seconds - began) == (True, PATIENCE)
    world.pass_to(began + 31)
    found = following.current()
    assert (known_since(found), found[1]) == (began, False)
    assert not following.complaints


def test_a_dead_source_is_waited_for_by_one_caller_in_each_interval() -> None:
    world = World()
    following = world.follow()
    following.current()
    world.is_down, world.latency = True, 0.5
    world.pass_to(world.seconds + 100)
    began, waits = world.seconds, []
    while world.seconds < began + 600:
        before = world.seconds
        assert following.current()[1]
        if world.seconds > before:
            waits.append(before - began)
        world.pass_to(world.seconds + 0.25)
    gaps = [round(later - earlier) for earlier, later in pairwise(waits)]
    assert gaps[:6] in ([2, 2, 4, 8, 16, 32], [1, 2, 4, 8, 16, 32], [2, 4, 8, 16, 32, 60])
    assert set(gaps[6:]) <= {60, 61}
    world.pass_to(world.seconds + MAX_STALE)
    with pytest.raises(SourceUnavailableError):
        following.current()
    world.is_down = False
    assert not following.current()[1]


def test_what_was_refused_is_an_error_for_all_and_asked_for_in_intervals() -> None:
    world = World()
    following = world.follow()
    following.current()
    world.error = IntegrityError("it went back")
    world.pass_to(world.seconds + 100)
    for _ in range(20):
        with pytest.raises(IntegrityError):
            following.current()
    assert world.asked == 2
    world.error = None
    world.pass_to(world.seconds + REFRESH)
    assert not following.current()[1]


def test_another_process_need_not_wait_for_a_source_that_is_known_to_be_dead(
    tmp_path: Path,
) -> None:
    folder = CacheFolder(tmp_path, "mirrors", "x")
    folder.path.mkdir(parents=True)

    class Warm(World):
        def look(self) -> Look | None:
            return Look(0.0, age_seconds=100.0)  # type: ignore[arg-type]

    first = Warm(is_down=True, folder=folder)
    assert first.follow().current()[1]
    assert first.asked == 1
    second = Warm(is_down=True, folder=folder)
    following = second.follow()
    assert following.current()[1]
    assert (second.asked, following.complaints) == (0, ("the source is unreachable: it is down",))
    said = folder.read_outage()
    assert said is not None
    assert said[1:] == (1.0, "it is down")
    folder.write_outage(SourceOutage(time.time() - 2, 1.0, "it was down"))
    third = Warm(folder=folder)
    assert not third.follow().current()[1]
    assert folder.read_outage() is None


@pytest.mark.story
@given(
    refresh=st.sampled_from([0.0, 0.5, 5.0, 60.0]),
    steps=st.lists(
        st.tuples(
            st.floats(0.0, 200.0),  # how long until the next call
            st.floats(0.0, PATIENCE),  # how long the source takes to answer
            st.sampled_from([False, False, False, True]),  # whether it is down
        ),
        max_size=40,
    ),
)
def test_the_bound_holds(refresh: float, steps: list[tuple[float, float, bool]]) -> None:
    world = World()
    following = world.follow(refresh)
    following.current()
    up_since = 0.0
    for pause, latency, is_down in steps:
        world.pass_to(world.seconds + pause)
        if world.is_down and not is_down:
            up_since = world.seconds
        world.latency, world.is_down = latency, is_down
        began = world.seconds
        try:
            found = following.current()
        except SourceUnavailableError:
            assert is_down or began - up_since <= refresh + PATIENCE
            continue
        assert world.seconds - began <= PATIENCE + 1e-6
        # Everything that happened before this is known to who got the answer.
        promised = world.seconds - refresh - PATIENCE - 1e-6
        if not is_down and promised > up_since:
            assert known_since(found) >= promised
            assert not found[1]
