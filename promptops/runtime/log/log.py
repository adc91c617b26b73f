"""The interface of a run log, and the way to one.

    log = open_log("sqlite:///srv/runs.db", LogSettings(), clock=time.time)
    log.begin(run)      # one commit: a killed process leaves an interrupted run
    log.finish(run)     # one commit: the same record, completed

Every method may raise LogError (the store is full, locked, read-only or gone). Applications write
through `recorder.Recorder`, which never raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from promptops.errors import PromptopsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from promptops.repository.settings.log import LogSettings
    from promptops.runtime.log.record import (
        AttemptRecord,
        Event,
        Feedback,
        LogEntry,
        RunRecord,
        RunReview,
    )
    from promptops.runtime.log.statistics import RunComparison, RunGroup


class LogError(PromptopsError):
    """The run log cannot be read or written.

    Attributes:
        is_passing: whether trying again later may help.
    """

    def __init__(self, message: str, *, hint: str | None = None, is_passing: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.is_passing = is_passing


class Filters(NamedTuple):
    """Which runs are meant; None does not restrict.

    Attributes:
        since: started at this time or later.
        until: started before this time.
        prompt: the prompt's name, or a pattern with `*`.
        version: exactly this version.
        model: exactly this model.
        environment: exactly this environment.
        deployment: the number of a deployment.
        user: exactly this user.
        tenant: exactly this tenant.
        key: exactly this key.
        status: one of `record.STATUSES`.
        stage: the stage of the error.
        parent_id: runs started within this one.
    """

    since: float | None = None
    until: float | None = None
    prompt: str | None = None
    version: str | None = None
    model: str | None = None
    environment: str | None = None
    deployment: int | None = None
    user: str | None = None
    tenant: str | None = None
    key: str | None = None
    status: str | None = None
    stage: str | None = None
    parent_id: str | None = None


# What `stats` can group by.
DIMENSIONS = ("prompt", "version", "model", "environment", "user", "tenant", "day")


class Removal(NamedTuple):
    """What an erasure or a prune took away.

    Attributes:
        runs: how many runs.
        texts: how many texts that no other run used.
        run_ids: the ids of erased runs, so that caches and conversations can follow; empty for a
            prune.
    """

    runs: int
    texts: int
    run_ids: tuple[str, ...] = ()


class RunLog(Protocol):
    """A store of runs."""

    def begin(self, run: RunRecord) -> None:
        """Write a run that begins. Doing it twice changes nothing."""
        ...

    def attempt(self, attempt: AttemptRecord) -> None:
        """Write one attempt of a run, before the run ends."""
        ...

    def finish(self, run: RunRecord, attempts: Sequence[AttemptRecord] = ()) -> None:
        """Complete a run, in one commit with its last attempts; one never begun is written whole.

        Doing it twice, or with an attempt that is there already, counts nothing twice.
        """
        ...

    def event(self, event: Event) -> None:
        """Write an event."""
        ...

    def feedback(self, feedback: Feedback) -> None:
        """Write feedback on a run; NotFoundError when there is no such run."""
        ...

    def review(self, review: RunReview) -> None:
        """Ask for a review of a run, or answer the one of that id."""
        ...

    def get(self, run_id: str) -> LogEntry:
        """Return all about one run, by its id or the beginning of it; NotFoundError."""
        ...

    def list(
        self, filters: Filters = ..., *, limit: int = 50, before: str | None = None
    ) -> Sequence[RunRecord]:
        """Return runs, the newest first, without what they said (`get` has that).

        Args:
            filters: which ones.
            limit: how many at most.
            before: only runs older than the one of this id, for the next page.
        """
        ...

    def tail(
        self, filters: Filters = ..., *, after: int | None = None
    ) -> tuple[Sequence[RunRecord], int]:
        """Return runs added since a place in the log, the oldest first, and the new place.

        Without a place, no runs and the present one are returned.
        """
        ...

    def stats(self, filters: Filters = ..., *, by: Sequence[str] = ()) -> Sequence[RunGroup]:
        """Return counts, errors by stage, cost and latency of runs, grouped by DIMENSIONS."""
        ...

    def compare(self, left: str, right: str, filters: Filters = ...) -> RunComparison:
        """Compare two versions of one prompt that share traffic, clustered by key."""
        ...

    def export(self, filters: Filters = ...) -> Iterator[LogEntry]:
        """Yield everything about each run, the oldest first."""
        ...

    def sample(
        self, filters: Filters = ..., *, limit: int, but: str | None = None
    ) -> Sequence[RunRecord]:
        """Return some ended runs with what they said, by chance, one of each key.

        Args:
            filters: which.
            limit: how many at most.
            but: an environment whose runs do not count.
        """
        ...

    def find_output(self, text: str) -> Sequence[RunRecord]:
        """Return the runs whose answer was this text, also when it was redacted or not kept."""
        ...

    def reviews(self, *, status: str | None = "open", limit: int = 50) -> Sequence[RunReview]:
        """Return reviews, the longest waiting first."""
        ...

    def get_review(self, review_id: str) -> RunReview:
        """Return a review by its own id or its run's, or the beginning of either; NotFoundError.

        Of several reviews of one run it is the open one, else the newest.
        """
        ...

    def events(self, kind: str | None = None, *, limit: int = 50) -> Sequence[Event]:
        """Return what happened, to runs and to the log, the newest first."""
        ...

    def erase(self, user: str, *, by: str, reason: str) -> Removal:
        """Remove all runs of a user and what only they used, and write that it was done."""
        ...

    def prune(self, before: float, *, by: str, reason: str, dry_run: bool = False) -> Removal:
        """Remove runs started before a time; roll-ups stay. Open reviews keep their runs."""
        ...

    def rotate(self) -> int:
        """Encrypt every text with the first key; return how many were not yet."""
        ...

    def tend(self) -> None:
        """Add up the hours that are over, and prune what is older than the retention."""
        ...

    def close(self) -> None:
        """Close the connections of this process."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def open_log(
    url: str | Path,
    settings: LogSettings,
    *,
    clock: Callable[[], float],
    random: Callable[[int], bytes],
    key: Callable[[str], str | None],
    create: bool = True,
) -> RunLog:
    """Open a log by its place.

    Args:
        url: the path of an SQLite file, `sqlite:PATH`, or `postgresql://...`.
        settings: what is kept, and for how long.
        clock: seconds since 1970 in UTC, `time.time`.
        random: random bytes, `os.urandom`.
        key: reads an environment variable, `os.environ.get`; for the encryption key.
        create: whether a log that does not exist yet is made; else it is a NotFoundError.
    """
    text = str(url)
    if text.startswith(("postgres://", "postgresql://")):
        from promptops.runtime.log.postgres import open_postgres

        return open_postgres(text, settings, clock=clock, random=random, key=key)
    if "://" in text and not text.startswith("sqlite:"):
        raise UsageError(
            f"a run log cannot be kept at '{text.partition('://')[0]}://'",
            hint="use the path of an SQLite file or postgresql://...",
        )
    from promptops.runtime.log.sqlite import open_sqlite

    path = text.removeprefix("sqlite:").removeprefix("//")
    return open_sqlite(path, settings, clock=clock, random=random, key=key, create=create)
