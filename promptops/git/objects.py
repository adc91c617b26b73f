"""Read objects through one long-lived `git cat-file --batch`, about 0.1 ms each.

A process for every read would take twenty times as long. The pure parsers for commits, tags and
trees are here too, since the batch returns raw objects.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import threading
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import GitError, IntegrityError, UsageError, quote
from promptops.git.process import Completed, failure, start_git, stop
from promptops.git.refs import read_refs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from promptops.git.process import Git

# The largest object that is read. promptops' own are much smaller; unrelated files may not be.
MAXIMUM_OBJECT_BYTES = 64 * 1024 * 1024

# All requests must fit into the pipe before answers are read, or both sides block for ever. Every
# system's pipe holds at least this (Linux gives a user with many pipes one page of 4096 bytes).
_PIPE_BYTES = 4096

_BATCH = ("-c", "core.warnAmbiguousRefs=false", "cat-file", "--batch")

_HEADER = re.compile(rb"([0-9a-f]{40,64}) (commit|tag|tree|blob) ([0-9]+)\n\Z")


class GitObject(NamedTuple):
    """One object: its id, kind (`commit`, `tag`, `tree` or `blob`) and raw bytes."""

    oid: str
    kind: str
    data: bytes


class Identity(NamedTuple):
    """A person and a time as recorded in an object: seconds since 1970, zone such as `+0200`."""

    name: str
    email: str
    time_seconds: int
    zone: str


class Commit(NamedTuple):
    """A parsed commit. The signature is armoured text, or None."""

    tree: str
    parents: tuple[str, ...]
    author: Identity
    committer: Identity
    message: str
    signature: str | None


class Tag(NamedTuple):
    """A parsed annotated tag. The message excludes the signature."""

    target: str
    target_kind: str
    name: str
    tagger: Identity | None
    message: str
    signature: str | None


class TreeEntry(NamedTuple):
    """One entry of a tree. The mode is git's octal text, six digits (`100644`, `040000`)."""

    mode: str
    name: str
    oid: str

    @property
    def is_folder(self) -> bool:
        """Whether the entry is a tree."""
        return self.mode == "040000"


class _DiedError(Exception):
    """The batch process ended before it answered."""


class _Batch:
    """One running `cat-file --batch` process and its standard error output."""

    __slots__ = ("answers", "messages", "process", "questions", "served")

    def __init__(self, git: Git) -> None:
        self.process = start_git(
            _BATCH,
            folder=git.folder,
            environment=git.child_environment(),
            stdin=subprocess.PIPE,
        )
        # Standard input unbuffered, output buffered; Popen offers only both or neither.
        self.questions: io.RawIOBase = self.process.stdin  # type: ignore[assignment]
        self.answers = io.BufferedReader(self.process.stdout, 65536)  # type: ignore[type-var]
        if self.process.stderr is not None:
            os.set_blocking(self.process.stderr.fileno(), False)
        self.messages = b""
        self.served = 0

    def ask(self, question: bytes) -> None:
        """Write all requests."""
        # Error output from here on belongs to these requests, but not to a known one of them.
        self.drain()
        self.messages = b""
        rest = memoryview(question)
        try:
            while rest:
                rest = rest[self.questions.write(rest) or 0 :]
        except OSError as error:
            raise _DiedError from error

    def answer(self, spec: str) -> GitObject | None:
        """Read one answer."""
        header = self.answers.readline()
        found = _HEADER.match(header)
        if found:
            size = int(found[3])
            if size > MAXIMUM_OBJECT_BYTES:
                raise GitError(
                    f"{spec} is too large: {size:,} bytes",
                    hint=f"keep prompts and their files below {MAXIMUM_OBJECT_BYTES:,} bytes",
                )
            data = self.answers.read(size + 1)
            if len(data) != size + 1:
                raise _DiedError
            self.served += 1
            self.drain()
            return GitObject(found[1].decode(), found[2].decode(), data[:-1])
        if not header.endswith(b"\n"):
            raise _DiedError
        self.drain()
        if header.endswith(b" ambiguous\n"):
            raise GitError(
                f"{spec} is ambiguous: it matches several objects",
                hint="use more characters of the id",
            )
        if not header.endswith(b" missing\n"):
            message = f"git cat-file gave an unknown answer: {header[:80]!r}"
            raise GitError(message, hint="install git 2.38 or newer")
        # A damaged object must not be reported as missing.
        said = self.messages.decode("utf-8", "replace")
        if "error: " in said or "fatal: " in said:
            raise failure(_BATCH, Completed(b"", said, 1))
        self.served += 1
        return None

    def drain(self) -> None:
        """Read standard error so that its pipe never fills up."""
        stream = self.process.stderr
        if stream is not None and not stream.closed:
            said = stream.read(65536)
            if said:
                self.messages = (self.messages + said)[-65536:]

    def last_words(self) -> Completed:
        """End the process and return its error output."""
        self.process.poll()
        if self.process.returncode is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        code = self.process.poll()
        self.drain()
        stop(self.process)
        self.answers.close()
        return Completed(b"", self.messages.decode("utf-8", "replace"), code or 1)

    def close(self) -> None:
        """Close the process's input, on which it exits by itself."""
        self.questions.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        stop(self.process)
        self.answers.close()

    def abandon(self) -> None:
        """Close a forked child's copies of the pipes; the process belongs to the parent.

        Another thread of the parent may have held the buffer's lock at the fork, and in the child
        nothing releases it. So neither this method nor garbage collection may take it.
        """
        for stream in (self.questions, self.answers.raw, self.process.stderr):
            if stream is not None:
                stream.close()
        _ABANDONED.append(self)
        # Keep Popen from waiting for a process that is not our child.
        self.process.returncode = 0


