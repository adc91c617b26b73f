"""Where a library's prompts come from: a repository, a clone URL, a snapshot file or URL.

Each source knows two things: what it has at hand without asking anybody (`look`), and how to ask
(`update`). When to do which, and what to make of a failure, is the registry's business.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from promptops.errors import (
    IntegrityError,
    PointError,
    SourceUnavailableError,
    UntrustedError,
    UsageError,
    quote,
)
from promptops.files import read_file
from promptops.repository.writing import write_atomically
from promptops.runtime.copies import (
    CacheFolder,
    CacheState,
    default_cache,
    remembered,
    unusable_hint,
)
from promptops.runtime.resolution import Memory, RepositoryView, View, describe_repository

if TYPE_CHECKING:
    import http.client
    import urllib.request
    from collections.abc import Iterator, Mapping, Sequence

    from promptops.delivery.state import Point
    from promptops.errors import PromptopsError
    from promptops.git.signing.ssh import SshTrust
    from promptops.repository.repository import Repository
    from promptops.runtime.mirror import Mirror, MirrorState
    from promptops.runtime.snapshot import Snapshot

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCP = re.compile(r"(?:[^/\s:@]+@)?[^/\s:@]{2,}:(?!//)\S+")
_CLONE_SCHEMES = frozenset({"file", "ssh", "git", "http", "https", "git+ssh", "ssh+git"})
_SILENCE_SECONDS = 10.0
_TOTAL_SECONDS = 30.0
_MAX_BYTES = 256 * 1024 * 1024
# A snapshot and its signature are two files; whoever reads between the two writes reads again.
_TRIES = 3
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a source.

    Attributes:
        view: what answers refs.
        age_seconds: how long ago the source was known to be so.
        is_doubtful: whether something newer was refused, so that it is no longer fresh.
        refusals: what was refused in it; the view raises these.
    """

    view: View
    age_seconds: float = 0.0
    is_doubtful: bool = False
    refusals: tuple[PromptopsError, ...] = ()


class Source(Protocol):
    """Where prompts come from."""

    @property
    def text(self) -> str:
        """Its name for people, without credentials."""

    @property
    def is_local(self) -> bool:
        """Whether asking costs next to nothing, so that nobody need be served something old."""

    @property
    def repository(self) -> Repository | None:
        """The repository on this machine that it is, with its configuration; None for others."""

    @property
    def folder(self) -> CacheFolder | None:
        """Where its copy on disk is; None for one that needs none."""

    @property
    def seen(self) -> Mapping[str, Point]:
        """The newest deployment that it showed, by environment."""

    def look(self) -> Look | None:
        """Return what is at hand; None when that is nothing. Never asks anybody else."""

    def update(self) -> Look:
        """Ask now. SourceUnavailableError when there is no answer, others when it is refused."""

    def repair(self) -> Look | None:
        """Make a copy that cannot be read anew; None when there is no copy to be made."""

    def close(self) -> None:
        """Let go of processes."""

    def after_fork(self) -> None:
        """In a forked child: forget what belongs to the parent."""


@dataclass(frozen=True, slots=True)
class Options:
    """What all sources are opened with.

    Attributes:
        trust: whom to believe, or None.
        cache: the folder for copies on disk.
        environment: the default environment, or None for the source's own.
    """

    trust: SshTrust | None
    cache: Path
    environment: str | None


class RepositorySource:
    """A repository on this machine: a work tree's or a bare one. It is never fetched into."""

    is_local = True
    folder: CacheFolder | None = None

    def __init__(self, repository: Repository, options: Options) -> None:
        self.text = describe_repository(repository)
        self.repository: Repository | None = repository
        self._repository = repository
        self._options = options
        self._memory = Memory()

    @property
    def seen(self) -> Mapping[str, Point]:
        """The newest deployment that it showed, by environment."""
        return self._memory.seen

    def look(self) -> Look | None:
        """The same as asking."""
        return self.update()

    def update(self) -> Look:
        """Look at the refs as they are now."""
        git = self._repository.git
        if not git.git_dir.is_dir():
            raise SourceUnavailableError(
                f"the repository {self.text} is gone", hint="put it back, or open another source"
            )
        view = RepositoryView(
            self._repository,
            source=self.text,
            memory=self._memory,
            trust=self._options.trust,
            environment=self._options.environment,
        )
        return Look(view)

    def repair(self) -> Look | None:
        """Nothing: the user's own repository is not ours to repair."""
        return None

    def close(self) -> None:
        """End the process that reads."""
        self._repository.objects.close()

    def after_fork(self) -> None:
        """Leave the parent's lock to the parent; the reader notices by itself."""
        self._memory.after_fork()


