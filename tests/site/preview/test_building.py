"""The site is built anew after a change, and a fault is kept until it is gone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from promptops.errors import ConfigurationError
from promptops.site.preview import building
from promptops.site.preview.building import GOOD_SECONDS, SiteBuilder


class World:
    """A repository and a site that are only counted, and a clock and states from lists.

    Attributes:
        results: what each build gives: the files that it wrote, or an error.
        readiness: the checklist that each build was given.
        open: the number of repositories that are open.
        reports: the files of each build that was reported.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *results: Any) -> None:
        self.results = list(results)
        self.readiness: list[Any] = []
        self.open = 0
        self.reports: list[Any] = []
        self.now = 0.0
        self.states: list[Any] = []
        self.faults: list[str | None] = []
        monkeypatch.setattr(building, "write_site", self._write)
        monkeypatch.setattr(building, "_list_paths", lambda _: [Path("prompts")])
        monkeypatch.setattr(building, "look", self._look)
        monkeypatch.setattr(building, "INTERVAL_SECONDS", 0.0)
        monkeypatch.setattr(building, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.builder = SiteBuilder(
            self._open,
            Path("site"),
            "Prompts",
            lambda _: SimpleNamespace(),  # type: ignore[arg-type, return-value]
            watched=(Path("runs.db"),),
            report=lambda built, _: self.reports.append(built.written),
        )

    def _open(self) -> Any:
        self.open += 1

        def close() -> None:
            self.open -= 1

        return SimpleNamespace(objects=SimpleNamespace(close=close))

    def _write(self, *_: Any, readiness: Any, **__: Any) -> Any:
        self.readiness.append(readiness)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        number = len(self.readiness)
        site = SimpleNamespace(readiness=f"list {number}")
        return SimpleNamespace(written=result, removed=(), site=site)

    def _look(self, paths: tuple[Path, ...]) -> Any:
        self.faults.append(self.builder.fault)
        assert paths[-1] == Path("runs.db")
        state = self.states.pop(0)
        if not self.states:
            self.builder.stop()
        if isinstance(state, tuple):
            state, self.now = state
        return state


def test_only_a_build_that_wrote_something_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, ["a"], [], ["b"])
    for _ in range(3):
        world.builder.build()
    assert world.reports == [["a"], ["b"]]
    # The first one is, whatever it wrote.
    world = World(monkeypatch, [])
    world.builder.build()
    assert world.reports == [[]]


def test_the_checklist_is_made_once_and_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, [], [])
    for _ in range(2):
        world.builder.build()
    assert world.readiness == [None, "list 1"]


def test_a_repository_is_closed_after_a_build_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, ConfigurationError("x"))
    with pytest.raises(ConfigurationError):
        world.builder.build()
    assert (world.open, world.builder.built) == (0, None)


def test_a_change_is_followed_and_no_change_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, ["a"], ["b"])
    world.states = [1, 1, 2, 2]
    world.builder.follow()
    assert world.reports == [["a"], ["b"]]
    assert world.open == 0


def test_what_is_old_is_made_anew_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, ["a"], ["b"], ["c"])
    # The time is that after each look.
    world.states = [(1, 0.0), (1, GOOD_SECONDS), (1, GOOD_SECONDS), (2, GOOD_SECONDS)]
    world.builder.follow()
    assert world.readiness == [None, None, "list 2"]


def test_a_fault_is_told_until_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, ConfigurationError("unknown key 'x'"), [])
    world.states = [1, 1, 2, 2]
    world.builder.follow()
    assert world.faults == [None, "unknown key 'x'", "unknown key 'x'", None]


def test_a_file_that_disappeared_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, OSError(2, "No such file", "prompts/a.md"), ["a"])
    world.states = [1, 1, 1]
    world.builder.follow()
    assert world.faults == [None, "No such file: prompts/a.md", None]
    assert world.reports == [["a"]]