_ABANDONED: list[_Batch] = []


class ObjectReader:
    """Reads objects of one repository by any object expression.

    Threads may share a reader. A forked child may keep using its parent's reader, which then starts
    a new git process. The process starts on the first read, and again if it died.
    """

    __slots__ = ("_batch", "_git", "_lock", "_owner")

    def __init__(self, git: Git) -> None:
        self._git = git
        self._batch: _Batch | None = None
        self._lock = threading.Lock()
        self._owner = os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        batch = getattr(self, "_batch", None)
        if batch is not None and self._owner == os.getpid():
            self._batch = None
            batch.close()

    @property
    def git(self) -> Git:
        """The repository."""
        return self._git

    def read(self, spec: str) -> GitObject | None:
        """Read one object.

        Args:
            spec: an object expression: an id, a full ref name, `<id>:path/x.md`, `<id>^{tree}`. A
                full name is never read as an abbreviation, as git would. Never pass a revision that
                a user typed: resolve it first.

        Returns:
            The object; None if there is none.

        Raises:
            UsageError: the expression contains a newline or NUL.
            GitError: ambiguous, too large, damaged, or git failed.
        """
        return self.read_many((spec,))[0]

    def read_many(self, specs: Sequence[str]) -> list[GitObject | None]:
        """Read many objects with few round trips; return them in the order of the requests."""
        found = self._read(specs)
        names = {
            re.split("[:^]", spec, maxsplit=1)[0]
            for spec, item in zip(specs, found, strict=True)
            if item is not None and spec.startswith("refs/")
        }
        if not names or not any(self._read([one for name in names for one in _shadows(name)])):
            return found
        taken = tuple(names - read_refs(self._git, sorted(names)).keys())
        return [
            None if re.split("[:^]", spec, maxsplit=1)[0] in taken else item
            for spec, item in zip(specs, found, strict=True)
        ]

    def _read(self, specs: Sequence[str]) -> list[GitObject | None]:
        requests = [_request(spec) for spec in specs]
        if self._owner != os.getpid():
            self._start_over_after_fork()
        with self._lock:
            result: list[GitObject | None] = []
            for start, end in _portions(requests):
                result += self._exchange(specs[start:end], requests[start:end])
            return result

    def close(self) -> None:
        """End the process. A later read starts a new one."""
        if self._owner != os.getpid():
            self._start_over_after_fork()
        with self._lock:
            batch, self._batch = self._batch, None
            if batch is not None:
                batch.close()

    def _exchange(self, specs: Sequence[str], requests: Sequence[bytes]) -> list[GitObject | None]:
        for attempt in (1, 2):
            batch = self._batch
            if batch is None:
                batch = self._batch = _Batch(self._git)
            fresh = batch.served == 0
            try:
                batch.ask(b"".join(requests))
                return [batch.answer(spec) for spec in specs]
            except _DiedError:
                self._batch = None
                done = batch.last_words()
                # An idle process was ended from outside: start another. A process that died of our
                # request is an error.
                if fresh or attempt == 2 or "fatal: " in done.stderr:
                    raise failure(_BATCH, done) from None
            except BaseException:
                # Unread answers would be taken for those of the next read.
                self._batch = None
                stop(batch.process)
                batch.answers.close()
                raise
        raise AssertionError

    def _start_over_after_fork(self) -> None:
        # Another thread of the parent may have held the lock; that thread does not exist here.
        self._lock = threading.Lock()
        self._owner = os.getpid()
        batch, self._batch = self._batch, None
        if batch is not None:
            batch.abandon()