class MirrorSource:
    """A clone URL, followed in a mirror on disk."""

    is_local = False
    repository: Repository | None = None

    def __init__(self, url: str, options: Options) -> None:
        from promptops.runtime.mirror import Mirror

        self.text = without_credentials(url)
        self._options = options
        self._memory = Memory()
        self._mirror: Mirror = Mirror(url, options.cache, options.trust)
        self.folder: CacheFolder | None = self._mirror.folder

    @property
    def seen(self) -> Mapping[str, Point]:
        """The newest deployment that it showed, by environment."""
        return self._memory.seen

    def look(self) -> Look | None:
        """Return the mirror as it lies on disk."""
        state = self._mirror.read()
        return None if state is None else self._look(state)

    def update(self) -> Look:
        """Fetch."""
        return self._look(self._mirror.update())

    def repair(self) -> Look | None:
        """Make the mirror anew."""
        return self._look(self._mirror.recreate())

    def _look(self, state: MirrorState) -> Look:
        self._memory.seen.update(state.seen)
        view = RepositoryView(
            state.repository,
            source=self.text,
            memory=self._memory,
            trust=self._options.trust,
            environment=self._options.environment,
            fetched_at_seconds=state.fetched_at_seconds,
            refusals=state.refusals,
            warnings=state.warnings,
        )
        refusals = tuple(state.refusals.values())
        return Look(view, _age(state.fetched_at_seconds), state.is_doubtful, refusals)

    def close(self) -> None:
        """End the process that reads."""
        self._mirror.close()

    def after_fork(self) -> None:
        """Leave the parent's lock to the parent."""
        self._mirror.forget_lock()
        self._memory.after_fork()


class SnapshotFileSource:
    """A snapshot file; it is read again when it was replaced."""

    is_local = True
    folder: CacheFolder | None = None
    repository: Repository | None = None

    def __init__(self, file: Path, options: Options) -> None:
        self.text = str(file)
        self._file = file
        self._options = options
        self._memory = Memory()
        self._known: tuple[object, Snapshot, str | None] | None = None

    @property
    def seen(self) -> Mapping[str, Point]:
        """The newest deployment that it showed, by environment."""
        return self._memory.seen

    def look(self) -> Look | None:
        """The same as asking."""
        return self.update()

    def update(self) -> Look:
        """Read the file, if it is another one than before."""
        from promptops.runtime.snapshot import accept_snapshot, parse_snapshot

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
                hint="put it back: promptops export -o FILE",
            ) from error
        _, snapshot, signer = self._known
        return Look(_view_snapshot(snapshot, self, signer, None))

    def _read(self) -> tuple[bytes, str | None]:
        from promptops.runtime.snapshot import SIGNATURE_SUFFIX

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
        """What it was opened with."""
        return self._options

    @property
    def memory(self) -> Memory:
        """What earlier looks know."""
        return self._memory

    def repair(self) -> Look | None:
        """Nothing: there is no copy."""
        return None

    def close(self) -> None:
        """Nothing is kept open."""

    def after_fork(self) -> None:
        """Nothing belongs to the parent alone."""


