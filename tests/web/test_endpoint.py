"""One text at an address, made for each request."""

from __future__ import annotations

import http.client
import threading
from typing import TYPE_CHECKING

import pytest

from promptops.web.endpoint import make_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def port() -> Iterator[int]:
    texts = iter(["first ü\n", "second\n"])
    server = make_endpoint("/metrics", "text/plain", lambda: next(texts), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def ask(port: int, path: str, method: str = "GET") -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path)
    answer = connection.getresponse()
    found = (answer.status, answer.getheader("Content-Type"), answer.read())
    connection.close()
    return found


def test_each_request_gets_a_text_of_its_own(port: int) -> None:
    assert ask(port, "/metrics") == (200, "text/plain", "first ü\n".encode())
    assert ask(port, "/metrics?format=x") == (200, "text/plain", b"second\n")


def test_other_paths_and_methods_make_no_text(port: int) -> None:
    assert ask(port, "/metrics/") == (404, "text/plain", b"see /metrics\n")
    assert ask(port, "/", "POST")[0] == 501
    assert ask(port, "/metrics")[2] == "first ü\n".encode()


def test_an_address_that_is_in_use_is_an_error(port: int) -> None:
    with pytest.raises(OSError, match="in use"):
        make_endpoint("/metrics", "text/plain", str, "127.0.0.1", port)
