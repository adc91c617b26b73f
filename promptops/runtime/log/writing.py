"""Prepare runs outside of a transaction, and write them with their shared texts.

Shared texts are compressed and written once. The hashes of stored texts are cached, and so are the
requests of unfinished runs.
"""

from __future__ import annotations

import os
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.settings.log import FULL, REDACTED
from promptops.runtime.log import removal
from promptops.runtime.log.content import pack, text_hash
from promptops.runtime.log.process import Process, this_process
from promptops.runtime.log.record import RUNNING
from promptops.runtime.log.rows import (
    RUN_COLUMNS,
    columns,
    run_row,
)
from promptops.runtime.log.rows import (
    attempt_row as make_attempt_row,
)
from promptops.runtime.log.texts import RequestTexts, are_clean, make_request, make_texts
from promptops.runtime.redaction import find_hidden, hide, redact, redact_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from promptops.repository.settings.log import LogSettings
    from promptops.runtime.log.database import Cursor, Row
    from promptops.runtime.log.encryption import Keyring
    from promptops.runtime.log.record import (
        AttemptRecord,
        RunRecord,
    )

# The tables with further data of a run.
_STORED = (*RUN_COLUMNS, "process", "request", "answer", "mac")
_INSERT_RUN = (
    f"INSERT INTO runs ({columns(_STORED)}) VALUES ({', '.join('?' * len(_STORED))})"
    " ON CONFLICT (id) DO NOTHING"
)
# Indexed columns that seldom change between a run's start and end. SQLite rewrites the index of
# every column that is set, even to the same value.
_IDENTITY = ("id", "parent", "started", "prompt", "user_name")
_RESULT = tuple(name for name in _STORED if name not in _IDENTITY)
_identity_of = itemgetter(*map(_STORED.index, _IDENTITY))
_result_of = itemgetter(*map(_STORED.index, _RESULT))
_ID, _STARTED, _STATUS = map(_STORED.index, ("id", "started", "status"))
_UPDATE_RESULT = f"UPDATE runs SET {', '.join(f'{name} = ?' for name in _RESULT)} WHERE n = ?"
_UPDATE_RUN = f"UPDATE runs SET {', '.join(f'{name} = ?' for name in _STORED)} WHERE n = ?"
_INSERT_USE = "INSERT INTO uses (text, run) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FIND_RUN = f"SELECT n, request, answer, {columns(_IDENTITY)} FROM runs WHERE id = ?"
# Older releases of SQLite allow at most 999 values in a statement.
_MAX_VALUES = 500
# The number of cached hashes of shared texts, which are not compressed again.
_MAX_KNOWN = 4096
# The minimum size in bytes from which equal requests share one text.
_MIN_SHARED_BYTES = 8192
# The number of runs to search together; if there is a match, each run is searched alone.
_SEARCHED_TOGETHER = 50
# The maximum number of unfinished runs whose texts are cached, and the maximum length of these
# texts.
_MAX_BEGUN = 2048
_MAX_BEGUN_BYTES = 64 * 1024


class _Text(NamedTuple):
    """A text to store: its hash if shared, its bytes, and the packed bytes unless it exists."""

    hash: bytes | None
    data: bytes
    body: bytes | None


_NO_TEXT = _Text(None, b"", None)


class _Begun(NamedTuple):
    """The request of an unfinished run, as written at its start.

    `is_dropped`: it is too long for the cache, so only the log has it.
    """

    request: RequestTexts
    shared: tuple[_Text, ...]
    body: _Text | None
    is_dropped: bool = False


class PreparedRun(NamedTuple):
    """A run ready to be written: the values of RUN_COLUMNS, and its texts."""

    values: Sequence[Any]
    shared: tuple[_Text, ...]
    request: _Text | None
    answer: _Text | None
    mac: bytes | None
    begun: _Begun
    is_as_begun: bool

    @property
    def id(self) -> bytes:
        """The run's id, as stored."""
        found: bytes = self.values[_ID]
        return found

    @property
    def started(self) -> int:
        """The run's start, as stored."""
        found: int = self.values[_STARTED]
        return found