def list_sizes(git: Git, oids: Sequence[str]) -> dict[str, tuple[str, int]]:
    """List kind and size in bytes of objects, in one process, without reading them.

    Missing objects are left out.
    """
    if not oids:
        return {}
    format_ = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    done = git.run("cat-file", format_, stdin="".join(f"{oid}\n" for oid in oids).encode())
    sizes = {}
    for line in done.text.splitlines():
        oid, _, rest = line.partition(" ")
        kind, _, size = rest.partition(" ")
        if size.isdecimal():
            sizes[oid] = (kind, int(size))
    return sizes


def parse_commit(data: bytes) -> Commit:
    """Parse a raw commit.

    Raises:
        IntegrityError: it is malformed.
    """
    headers, body = _split_headers(data)
    encoding = _first(headers, "encoding") or "utf-8"
    tree = _first(headers, "tree")
    author, committer = _first(headers, "author"), _first(headers, "committer")
    if tree is None or author is None or committer is None:
        raise IntegrityError("a commit object lacks its tree, author or committer")
    return Commit(
        tree=tree,
        parents=tuple(value for name, value in headers if name == "parent"),
        author=parse_identity(author),
        committer=parse_identity(committer),
        message=_decode(body, encoding),
        signature=_first(headers, "gpgsig") or _first(headers, "gpgsig-sha256"),
    )


def parse_tag(data: bytes) -> Tag:
    """Parse a raw annotated tag.

    A signature is split off only if it ends the text. A signature that is quoted in the notes stays
    in the notes.

    Raises:
        IntegrityError: it is malformed.
    """
    headers, body = _split_headers(data)
    target, kind, name = (_first(headers, key) for key in ("object", "type", "tag"))
    if target is None or kind is None or name is None:
        raise IntegrityError("a tag object lacks its object, type or name")
    tagger = _first(headers, "tagger")
    message, signature = split_signature(_decode(body, "utf-8"))
    return Tag(
        target=target,
        target_kind=kind,
        name=name,
        tagger=None if tagger is None else parse_identity(tagger),
        message=message,
        signature=signature,
    )


_OPENING = re.compile(
    r"^-----BEGIN (SSH SIGNATURE|PGP SIGNATURE|PGP MESSAGE|SIGNED MESSAGE)-----$", re.MULTILINE
)


def split_signature(text: str) -> tuple[str, str | None]:
    """Split a tag's text into message and armoured signature (None if unsigned)."""
    openings = list(_OPENING.finditer(text))
    last = openings[-1] if openings else None
    if last is None or not text.endswith(f"\n-----END {last[1]}-----\n"):
        return text, None
    return text[: last.start()], text[last.start() :]


