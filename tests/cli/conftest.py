"""Repositories that the tests of several verbs begin with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import RunLog, open_log
from promptops.runtime.log.record import Event, Feedback, RunReview
from tests.cli.pieces import DAY, build_small, build_staged, log_place
from tests.gate.world import World
from tests.prompts import prompt_text
from tests.released import Press, copy_triage
from tests.repositories import Repo
from tests.runtime.log.pieces import START, end, make_attempt, make_run, new_id
from tests.showcase import Showcase, copy_showcase
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from promptops.runtime.log.record import RunRecord


# What templates hold that is not in their files.
MADE: dict[str, Any] = {}


@pytest.fixture
def small(tmp_path: Path) -> Repo:
    copy_template(build_small, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.fixture
def staged(tmp_path: Path) -> Repo:
    """Two prompts; of `a`, 1.0.0 is in production and 1.1.0 in staging; `b` was never released."""
    copy_template(build_staged, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.fixture
def showcase(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Showcase:
    return copy_showcase(tmp_path / "repo", tmp_path_factory.getbasetemp())


@pytest.fixture
def press(tmp_path: Path) -> Press:
    """Two releases of `support/triage`: 1.1.0 live in production, 1.0.0 before it."""
    return copy_triage(tmp_path / "repo", tmp_path.parent)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path / "repo")


def open_at(place: Path, **settings: object) -> RunLog:
    return open_log(
        place,
        LogSettings(**settings),  # type: ignore[arg-type]
        clock=lambda: START + 10 * DAY,
        random=os.urandom,
        key=os.environ.get,
    )


@pytest.fixture
def write_log(repo: Repo) -> Iterator[Callable[..., RunLog]]:
    """Opens the repository's own log for writing."""
    opened: list[RunLog] = []

    def opener(**settings: object) -> RunLog:
        opened.append(open_at(log_place(repo), **settings))
        return opened[-1]

    repo.write("prompts/support/triage.md", prompt_text())
    yield opener
    for log in opened:
        log.close()


@pytest.fixture
def runs(repo: Repo, write_log: Callable[..., RunLog], tmp_path: Path) -> list[RunRecord]:
    """Five runs, the oldest first: two of 1.2.0, a failed, a refused, a reviewed one."""
    copy_template(build_runs, log_place(repo).parent, tmp_path.parent)
    return list(MADE["runs"])


def build_runs(folder: Path) -> None:
    log = open_at(folder / "runs.db", content="full")
    first = end(make_run(START))
    second = end(
        make_run(START + DAY, user="u-2", inputs={"ticket": "=HYPERLINK"}), cost_micros=2_000_000
    )
    failed = end(
        make_run(START + 2 * DAY, version="1.3.0", model="anthropic/claude-haiku-4-5"),
        status="failed",
        stage="call",
        error="anthropic/claude-haiku-4-5: the provider answered with an error (529)",
        error_kind="ModelError",
        answer=None,
        cost_micros=None,
        ms=20_500.0,
    )
    refused = end(
        make_run(START + 3 * DAY, prompt="billing/refund", ref="billing/refund"),
        status="refused",
        stage="guard",
        error="spend per hour is used up",
        error_kind="GuardError",
        answer=None,
        cost_micros=0,
        ms=0.4,
    )
    waiting = end(
        make_run(START + 4 * DAY, parent_id=first.id, environment="staging"), is_degraded=True
    )
    made = [first, second, failed, refused, waiting]
    for run in made:
        log.finish(run, [make_attempt(run)] if run is not refused else [])
    log.event(Event(new_id(START), START + 1, "breaker_opened", first.id, {"model": "m"}))
    log.feedback(Feedback(new_id(START), first.id, START + 2, 1.0, "helpful", "thanks", "u-1"))
    log.review(RunReview(new_id(START), waiting.id, START + 4 * DAY, "urgency is high"))
    log.close()
    MADE["runs"] = made