class RunWriter:
    """Writes the runs of one open store.

    Args:
        settings: the table `[log]`.
        keyring: encrypts texts; None: no encryption.
        secret: the secret for hashes of texts.
    """

    def __init__(self, settings: LogSettings, keyring: Keyring | None, secret: bytes) -> None:
        self._settings = settings
        self._keyring = keyring
        self._secret = secret
        self._process: Process | None = None
        self._known: set[bytes] = set()
        self._begun: dict[str, _Begun] = {}

    def forget_texts(self) -> None:
        """Clear the cache of stored texts, because some were removed."""
        self._known.clear()

    def attempt_row(
        self, attempt: AttemptRecord, hidden: Mapping[str, str] | None = None
    ) -> list[object]:
        """Return the row of an attempt, with its error redacted."""
        error = attempt.error
        if error is not None:
            error = hide(error, hidden) if hidden else error
            error = (redact_secrets if self._settings.content == FULL else redact)(error)
        return make_attempt_row(attempt, error, self._keyring)

    def attempt_rows(self, run: RunRecord, attempts: Sequence[AttemptRecord]) -> list[list[object]]:
        """Return the rows of a run's attempts."""
        hidden = find_hidden(run.inputs, run.hidden) if run.hidden else None
        return [self.attempt_row(attempt, hidden) for attempt in attempts]

    def prepare_all(self, runs: Sequence[RunRecord]) -> list[PreparedRun]:
        """Prepare several runs, after searching many at once for texts to redact."""
        prepared: list[PreparedRun] = []
        for start in range(0, len(runs), _SEARCHED_TOGETHER):
            some = runs[start : start + _SEARCHED_TOGETHER]
            is_clean = self._settings.content == REDACTED and are_clean(some)
            prepared += (self.prepare(one, is_clean=is_clean) for one in some)
        return prepared

    def prepare(self, run: RunRecord, *, is_clean: bool = False) -> PreparedRun:
        """Do everything that needs no transaction, to keep the transaction short.

        `is_clean`: whether it is known that nothing must be redacted.
        """
        content = self._settings.content
        begun = self._begun.pop(run.id, None)
        is_as_begun = begun is not None and begun.request.is_of(run)
        if begun is None or not is_as_begun:
            request = make_request(run, content, self._secret, is_clean=is_clean)
            shared = tuple(self._prepare_text(*one) for one in request.shared)
            body = None
            if request.body is not None:
                if len(request.body) >= _MIN_SHARED_BYTES:
                    number = text_hash(request.body, self._secret)
                    body = self._prepare_text(number, request.body)
                else:
                    body = self._prepare_own(request.body)
            begun = _Begun(request, shared, body)
        texts = make_texts(run, begun.request, content, self._secret, is_clean=is_clean)
        return PreparedRun(
            run_row(run, texts.error, self._keyring, is_redacted=texts.is_redacted),
            begun.shared,
            begun.body,
            None if texts.answer is None else self._prepare_own(texts.answer),
            texts.mac,
            begun,
            is_as_begun,
        )

    def _prepare_text(self, number: bytes, data: bytes) -> _Text:
        # Do not pack texts that are stored already.
        if number in self._known:
            return _Text(number, data, None)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known.add(number)
        return _Text(number, data, pack(data, self._keyring))

    def _prepare_own(self, data: bytes) -> _Text:
        return _Text(None, data, pack(data, self._keyring))

    def remember_begun(self, run: RunRecord, prepared: PreparedRun) -> None:
        """Cache the texts of a run's start, so that its end need not create them again."""
        request, shared, body, _ = prepared.begun
        if body is None:
            return
        while len(self._begun) >= _MAX_BEGUN:
            # Their runs never ended, or ended in another process.
            self._begun.pop(next(iter(self._begun)), None)
        if len(body.data) > _MAX_BEGUN_BYTES:
            small = request._replace(body=None, shared=())
            self._begun[run.id] = _Begun(small, (), None, is_dropped=True)
            return
        self._begun[run.id] = _Begun(
            request,
            tuple(text._replace(body=None) for text in shared),
            body._replace(body=None),
        )

    def find(self, cursor: Cursor, prepared: PreparedRun) -> Row | None:
        """Return the stored row of a run, for `write`; None if there is none."""
        return cursor.one(_FIND_RUN, (prepared.id,))

    def find_ids(self, cursor: Cursor, runs: Sequence[PreparedRun]) -> set[bytes]:
        """Return the ids of the runs that are already stored."""
        ids = [run.id for run in runs]
        return {bytes(one) for (one,) in _select_in(cursor, "SELECT id FROM runs WHERE id", ids)}

    def insert_all(self, cursor: Cursor, runs: Sequence[PreparedRun]) -> Sequence[int]:
        """Write ended runs that are not stored yet; return their numbers.

        The rows are the same as by `write`, but with a few statements for all runs.
        """
        shared: dict[bytes, _Text] = {}
        own: list[tuple[bytes]] = []
        for run in runs:
            for text in (*run.shared, run.request, run.answer):
                if text is None:
                    continue
                if text.hash is None:
                    own.append((self._pack(text),))
                elif shared.get(text.hash, _NO_TEXT).body is None:
                    shared[text.hash] = text
        numbers = self._write_all_shared(cursor, shared)
        own_numbers = iter(cursor.insert_all("texts", ("body",), own, "id"))
        rows: list[tuple[Any, ...]] = []
        for run in runs:
            request, answer = (
                None
                if text is None
                else next(own_numbers)
                if text.hash is None
                else numbers[text.hash]
                for text in (run.request, run.answer)
            )
            rows.append((*run.values, None, request, answer, run.mac))
        made = cursor.insert_all("runs", _STORED, rows, "n")
        uses = {
            (numbers[text.hash], number)
            for run, number in zip(runs, made, strict=True)
            for text in (*run.shared, run.request)
            if text is not None and text.hash is not None
        }
        cursor.run_all(_INSERT_USE, sorted(uses))
        return made

    def _write_all_shared(self, cursor: Cursor, texts: Mapping[bytes, _Text]) -> dict[bytes, int]:
        """Write missing shared texts; return hash -> number of each text."""
        find = "SELECT hash, id FROM texts WHERE hash"
        found = {bytes(one): int(number) for one, number in _select_in(cursor, find, list(texts))}
        for number, text in texts.items():
            if number not in found:
                found[number] = self._write_shared(cursor, text)
        return found

    def write(self, cursor: Cursor, prepared: PreparedRun, old: Row | None) -> int:
        """Write a run and its texts; `old` is its stored row, if any. Return the run's number."""
        request = answer = None
        ids: list[int] = []
        stale = [] if old is None else [int(one) for one in old[1:3] if one is not None]
        is_same = prepared.is_as_begun and old is not None and old[1] is not None
        if is_same:
            # The request is stored since the start, with its shared texts.
            request = stale.pop(0)
        elif prepared.request is not None:
            ids.extend(self._write_shared(cursor, text) for text in prepared.shared)
            first = prepared.request
            request = (self._write_own if first.hash is None else self._write_shared)(cursor, first)
            if first.hash is not None:
                ids.append(request)
        if prepared.answer is not None:
            answer = self._write_own(cursor, prepared.answer)
        is_running = prepared.values[_STATUS] == RUNNING
        process = self._process_id(cursor) if is_running else None
        row = (*prepared.values, process, request, answer, prepared.mac)
        if old is None:
            made = cursor.insert(_INSERT_RUN, row, "n")
            if made is None:
                # The run already exists with its own texts.
                removal.drop_texts(cursor, [one for one in (request, answer) if one is not None])
                return -1
            number = made
        else:
            number = int(old[0])
            if _identity_of(row) == tuple(old[3:]):
                cursor.run(_UPDATE_RESULT, (*_result_of(row), number))
            else:
                cursor.run(_UPDATE_RUN, (*row, number))
            if not is_same:
                stale += self._release(cursor, number, ids)
            removal.drop_texts(cursor, stale)
        for text in ids:
            cursor.run(_INSERT_USE, (text, number))
        return number

    def _release(self, cursor: Cursor, number: int, ids: Sequence[int]) -> Sequence[int]:
        """Release and return the shared texts that a run no longer uses."""
        used = cursor.rows("SELECT text FROM uses WHERE run = ?", (number,))
        stale = [int(text) for (text,) in list(used) if text not in ids]
        for text in stale:
            cursor.run("DELETE FROM uses WHERE text = ? AND run = ?", (text, number))
        return stale

    def _pack(self, text: _Text) -> bytes:
        return pack(text.data, self._keyring) if text.body is None else text.body

    def _write_own(self, cursor: Cursor, text: _Text) -> int:
        """Write a text of one run."""
        made = cursor.insert("INSERT INTO texts (body) VALUES (?)", (self._pack(text),), "id")
        return -1 if made is None else made

    def _write_shared(self, cursor: Cursor, text: _Text) -> int:
        """Write a text that other runs may have written already."""
        find = "SELECT id FROM texts WHERE hash = ?"
        row = cursor.one(find, (text.hash,))
        if row is not None:
            return int(row[0])
        made = cursor.insert(
            "INSERT INTO texts (hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (text.hash, self._pack(text)),
            "id",
        )
        if made is None:
            # Another process has just created it.
            row = cursor.one(find, (text.hash,))
            made = None if row is None else int(row[0])
        return -1 if made is None else made

    def _process_id(self, cursor: Cursor) -> int:
        if self._process is None or self._process.pid != os.getpid():
            self._process = this_process()
        find = "SELECT id FROM processes WHERE machine = ? AND pid = ? AND born = ?"
        row = cursor.one(find, self._process)
        if row is None:
            cursor.run(
                "INSERT INTO processes (machine, pid, born) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                self._process,
            )
            row = cursor.one(find, self._process)
        return -1 if row is None else int(row[0])


def _select_in(cursor: Cursor, select: str, values: Sequence[bytes]) -> Iterator[Row]:
    """Yield the rows whose column, the last word of `select`, has one of the values."""
    for start in range(0, len(values), _MAX_VALUES):
        some = values[start : start + _MAX_VALUES]
        yield from cursor.rows(f"{select} IN ({', '.join('?' * len(some))})", some)
