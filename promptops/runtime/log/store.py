"""A run log in an SQL database: the common part of both databases.

System messages, long earlier turns and long requests are stored once for many runs, by their hash.
`uses` records which runs use which text, so that a text is removed with its last run. Any other
text belongs to one run and needs no index. Past hours are rolled up (`hours`); a run that ends
later is added to its hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from promptops.errors import ConfigurationError, NotFoundError, UsageError
from promptops.lazy import cached_property
from promptops.repository.settings.log import FULL, NONE
from promptops.runtime.log import answers, reading, removal
from promptops.runtime.log.content import pack, text_hash, unpack
from promptops.runtime.log.hours import count_late, roll_up, rolled_until
from promptops.runtime.log.identifiers import make_id, pack_id
from promptops.runtime.log.log import Filters, Removal
from promptops.runtime.log.record import RUNNING
from promptops.runtime.log.rows import (
    ATTEMPT_COLUMNS,
    EVENT_COLUMNS,
    FEEDBACK_COLUMNS,
    REVIEW_COLUMNS,
    event_row,
    feedback_row,
    review_row,
    upsert,
)
from promptops.runtime.redaction import redact, redact_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from promptops.repository.settings.log import LogSettings
    from promptops.runtime.log.answers import CachedAnswer
    from promptops.runtime.log.database import Cursor, Database
    from promptops.runtime.log.encryption import Keyring
    from promptops.runtime.log.record import (
        AttemptRecord,
        Event,
        Feedback,
        LogEntry,
        RunRecord,
        RunReview,
    )
    from promptops.runtime.log.statistics import RunComparison, RunGroup
    from promptops.runtime.log.writing import PreparedRun, RunWriter

_EVERYTHING = Filters()
_UPSERT_ATTEMPT = upsert("attempts", ATTEMPT_COLUMNS, ("run", "number"))
_INSERT_EVENT = upsert("events", EVENT_COLUMNS, ("id",))
_INSERT_FEEDBACK = upsert("feedback", FEEDBACK_COLUMNS, ("id",))
_UPSERT_REVIEW = upsert("reviews", REVIEW_COLUMNS, ("id",))
_ROTATION = 500
# Out of 256 stored answers, this many trigger a removal of old ones.
_TRIMMED = 8


class Store:
    """A run log in an SQL database."""

    def __init__(
        self,
        database: Database,
        settings: LogSettings,
        *,
        clock: Callable[[], float],
        random: Callable[[int], bytes],
        key: Callable[[str], str | None],
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._random = random
        try:
            self._keyring = _read_keyring(settings, key, random)
            self._secret = self._read_secret()
        except BaseException:
            database.close()
            raise

    @cached_property
    def _writer(self) -> RunWriter:
        # Commands that only read do not import it.
        from promptops.runtime.log.writing import RunWriter

        return RunWriter(self._settings, self._keyring, self._secret)

    def _read_secret(self) -> bytes:
        """Return the secret for keyed hashes, which is created once and encrypted with the key."""

        def read(cursor: Cursor) -> bytes | None:
            row = cursor.one("SELECT value FROM meta WHERE name = 'secret'")
            return None if row is None else bytes(row[0])

        stored = self._database.read(read)
        if stored is None:
            fresh = pack(self._random(32), self._keyring)

            def write(cursor: Cursor) -> bytes:
                cursor.run(
                    "INSERT INTO meta (name, value) VALUES ('secret', ?)"
                    " ON CONFLICT (name) DO NOTHING",
                    (fresh,),
                )
                found = read(cursor)
                return fresh if found is None else found

            stored = self._database.write(write)
        return unpack(stored, self._keyring)

    # Writing

    def begin(self, run: RunRecord) -> None:
        """Write the start of a run."""
        if run.status != RUNNING:
            raise UsageError(f"a new run must have the status running, not '{run.status}'")
        prepared = self._writer.prepare(run)

        self._database.write(lambda cursor: self._writer.write(cursor, prepared, None))
        self._writer.remember_begun(run, prepared)

    def attempt(self, attempt: AttemptRecord) -> None:
        """Write one attempt of a run, before the run ends."""
        row = self._writer.attempt_row(attempt)
        self._database.write(lambda cursor: cursor.run(_UPSERT_ATTEMPT, row))

    def finish(self, run: RunRecord, attempts: Sequence[AttemptRecord] = ()) -> None:
        """Complete a run with its last attempts in one commit."""
        prepared = self._writer.prepare(run)
        rows = self._writer.attempt_rows(run, attempts)

        def write(cursor: Cursor) -> None:
            self._write_ended(cursor, run, prepared, rolled_until(cursor))
            cursor.run_all(_UPSERT_ATTEMPT, rows)

        self._database.write(write)

    def finish_all(
        self, runs: Sequence[tuple[RunRecord, Sequence[AttemptRecord]]], *, wait: bool = True
    ) -> None:
        """Complete runs in one commit."""
        prepared = self._writer.prepare_all([run for run, _ in runs])
        rows = [row for one in runs for row in self._writer.attempt_rows(*one)]

        def write(cursor: Cursor) -> None:
            until = rolled_until(cursor)
            known = self._writer.find_ids(cursor, prepared)
            fresh: list[PreparedRun] = []
            others: list[tuple[RunRecord, PreparedRun]] = []
            for (run, _), one in zip(runs, prepared, strict=True):
                if one.id in known or one.begun.is_dropped:
                    others.append((run, one))
                else:
                    known.add(one.id)
                    fresh.append(one)
            for one, number in zip(fresh, self._writer.insert_all(cursor, fresh), strict=True):
                if one.started < until:
                    count_late(cursor, number, sign=1)
            for run, one in others:
                self._write_ended(cursor, run, one, until)
            cursor.run_all(_UPSERT_ATTEMPT, rows)

        self._database.write(write, wait=wait)

    def _write_ended(
        self, cursor: Cursor, run: RunRecord, prepared: PreparedRun, until: int
    ) -> None:
        """Complete a run that was begun or is written again."""
        old = self._writer.find(cursor, prepared)
        if prepared.begun.is_dropped and (old is None or old[1] is None):
            # The log was lost meanwhile.
            prepared = self._writer.prepare(run)
        is_late = prepared.started < until
        if is_late and old is not None:
            count_late(cursor, int(old[0]), sign=-1)
        number = self._writer.write(cursor, prepared, old)
        if is_late:
            count_late(cursor, number, sign=1)

    def event(self, event: Event) -> None:
        """Write an event."""
        detail = event.detail
        if detail is not None and self._settings.content != FULL:
            detail = redact_value(detail)
        row = event_row(event._replace(detail=detail), self._keyring)
        self._database.write(lambda cursor: cursor.run(_INSERT_EVENT, row))

    def feedback(self, feedback: Feedback) -> None:
        """Write feedback on a run. Raises NotFoundError if there is no such run."""
        row = feedback_row(feedback, self._text(feedback.comment), self._keyring)

        def write(cursor: Cursor) -> None:
            self._check_run(cursor, feedback.run_id)
            cursor.run(_INSERT_FEEDBACK, row)

        self._database.write(write)

    def review(self, review: RunReview) -> None:
        """Request a review of a run, or answer the review with this id."""
        kept = review._replace(answer=self._text(review.answer), note=self._text(review.note))
        row = review_row(kept, self._keyring)

        def write(cursor: Cursor) -> None:
            self._check_run(cursor, review.run_id)
            cursor.run(_UPSERT_REVIEW, row)

        self._database.write(write)

    def find_answer(self, key: str) -> CachedAnswer | None:
        """Return the cached answer to a request, or None."""
        now = self._clock()
        number = text_hash(key.encode(), self._secret)
        return self._database.read(
            lambda cursor: answers.find_answer(cursor, number, self._keyring, now)
        )

    def store_answer(self, key: str, cached: CachedAnswer, seconds: float, megabytes: int) -> None:
        """Cache an answer, unless something in it would be redacted."""
        content = self._settings.content
        if content == NONE or (
            content != FULL and redact_value(cached.answer) is not cached.answer
        ):
            return
        now = self._clock()
        number = text_hash(key.encode(), self._secret)

        def write(cursor: Cursor) -> None:
            answers.store_answer(cursor, number, cached, now + seconds, self._keyring)
            if self._random(1)[0] < _TRIMMED:
                answers.trim_answers(cursor, now, megabytes)

        self._database.write(write)

    def has_run(self, run_id: str) -> bool:
        """Return whether the log has a run, by its whole id."""
        find = "SELECT 1 FROM runs WHERE id = ?"
        return self._database.read(lambda cursor: cursor.one(find, (pack_id(run_id),))) is not None

    def tend(self) -> None:
        """Roll up finished hours, and prune runs older than the retention."""
        now = self._clock()
        if self._settings.retention_seconds is not None:
            self.prune(now - self._settings.retention_seconds, by="retention", reason="[log]")
        else:
            self._roll_up(now)

    def _roll_up(self, now: float) -> None:
        while self._database.write(lambda cursor: roll_up(cursor, now)):
            pass

    def _check_run(self, cursor: Cursor, run_id: str) -> None:
        if cursor.one("SELECT 1 FROM runs WHERE id = ?", (pack_id(run_id),)) is None:
            raise NotFoundError(
                f"the log has no run {run_id}", hint="run 'promptops runs list' to see the runs"
            )

    def _text(self, text: str | None) -> str | None:
        """Return a person's text as it may be stored: redacted, or None."""
        if text is None or self._settings.content == FULL:
            return text
        return redact(text)

    # Reading

    def get(self, run_id: str) -> LogEntry:
        """Return everything about one run, by its id or a prefix. Raises NotFoundError."""
        now = self._clock()
        return self._database.read(
            lambda cursor: reading.read_entry(cursor, run_id, self._keyring, now)
        )

    def list(
        self, filters: Filters = _EVERYTHING, *, limit: int = 50, before: str | None = None
    ) -> Sequence[RunRecord]:
        """Return runs, newest first, without contents."""
        now = self._clock()
        return self._database.read(
            lambda cursor: reading.list_runs(
                cursor, filters, self._keyring, now, limit=limit, before=before
            )
        )

    def tail(
        self, filters: Filters = _EVERYTHING, *, after: int | None = None
    ) -> tuple[Sequence[RunRecord], int]:
        """Return runs added since a position in the log, oldest first, and the new position."""
        now = self._clock()
        return self._database.read(
            lambda cursor: reading.tail_runs(cursor, filters, self._keyring, now, after)
        )

    def stats(
        self, filters: Filters = _EVERYTHING, *, by: Sequence[str] = ()
    ) -> Sequence[RunGroup]:
        """Return counts, errors by stage, cost and latency of runs, grouped by DIMENSIONS."""
        # Imported on use, because applications only write.
        from promptops.runtime.log import counting

        now = self._clock()
        return self._database.read(lambda cursor: counting.count(cursor, filters, by, now))

    def compare(self, left: str, right: str, filters: Filters = _EVERYTHING) -> RunComparison:
        """Compare two versions of one prompt that share traffic, clustered by key."""
        from promptops.runtime.log import comparing

        now = self._clock()
        return self._database.read(
            lambda cursor: comparing.compare_versions(cursor, left, right, filters, now)
        )

    def export(self, filters: Filters = _EVERYTHING) -> Iterator[LogEntry]:
        """Yield everything about each run, oldest first."""
        now, place = self._clock(), (-(1 << 62), 0)
        while True:
            here = place
            entries, place = self._database.read(
                lambda cursor, here=here: reading.read_page(  # type: ignore[misc]
                    cursor, filters, self._keyring, now, here
                )
            )
            if not entries:
                return
            yield from entries

    def sample(
        self, filters: Filters = _EVERYTHING, *, limit: int, without_environment: str | None = None
    ) -> Sequence[RunRecord]:
        """Return a random sample of ended runs with contents, one of each key."""
        from promptops.runtime.log import sampling

        now = self._clock()
        return self._database.read(
            lambda cursor: sampling.sample_runs(
                cursor,
                filters,
                self._keyring,
                now,
                limit=limit,
                without_environment=without_environment,
            )
        )

    def find_output(self, text: str) -> Sequence[RunRecord]:
        """Return the runs with this answer, even if it was redacted or not stored."""
        now = self._clock()
        return self._database.read(
            lambda cursor: reading.find_answer(cursor, text, self._secret, self._keyring, now)
        )

    def reviews(self, *, status: str | None = "open", limit: int = 50) -> Sequence[RunReview]:
        """Return reviews, oldest request first."""
        return self._database.read(
            lambda cursor: reading.list_reviews(cursor, status, limit, self._keyring)
        )

    def get_review(self, review_id: str) -> RunReview:
        """Return a review by its id, its run's id, or a prefix of either. Raises NotFoundError."""
        return self._database.read(
            lambda cursor: reading.read_review_of(cursor, review_id, self._keyring)
        )

    def events(self, kind: str | None = None, *, limit: int = 50) -> Sequence[Event]:
        """Return events of runs and of the log, newest first."""
        return self._database.read(
            lambda cursor: reading.list_events(cursor, kind, limit, self._keyring)
        )

    # Removing

    def erase(self, user: str, *, by: str, reason: str) -> Removal:
        """Remove all runs of a user and texts that only they used, and record the erasure."""
        now = self._clock()
        audit = make_id(now, self._random(16))
        result = self._database.write(
            lambda cursor: removal.erase_user(
                cursor,
                user,
                self._secret,
                removal.Audit(audit, now, by, reason),
                self._keyring,
            )
        )
        self._writer.forget_texts()
        self._database.scrub(removal.TABLES)
        return result

    def prune(self, before: float, *, by: str, reason: str, dry_run: bool = False) -> Removal:
        """Remove runs started before a time; roll-ups stay. Open reviews keep their runs."""
        if dry_run:
            return self._database.read(lambda cursor: removal.count_old(cursor, before))
        now = self._clock()
        self._roll_up(now)
        runs = texts = 0
        while True:
            part = self._database.write(lambda cursor: removal.prune_some(cursor, before))
            runs, texts = runs + part.runs, texts + part.texts
            if not part.runs:
                break
        self._writer.forget_texts()
        if runs:
            audit = removal.Audit(make_id(now, self._random(16)), now, by, reason)
            self._database.write(
                lambda cursor: removal.record(
                    cursor, "pruned", audit, {"before": before, "runs": runs}, self._keyring
                )
            )
        return Removal(runs, texts)

    def rotate(self) -> int:
        """Encrypt every text with the first key; return the number of changed texts."""
        keyring = self._keyring
        if keyring is None:
            raise ConfigurationError(
                "the run log is not encrypted",
                hint="set encryption_key in [log]",
            )
        total = 0
        for table, key, column in removal.SEALED:
            last: object = None
            while True:
                here = last
                changed, last = self._database.write(
                    lambda cursor, t=table, k=key, c=column, h=here: removal.reseal(  # type: ignore[misc]
                        cursor, (t, k, c), h, keyring, _ROTATION
                    )
                )
                total += changed
                if last is None:
                    break
        self._database.scrub(removal.TABLES)
        return total

    def close(self) -> None:
        """Close the connections of this process."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read_keyring(
    settings: LogSettings, key: Callable[[str], str | None], random: Callable[[int], bytes]
) -> Keyring | None:
    variable = settings.encryption_key
    if variable is None:
        return None
    from promptops.runtime.log.encryption import read_keys

    return read_keys(variable, key(variable), random)