class SnapshotUrlSource:
    """A snapshot on a web server, with a verified copy on disk; only changes are sent."""

    is_local = False
    repository: Repository | None = None

    def __init__(self, url: str, options: Options) -> None:
        self.text = without_credentials(url)
        self._url = url
        self._options = options
        self._memory = Memory()
        signers = str(options.trust.signers) if options.trust else ""
        self.folder = CacheFolder(options.cache, "snapshots", url, signers)
        self._known: tuple[str, Snapshot, str | None] | None = None

    @property
    def seen(self) -> Mapping[str, Point]:
        """The newest deployment that it showed, by environment."""
        return self._memory.seen

    def look(self) -> Look | None:
        """Return the copy on disk, checked as if it had just come in."""
        state = self.folder.read_state()
        if state is None:
            return None
        try:
            return self._found(state, *self._read_copy(state))
        except (OSError, IntegrityError, UntrustedError, KeyError):
            # The copy is only a copy: what is wrong with it is put right by asking again.
            return None

    def update(self) -> Look:
        """Ask the server for what is newer than the copy."""
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
        answer = _download(self._url, etag)
        seen = state.seen if state is not None else {}
        if answer is None:
            if state is None or copy is None:
                raise SourceUnavailableError(f"{self.text} says that nothing changed since nothing")
            state = CacheState(begun, seen, state.facts)
            self.folder.write_state(state)
            return self._found(state, *copy)
        data, etag = answer
        signature = None
        if self._options.trust is not None:
            signature = self._download_signature()
        snapshot, signer = self._check(data, signature)
        self._memory.seen.update(seen)
        from promptops.runtime.snapshot import accept_snapshot

        try:
            accept_snapshot(snapshot, self._memory)
        except PointError as error:
            raise remembered(error, self.folder.path) from error
        digest = sha256(data).hexdigest()
        write_atomically(self.folder.path / f"{digest}.json", data)
        if signature is not None:
            write_atomically(self.folder.path / f"{digest}.json.sig", signature)
        facts = {"body": digest} if etag is None else {"body": digest, "etag": etag}
        state = CacheState(begun, dict(self._memory.seen), facts)
        self.folder.write_state(state)
        for leftover in self.folder.path.glob("*.json*"):
            if leftover.name.split(".")[0] not in {digest, "state", "silence"}:
                leftover.unlink(missing_ok=True)
        self._known = (digest, snapshot, signer)
        return self._found(state, snapshot, signer)

    def _download_signature(self) -> bytes | None:
        from urllib.parse import urlsplit

        parts = urlsplit(self._url)
        try:
            answer = _download(parts._replace(path=f"{parts.path}.sig").geturl(), None)
        except _NotThereError:
            return None
        return None if answer is None else answer[0]

    def _check(self, data: bytes, signature: bytes | None) -> tuple[Snapshot, str | None]:
        from promptops.runtime.snapshot import parse_snapshot

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

    def _found(self, state: CacheState, snapshot: Snapshot, signer: str | None) -> Look:
        self._memory.seen.update(state.seen)
        view = _view_snapshot(snapshot, self, signer, state.fetched_at_seconds)
        return Look(view, _age(state.fetched_at_seconds))

    @property
    def options(self) -> Options:
        """What it was opened with."""
        return self._options

    @property
    def memory(self) -> Memory:
        """What earlier looks know."""
        return self._memory

    def repair(self) -> Look | None:
        """Nothing: a copy that cannot be read counts as none already."""
        return None

    def close(self) -> None:
        """Nothing is kept open."""

    def after_fork(self) -> None:
        """Leave the parent's lock to the parent."""
        self.folder.forget_lock()


def _view_snapshot(
    snapshot: Snapshot,
    source: SnapshotFileSource | SnapshotUrlSource,
    signer: str | None,
    fetched_at_seconds: float | None,
) -> View:
    from promptops.runtime.snapshot import SnapshotView

    return SnapshotView(
        snapshot,
        source=source.text,
        memory=source.memory,
        environment=source.options.environment,
        authenticated=signer,
        fetched_at_seconds=fetched_at_seconds,
    )


def _age(fetched_at_seconds: float) -> float:
    # A clock that was put back makes nothing fresher than fresh.
    return max(0.0, time.time() - fetched_at_seconds)


