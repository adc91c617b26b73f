"""The listening socket of every verb that serves."""

from __future__ import annotations

import socket

from promptops.cli.serve.opening import open_listener


def test_the_second_part_of_an_answer_does_not_wait_for_the_first() -> None:
    with (
        open_listener("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