# The last mode, of group-writable files, is only in trees from before 2005.
_MODES = {
    raw: raw.decode().zfill(6)
    for raw in (b"100644", b"100755", b"40000", b"120000", b"160000", b"100664")
}


def parse_tree(data: bytes, oid_bytes: int) -> list[TreeEntry]:
    """Parse a raw tree; `oid_bytes` is 20 for SHA-1 and 32 for SHA-256.

    Without `transfer.fsckObjects`, Git accepts pushed trees with duplicate names, names with a
    slash or unsorted names, and its commands then disagree on the content. Such a tree is an error
    here.

    Raises:
        IntegrityError: it is truncated, or not a tree that Git writes.
    """
    entries: list[TreeEntry] = []
    position = 0
    before = b""
    while position < len(data):
        space = data.find(b" ", position)
        end = data.find(b"\0", space)
        after = end + 1 + oid_bytes
        if space < 0 or end < 0 or after > len(data):
            raise IntegrityError("a tree object is cut off")
        mode = _MODES.get(data[position:space])
        if mode is None:
            raise IntegrityError(
                f"a tree object has a mode that Git does not write: {data[position:space][:12]!r}"
            )
        entry = TreeEntry(
            mode=mode,
            name=data[space + 1 : end].decode("utf-8", "surrogateescape"),
            oid=data[end + 1 : after].hex(),
        )
        # Git sorts a folder as if its name ended in a slash.
        key = data[space + 1 : end] + (b"/" if entry.is_folder else b"")
        if key <= before or "/" in entry.name:
            raise _ambiguous_tree(entry.name)
        entries.append(entry)
        position, before = after, key
    if len({entry.name for entry in entries}) != len(entries):  # a file and a folder
        raise _ambiguous_tree("")
    return entries


def _ambiguous_tree(name: str) -> IntegrityError:
    where = f" at {quote(name)}" if name else ""
    return IntegrityError(
        f"an object is not a tree that Git writes{where}: a name with a slash, twice, or out of "
        "order",
        hint="recreate the commit with git; run git fsck to find the tree",
    )


def parse_identity(text: str) -> Identity:
    """Parse `Name <email> seconds zone`; malformed parts become empty or zero."""
    head, _, when = text.rpartition(">")
    name, _, email = head.partition("<")
    seconds, _, zone = when.strip().partition(" ")
    return Identity(
        name=name.strip(),
        email=email.strip(),
        time_seconds=int(seconds) if re.fullmatch(r"-?[0-9]{1,18}", seconds) else 0,
        zone=zone or "+0000",
    )


def _request(spec: str) -> bytes:
    if not spec or "\n" in spec or "\0" in spec:
        message = f"{spec!r} cannot name a Git object"
        raise UsageError(message, hint="remove newlines and NUL characters")
    return spec.encode("utf-8", "surrogateescape") + b"\n"


def _shadows(name: str) -> list[str]:
    """List the refs that git would use instead of a missing `name`: see gitrevisions(7)."""
    return [f"refs/{folder}{name}" for folder in ("", "tags/", "heads/", "remotes/")]


def _portions(requests: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    start = size = 0
    for index, request in enumerate(requests):
        if size and size + len(request) > _PIPE_BYTES:
            yield start, index
            start, size = index, 0
        size += len(request)
    if start < len(requests):
        yield start, len(requests)


def _split_headers(data: bytes) -> tuple[list[tuple[str, str]], bytes]:
    head, _, body = data.partition(b"\n\n")
    headers: list[tuple[str, str]] = []
    for line in head.decode("utf-8", "surrogateescape").split("\n"):
        if line.startswith(" ") and headers:
            name, value = headers[-1]
            headers[-1] = name, f"{value}\n{line[1:]}"
        else:
            name, _, value = line.partition(" ")
            headers.append((name, value))
    return headers, body


def _first(headers: list[tuple[str, str]], name: str) -> str | None:
    return next((value for key, value in headers if key == name), None)


def _decode(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except (LookupError, ValueError):  # an unknown encoding's name can raise several errors
        return body.decode("utf-8", "surrogateescape")