def _read_bounded(file: Path) -> bytes:
    data = read_file(file, limit=_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise IntegrityError(
            f"{file} is larger than a snapshot can be", hint="export fewer prompts into it"
        )
    return data


class _NotThereError(SourceUnavailableError):
    """The server is there, the file is not."""


def _download(url: str, etag: str | None) -> tuple[bytes, str | None] | None:
    """Return a file and its ETag from a web server; None when it is still what `etag` names."""
    import http.client
    import urllib.error
    import urllib.request

    from promptops.about import __version__

    headers = {"Accept": "application/json", "User-Agent": f"promptops/{__version__}"}
    if etag is not None:
        headers["If-None-Match"] = etag
    shown = without_credentials(url)
    address, authorization = _split_credentials(url)
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - http(s), see choose_source
    if authorization is not None:
        # Not for whoever this server may redirect to.
        request.add_unredirected_header("Authorization", authorization)
    try:
        with (
            _ended_in_time() as opener,
            opener.open(request, timeout=_SILENCE_SECONDS) as answer,
        ):
            if url.lower().startswith("https:") and not answer.url.lower().startswith("https:"):
                raise UntrustedError(
                    f"{shown} sends to {without_credentials(answer.url)}, which is not encrypted",
                    hint="give the address it should come from",
                )
            data = answer.read(_MAX_BYTES + 1)
            found = answer.headers.get("ETag")
            length = answer.headers.get("Content-Length", "")
            if length.isdecimal() and len(data) < int(length) <= _MAX_BYTES:
                raise http.client.IncompleteRead(data, int(length) - len(data))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.NOT_MODIFIED:
            return None
        kind = _NotThereError if error.code in {404, 410} else SourceUnavailableError
        raise kind(
            f"{shown} answers {error.code} {error.reason}",
            hint="check the address, and that this machine may read it",
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SourceUnavailableError(
            f"{shown} cannot be reached: {reason}", hint="check the connection and the address"
        ) from error
    if len(data) > _MAX_BYTES:
        raise IntegrityError(f"{shown} is larger than a snapshot can be")
    return data, found


@contextlib.contextmanager
def _ended_in_time() -> Iterator[urllib.request.OpenerDirector]:
    """Yield what opens web addresses, and close its connections when the time is up.

    A limit of each read alone is none: a server that sends a byte now and then is never silent.
    """
    import http.client
    import socket
    import threading
    import urllib.request

    sockets: list[socket.socket] = []
    is_late = threading.Event()

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class Encrypted(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, req)

    class EncryptedHandler(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Encrypted, req)

    def end() -> None:
        is_late.set()
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_TOTAL_SECONDS, end)
    timer.daemon = True
    timer.start()
    late = TimeoutError(f"there was no whole answer within {_TOTAL_SECONDS:g} s")
    try:
        yield urllib.request.build_opener(PlainHandler, EncryptedHandler)
    except (OSError, http.client.HTTPException) as error:
        if not is_late.is_set():
            raise
        raise late from error
    finally:
        timer.cancel()
    if is_late.is_set():  # what was cut off may look whole
        raise late


def _split_credentials(url: str) -> tuple[str, str | None]:
    """Return a URL without user name and password, and the header (RFC 7617) that says them
    instead.
    """
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    credentials, separator, host = parts.netloc.rpartition("@")
    if not separator:
        return url, None
    user, _, password = credentials.partition(":")
    said = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
    return parts._replace(netloc=host).geturl(), f"Basic {said}"


def without_credentials(url: str) -> str:
    """Return a URL for people: without the user name, password or query it may hold."""
    shown = re.sub(r"(://)[^/@\s]+@", r"\1", url)
    return shown.partition("?")[0] if "://" in shown else shown


def choose_source(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None, options: Options
) -> Source:
    """Return the source that a person means: see `promptops.open`.

    UsageError for what is none of them; NotARepositoryError where there is no repository.
    """
    if isinstance(source, list | tuple):
        if not source:
            raise UsageError("there is no source in the list", hint="give at least one")
        from promptops.runtime.several import SeveralSources

        return SeveralSources([_choose_one(one, options) for one in source])
    return _choose_one(source, options)  # type: ignore[arg-type]  # a text is no list of texts


def _choose_one(source: str | os.PathLike[str] | None, options: Options) -> Source:
    from promptops.repository.repository import open_repository

    if source is None:
        return RepositorySource(open_repository(Path.cwd(), is_named=False), options)
    text = os.fspath(source)
    if not isinstance(source, str) or not _is_address(text):
        path = Path(text).expanduser()
        if path.is_dir():
            return RepositorySource(open_repository(path), options)
        if path.is_file():
            return SnapshotFileSource(path.absolute(), options)
        raise UsageError(
            f"there is no {quote(text)} to take prompts from",
            hint="give a repository's folder, a clone URL, or a snapshot's file or URL",
        )
    if re.match(r"https?://[^?#]*\.json(?:[?#]|\Z)", text, re.IGNORECASE):
        return SnapshotUrlSource(text, options)
    return MirrorSource(text, options)


def _is_address(text: str) -> bool:
    """Return whether the text is a URL or an scp-like address; UsageError for one of no use
    here.
    """
    scheme = _URL.match(text)
    if scheme is None:
        # What lies on disk under that name was meant, as with git.
        return bool(_SCP.fullmatch(text)) and not text.startswith("-") and not Path(text).exists()
    if scheme[1].lower() not in _CLONE_SCHEMES:
        raise UsageError(
            f"{quote(without_credentials(text))} is no address that prompts can come from",
            hint=f"the schemes are: {', '.join(sorted(_CLONE_SCHEMES))}",
        )
    if any(ord(character) < 33 or ord(character) == 127 for character in text):
        raise UsageError(f"{quote(text)} is not a URL", hint="write spaces as %20")
    return True


def open_options(
    *,
    trust: str | os.PathLike[str] | None,
    cache: str | os.PathLike[str] | None,
    environment: str | None,
) -> Options:
    """Return the options of a source from what the caller gave."""
    from promptops.prompt.reference import check_environment

    known = None
    if trust is not None:
        from promptops.git.signing.ssh import open_trust

        known = open_trust(Path(trust))
    if environment is not None:
        check_environment(environment)
    folder = default_cache() if cache is None else Path(cache).expanduser().absolute()
    return Options(known, folder, environment)
