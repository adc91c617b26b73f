"""Servers on loopback that answer with given bytes."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serve(*answers: bytes, stays: bool = False) -> Iterator[str]:
    """Answer each connection in turn with some bytes; keep it open if it `stays`."""
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        for data in answers:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(data)
                if stays:
                    over.wait(30)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/a"
    finally:
        over.set()
        thread.join(5)
        listener.close()


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


class Server:
    """Answers each request with the next bytes; one connection may send several requests.

    Attributes:
        requests: what arrived, with the number of its connection.
    """

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[tuple[int, bytes]] = []
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Close all connections."""
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._sockets.append(connection)
                number = len(self._sockets)
                threading.Thread(
                    target=self._answer, args=(connection, number), daemon=True
                ).start()

    def _answer(self, connection: socket.socket, number: int) -> None:
        with suppress(OSError):
            while data := connection.recv(65536):
                self.requests.append((number, data))
                connection.sendall(self._answers.pop(0))
