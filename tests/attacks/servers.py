"""Servers that lie, drip, hang or never end: an error within a bound, and never a wrong prompt."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import promptops
from promptops.errors import PromptopsError
from tests.attacks.attack import Tally
from tests.stories.world import Team, expect, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

NAME = "support/triage"
BOUND_SECONDS = 60.0
"""More than any time limit; whoever takes longer has none."""

_ADVERTISED = b"001e# service=git-upload-pack\n0000"
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: "
_GIT = _OK + b"application/x-git-upload-pack-advertisement\r\n"


def _snapshot_answers(chance: Random, snapshot: bytes) -> list[bytes]:
    at = chance.randrange(len(snapshot))
    flipped = snapshot[:at] + bytes([snapshot[at] ^ 1 << chance.randrange(7)]) + snapshot[at + 1 :]
    json = _OK + b"application/json\r\nContent-Length: %d\r\n\r\n%b"
    return [
        b"",
        chance.randbytes(200),
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500,
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\n\r\n",
        b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + chance.randbytes(50),
        json % (len(flipped), flipped),
        json % (len(snapshot), snapshot[:at]),
        json % (2, b"{}"),
        json % (400_000, b"[" * 400_000),
        json % (5000, b"9" * 5000),
    ]


def _git_answers(chance: Random) -> list[bytes]:
    line = b"%s refs/heads/main\n" % (b"0" * 40)
    return [
        b"",
        chance.randbytes(200),
        b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: file:///srv/x.git\r\n\r\n",
        _GIT + b"Content-Length: 8\r\n\r\n" + chance.randbytes(8),
        _GIT + b"\r\n" + _ADVERTISED + b"0000",
        _GIT + b"\r\n" + _ADVERTISED + b"%04x%b0000" % (len(line) + 4, line),
        _GIT + b"\r\n" + _ADVERTISED + b"fffe" + b"a" * 1000,
        _GIT + b"Content-Length: 9999999\r\n\r\n" + _ADVERTISED,
    ]


@contextmanager
def _answering(answer: bytes) -> Iterator[int]:
    """A port that says the same to everybody, and then no more or the end."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(2)
                try:
                    connection.recv(4096)
                    connection.sendall(answer)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        ended.set()
        thread.join()
        listening.close()


def attack(folder: Path, chance: Random, size: int) -> Tally:
    """Open snapshots and clones from servers that answer anything, and push to them."""
    tally = Tally()
    team = Team.found(folder)
    expect(team.first.path, "release", NAME, "--push")
    for environment in ("staging", "production"):
        expect(team.first.path, "promote", NAME, "--to", environment, "--yes")
    team.commit({"promptops.toml": "[timeouts]\nconnect = 2\nsilence = 3\ntotal = 8\npause = 4\n"})
    file = folder / "prompts.json"
    expect(team.first.path, "export", f"{NAME}@production", "-o", str(file))
    snapshot = file.read_bytes()
    wanted = promptops.open(file).get(NAME).digest
    for number in range(size):
        answers = _snapshot_answers(chance, snapshot)
        answer = answers[number % len(answers)]
        with _answering(answer) as port:
            url = f"http://127.0.0.1:{port}/prompts.json"
            _read(tally, url, folder / f"cache-{number}", wanted, answer)
        answers = _git_answers(chance)
        answer = answers[number % len(answers)]
        with _answering(answer) as port:
            url = f"http://127.0.0.1:{port}/x.git"
            _read(tally, url, folder / f"cache-{number}", wanted, answer)
            team.first.git("remote", "set-url", "origin", url)
            _push(tally, team, answer)
    return tally


def _read(tally: Tally, url: str, cache: Path, wanted: str, answer: bytes) -> None:
    begun = time.monotonic()
    said = "nothing"
    try:
        with promptops.open(url, cache=cache) as registry:
            said = registry.get(NAME).digest
        is_right = said == wanted
    except PromptopsError:
        is_right = True
    except Exception as error:  # noqa: BLE001 - any is what is looked for
        is_right, said = False, repr(error)
    seconds = time.monotonic() - begun
    tally.check(is_right, f"{url}: {said} for {answer[:80]!r}")
    tally.check(seconds < BOUND_SECONDS, f"{url}: {seconds:.0f} s for {answer[:80]!r}")


def _push(tally: Tally, team: Team, answer: bytes) -> None:
    for words in (
        ("pause", NAME, "--env", "production", "--reason", "wrong", "--yes"),
        ("retire", NAME, "--env", "staging", "--message", "gone", "--yes"),
    ):
        begun = time.monotonic()
        told = run(team.first.path, *words)
        seconds = time.monotonic() - begun
        tally.check(told.code == 2, f"{words[0]}: {told} for {answer[:80]!r}")
        tally.check(seconds < BOUND_SECONDS, f"{words[0]}: {seconds:.0f} s for {answer[:80]!r}")
