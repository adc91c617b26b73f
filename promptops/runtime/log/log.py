"""The interface of run logs, and `open_log`.

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
    from promptops.runtime.log.answers import CachedAnswer
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
    """The run log is not readable or writable.

    Attributes:
        is_passing: whether a later retry may help.
    """

    page = "docs/runs.md#where-it-is-and-what-it-keeps"

    def __init__(self, message: str, *, hint: str | None = None, is_passing: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.is_passing = is_passing


class LogBusyError(LogError):
    """The log cannot be written to at once: another process writes, or it is on a server."""


class Filters(NamedTuple):
    """A filter of runs; None does not restrict.

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
        evals: True: only runs of evals, replays and drills; False: only those of callers.
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
    evals: bool | None = None


# What `stats` can group by.
DIMENSIONS = ("prompt", "version", "model", "environment", "user", "tenant", "day")


class Removal(NamedTuple):
    """The result of an erasure or a prune.

    Attributes:
        runs: the number of removed runs.
        texts: the number of removed texts, which no other run used.
        run_ids: the ids of erased runs, so that caches and conversations can follow; empty for a
            prune.
    """

    runs: int
    texts: int
    run_ids: tuple[str, ...] = ()


class RunLog(Protocol):
    """A store of runs."""

    def begin(self, run: RunRecord) -> None:
        """Write the start of a run. Repeating it changes nothing."""
        ...

    def attempt(self, attempt: AttemptRecord) -> None:
        """Write one attempt of a run, before the run ends."""
        ...

    def finish(self, run: RunRecord, attempts: Sequence[AttemptRecord] = ()) -> None:
        """Complete a run with its last attempts in one commit; if it was never begun, write all of
        it.

        Repeating it, or an attempt, counts nothing twice.
        """
        ...

    def finish_all(
        self, runs: Sequence[tuple[RunRecord, Sequence[AttemptRecord]]], *, wait: bool = True
    ) -> None:
        """Complete several runs as `finish` does, in one commit.

        Args:
            runs: the runs with their attempts.
            wait: whether to wait for a server or for other processes.

        Raises:
            LogBusyError: it would have to wait; nothing was written.
        """
        ...

    def event(self, event: Event) -> None:
        """Write an event."""
        ...

    def feedback(self, feedback: Feedback) -> None:
        """Write feedback on a run. Raises NotFoundError if there is no such run."""
        ...

    def review(self, review: RunReview) -> None:
        """Request a review of a run, or answer the review with this id."""
        ...

    def find_answer(self, key: str) -> CachedAnswer | None:
        """Return the cached answer to a request, or None."""
        ...

    def store_answer(self, key: str, cached: CachedAnswer, seconds: float, megabytes: int) -> None:
        """Cache an answer for `seconds`, unless something in it would be redacted.

        All cached answers together take at most about `megabytes`.
        """
        ...

    def has_run(self, run_id: str) -> bool:
        """Return whether the log has a run, by its whole id."""
        ...

    def get(self, run_id: str) -> LogEntry:
        """Return everything about one run, by its id or a prefix. Raises NotFoundError."""
        ...

    def list(
        self, filters: Filters = ..., *, limit: int = 50, before: str | None = None
    ) -> Sequence[RunRecord]:
        """Return runs, newest first, without contents (`get` returns those).

        Args:
            filters: the filter.
            limit: the maximum number.
            before: only runs older than the one of this id, for the next page.
        """
        ...

    def tail(
        self, filters: Filters = ..., *, after: int | None = None
    ) -> tuple[Sequence[RunRecord], int]:
        """Return runs added since a position in the log, oldest first, and the new position.

        Without a position, return no runs and the current position.
        """
        ...

    def stats(self, filters: Filters = ..., *, by: Sequence[str] = ()) -> Sequence[RunGroup]:
        """Return counts, errors by stage, cost and latency of runs, grouped by DIMENSIONS."""
        ...

    def compare(self, left: str, right: str, filters: Filters = ...) -> RunComparison:
        """Compare two versions of one prompt that share traffic, clustered by key."""
        ...

    def export(self, filters: Filters = ...) -> Iterator[LogEntry]:
        """Yield everything about each run, oldest first."""
        ...

    def sample(
        self, filters: Filters = ..., *, limit: int, without_environment: str | None = None
    ) -> Sequence[RunRecord]:
        """Return a random sample of ended runs with contents, one of each key.

        Args:
            filters: the filter.
            limit: the maximum number.
            without_environment: an environment whose runs are ignored.
        """
        ...

    def find_output(self, text: str) -> Sequence[RunRecord]:
        """Return the runs with this answer, even if it was redacted or not stored."""
        ...

    def reviews(self, *, status: str | None = "open", limit: int = 50) -> Sequence[RunReview]:
        """Return reviews, oldest request first."""
        ...

    def get_review(self, review_id: str) -> RunReview:
        """Return a review by its id or its run's, or a prefix. Raises NotFoundError.

        Of several reviews of one run, return the open one, else the newest.
        """
        ...

    def events(self, kind: str | None = None, *, limit: int = 50) -> Sequence[Event]:
        """Return events of runs and of the log, newest first."""
        ...

    def erase(self, user: str, *, by: str, reason: str) -> Removal:
        """Remove all runs of a user and texts that only they used, and record the erasure."""
        ...

    def prune(self, before: float, *, by: str, reason: str, dry_run: bool = False) -> Removal:
        """Remove runs started before a time; roll-ups stay. Open reviews keep their runs."""
        ...

    def rotate(self) -> int:
        """Encrypt every text with the first key; return the number of changed texts."""
        ...

    def tend(self) -> None:
        """Roll up finished hours, and prune runs older than the retention."""
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
    """Open a log.

    Args:
        url: the path of an SQLite file, `sqlite:PATH`, or `postgresql://...`.
        settings: the table `[log]`.
        clock: seconds since 1970 in UTC, `time.time`.
        random: random bytes, `os.urandom`.
        key: reads an environment variable, `os.environ.get`; for the encryption key.
        create: whether to create a missing log; otherwise raise NotFoundError.
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
