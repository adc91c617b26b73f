"""Snapshots as sources: a file on disk, or one on a web server with a verified copy on disk."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING

from promptops.errors import IntegrityError, PointError, SourceUnavailableError, UntrustedError
from promptops.files import read_file
from promptops.repository.writing import write_atomically
from promptops.runtime.resolution import SourceMemory
from promptops.runtime.sources.copies import CacheFolder, CacheState, remembered, unusable_hint
from promptops.runtime.sources.download import (
    MAX_SNAPSHOT_BYTES,
    NotThereError,
    download,
    without_credentials,
)
from promptops.runtime.sources.source import Look, measure_age

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.delivery.state import Point
    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import View
    from promptops.runtime.sources.snapshot import Snapshot
    from promptops.runtime.sources.source import Options

# A snapshot and its signature are two files. If reading falls between two writes, repeat it.
_TRIES = 3

_PAUSE_SECONDS = 0.05


class SnapshotFileSource:
    """A snapshot file; it is read again after it was replaced."""

    is_local = True
    folder: CacheFolder | None = None
    repository: Repository | None = None

    def __init__(self, file: Path, options: Options) -> None:
        self.text = str(file)
        self._file = file
        self._options = options
        self._memory = SourceMemory()
        self._known: tuple[object, Snapshot, str | None] | None = None

    @property
    def seen(self) -> Mapping[str, Point]:
        """Environment -> newest deployment seen."""
        return self._memory.seen

    def look(self) -> Look | None:
        """Return the same as `update`, because local data needs no request."""
        return self.update()

    def update(self) -> Look:
        """Read the file if it was replaced."""
        from promptops.runtime.sources.snapshot import accept_snapshot, parse_snapshot

        try:
            status = self._file.stat()
            identity = (status.st_ino, status.st_size, status.st_mtime_ns)
            if self._known is None or self._known[0] != identity:
                data, signer = self._read()
                snapshot = parse_snapshot(data, self.text)
                accept_snapshot(snapshot, self._memory)
                self._known = (identity, snapshot, signer)
        except OSError as error:
            raise SourceUnavailableError(
                f"the snapshot {self.text} cannot be read: {error.strerror or error}",
                hint="export it again: promptops export -o FILE",
            ) from error
        _, snapshot, signer = self._known
        return Look(_view_snapshot(snapshot, self, signer, None))

    def _read(self) -> tuple[bytes, str | None]:
        from promptops.runtime.sources.snapshot import SIGNATURE_SUFFIX

        trust = self._options.trust
        if trust is None:
            return _read_bounded(self._file), None
        beside = self._file.with_name(self._file.name + SIGNATURE_SUFFIX)
        for attempt in range(_TRIES):
            data = _read_bounded(self._file)
            signature = read_file(beside) if beside.exists() else None
            try:
                return data, trust.authenticate_snapshot(self.text, data, signature)
            except UntrustedError:
                if attempt == _TRIES - 1:
                    raise
                time.sleep(_PAUSE_SECONDS)
        raise AssertionError

    @property
    def options(self) -> Options:
        """The options."""
        return self._options

    @property
    def memory(self) -> SourceMemory:
        """The data shared by successive looks."""
        return self._memory

    def repair(self) -> Look | None:
        """Do nothing: there is no copy."""
        return None

    def close(self) -> None:
        """Do nothing: nothing is kept open."""

    def after_fork(self) -> None:
        """Do nothing: no resources belong to the parent."""


class SnapshotUrlSource:
    """A snapshot on a web server, with a verified copy on disk; only changes are sent."""

    is_local = False
    repository: Repository | None = None

    def __init__(self, url: str, options: Options) -> None:
        self.text = without_credentials(url)
        self._url = url
        self._options = options
        self._memory = SourceMemory()
        signers = str(options.trust.signers) if options.trust else ""
        self.folder = CacheFolder(options.cache, "snapshots", url, signers)
        self._known: tuple[str, Snapshot, str | None] | None = None

    @property
    def seen(self) -> Mapping[str, Point]:
        """Environment -> newest deployment seen."""
        return self._memory.seen

    def look(self) -> Look | None:
        """Return the copy on disk, verified like a download."""
        state = self.folder.read_state()
        if state is None:
            return None
        try:
            return self._make_look(state, *self._read_copy(state))
        except (OSError, IntegrityError, UntrustedError, KeyError):
            # A damaged copy is repaired by downloading again.
            return None

    def update(self) -> Look:
        """Ask the server for a version newer than the copy."""
        try:
            with self.folder.locked():
                return self._update()
        except OSError as error:
            raise SourceUnavailableError(
                f"the cache folder {self.folder.path} cannot be used: {error.strerror or error}",
                hint=unusable_hint(self.folder.path),
            ) from error

    def _update(self) -> Look:
        begun = time.time()
        state = self.folder.read_state()
        copy = None
        if state is not None:
            try:
                copy = self._read_copy(state)
            except (OSError, IntegrityError, UntrustedError, KeyError):
                copy = None
        etag = state.facts.get("etag") if state is not None and copy is not None else None
        answer = download(self._url, etag)
        seen = state.seen if state is not None else {}
        if answer is None:
            if state is None or copy is None:
                raise SourceUnavailableError(f"{self.text} says that nothing changed since nothing")
            state = CacheState(begun, seen, state.facts)
            self.folder.write_state(state)
            return self._make_look(state, *copy)
        data, etag = answer
        signature = None
        if self._options.trust is not None:
            signature = self._download_signature()
        snapshot, signer = self._check(data, signature)
        self._memory.seen.update(seen)
        from promptops.runtime.sources.snapshot import accept_snapshot

        try:
            accept_snapshot(snapshot, self._memory)
        except PointError as error:
            raise remembered(error, self.folder.path) from error
        digest = sha256(data).hexdigest()
        write_atomically(self.folder.path / f"{digest}.json", data, is_own=True)
        if signature is not None:
            write_atomically(self.folder.path / f"{digest}.json.sig", signature, is_own=True)
        facts = {"body": digest} if etag is None else {"body": digest, "etag": etag}
        state = CacheState(begun, dict(self._memory.seen), facts)
        self.folder.write_state(state)
        for leftover in self.folder.path.glob("*.json*"):
            if leftover.name.split(".")[0] not in {digest, "state", "silence"}:
                leftover.unlink(missing_ok=True)
        self._known = (digest, snapshot, signer)
        return self._make_look(state, snapshot, signer)

    def _download_signature(self) -> bytes | None:
        from urllib.parse import urlsplit

        parts = urlsplit(self._url)
        try:
            answer = download(parts._replace(path=f"{parts.path}.sig").geturl(), None)
        except NotThereError:
            return None
        return None if answer is None else answer[0]

    def _check(self, data: bytes, signature: bytes | None) -> tuple[Snapshot, str | None]:
        from promptops.runtime.sources.snapshot import parse_snapshot

        signer = None
        if self._options.trust is not None:
            signer = self._options.trust.authenticate_snapshot(self.text, data, signature)
        return parse_snapshot(data, self.text), signer

    def _read_copy(self, state: CacheState) -> tuple[Snapshot, str | None]:
        digest = state.facts["body"]
        if self._known is not None and self._known[0] == digest:
            return self._known[1], self._known[2]
        file = self.folder.path / f"{digest}.json"
        data = read_file(file)
        beside = file.with_name(f"{file.name}.sig")
        signature = read_file(beside) if beside.exists() else None
        snapshot, signer = self._check(data, signature)
        self._known = (digest, snapshot, signer)
        return snapshot, signer

    def _make_look(self, state: CacheState, snapshot: Snapshot, signer: str | None) -> Look:
        self._memory.seen.update(state.seen)
        view = _view_snapshot(snapshot, self, signer, state.fetched_at_seconds)
        return Look(view, measure_age(state.fetched_at_seconds))

    @property
    def options(self) -> Options:
        """The options."""
        return self._options

    @property
    def memory(self) -> SourceMemory:
        """The data shared by successive looks."""
        return self._memory

    def repair(self) -> Look | None:
        """Do nothing: an unreadable copy already counts as missing."""
        return None

    def close(self) -> None:
        """Do nothing: nothing is kept open."""

    def after_fork(self) -> None:
        """Detach from the parent's lock in a forked child."""
        self.folder.forget_lock()


def _view_snapshot(
    snapshot: Snapshot,
    source: SnapshotFileSource | SnapshotUrlSource,
    signer: str | None,
    fetched_at_seconds: float | None,
) -> View:
    from promptops.runtime.sources.snapshot import SnapshotView

    return SnapshotView(
        snapshot,
        source=source.text,
        memory=source.memory,
        environment=source.options.environment,
        authenticated=signer,
        fetched_at_seconds=fetched_at_seconds,
    )


def _read_bounded(file: Path) -> bytes:
    data = read_file(file, limit=MAX_SNAPSHOT_BYTES + 1)
    if len(data) > MAX_SNAPSHOT_BYTES:
        raise IntegrityError(
            f"{file} is too large for a snapshot", hint="export fewer prompts into it"
        )
    return data
