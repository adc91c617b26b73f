"""Responses of HTTP/1.1, in pieces of any size, beside the reader of the standard library."""

from __future__ import annotations

import contextlib
import io
from http.client import HTTPResponse
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.web.framing import FramingError, ResponseReader


class Response(NamedTuple):
    """A response, its body, and whether the connection stays."""

    data: bytes
    body: bytes
    is_kept: bool
    is_ended: bool = False


@st.composite
def responses(draw: st.DrawFn) -> Response:
    body = draw(st.binary(max_size=60))
    newline = draw(st.sampled_from([b"\r\n", b"\n"]))
    options = draw(st.sampled_from([b"", b"Connection: close", b"Connection: Keep-Alive"]))
    version = draw(st.sampled_from([b"1.0", b"1.1"]))
    start = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n"]))
    lines = [b"HTTP/%b 200 OK" % version, b"Retry-After:  7 ", *filter(None, [options])]
    is_kept = b"Keep" in options if version == b"1.0" else b"close" not in options
    way = draw(st.sampled_from(["length", "chunked", "end"]))
    sent = body
    if way == "length":
        lines.append(b"content-LENGTH: %d" % len(body))
    elif way == "chunked":
        version_1_1 = [b"HTTP/1.1 200 OK", *lines[1:]]
        lines = [*version_1_1, b"Transfer-Encoding: Chunked"]
        is_kept = b"close" not in options
        cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
        chunks = [body[a:b] for a, b in pairwise([0, *cuts, len(body)]) if a < b]
        extension = draw(st.sampled_from([b"", b";a=b", b' ;a="b"']))
        sent = b"".join(b"%X%b\r\n%b\r\n" % (len(one), extension, one) for one in chunks)
        sent += b"0\r\n" + draw(st.sampled_from([b"", b"X-Sum: 1\r\n"])) + b"\r\n"
    else:
        is_kept = False
    return Response(
        start + newline.join([*lines, b"", b""]) + sent, body, is_kept, is_ended=way == "end"
    )


def read(data: bytes, cuts: list[int]) -> tuple[ResponseReader, bytes]:
    reader = ResponseReader()
    pieces: list[bytes] = []
    for start, end in pairwise([0, *sorted({one for one in cuts if one < len(data)}), len(data)]):
        pieces += reader.feed(data[start:end])
    return reader, b"".join(pieces)


@given(response=responses(), cuts=st.lists(st.integers(1, 300), max_size=12))
def test_a_response_is_the_same_in_pieces_of_any_size(response: Response, cuts: list[int]) -> None:
    reader, body = read(response.data, cuts)
    assert (reader.status, body) == (200, response.body)
    assert reader.headers["retry-after"] == "7"
    assert reader.is_complete is not response.is_ended
    assert reader.is_kept is response.is_kept
    reader.finish()
    assert reader.is_complete


class _Socket:
    """Gives a response to `http.client`."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


@given(response=responses())
def test_a_response_is_the_same_as_to_the_standard_library(response: Response) -> None:
    socket: Any = _Socket(response.data)
    theirs = HTTPResponse(socket, method="POST")
    theirs.begin()
    will_close = theirs.will_close
    reader, body = read(response.data, [])
    assert (reader.status, body) == (theirs.status, theirs.read())
    assert reader.headers == {name.lower(): value.strip() for name, value in theirs.getheaders()}
    assert reader.is_kept is not will_close


@given(response=responses(), at=st.integers(0, 400))
def test_a_response_that_ends_early_is_an_error(response: Response, at: int) -> None:
    reader, _ = read(response.data[:at], [])
    if not response.is_ended and not reader.is_complete:
        with pytest.raises(FramingError, match="in the middle of the"):
            reader.finish()


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(1, 200), max_size=5))
def test_no_bytes_make_it_fail_otherwise(data: bytes, cuts: list[int]) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        with contextlib.suppress(FramingError):
            read(start + data, cuts)


def test_what_nobody_asked_for_ends_the_connection() -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc"
    reader, body = read(whole, [])
    assert (body, reader.is_complete, reader.is_kept) == (b"ab", True, False)
    later, _ = read(whole, [len(whole) - 1])
    assert later.is_kept is False


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status: int) -> None:
    reader, _ = read(b"HTTP/1.1 %d\r\nContent-Length: 5\r\n\r\n" % status, [])
    assert reader.is_complete


def test_two_lengths_of_one_value_are_one() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n"
    assert read(head + b"ab", [])[1] == b"ab"


def test_a_length_beside_chunks_does_not_count() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    reader, body = read(head + b"3\r\nabc\r\n0\r\n\r\n", [])
    assert (body, reader.is_complete, reader.is_kept) == (b"abc", True, False)


def test_a_header_over_several_lines_is_one() -> None:
    reader, _ = read(b"HTTP/1.1 429 No\r\nX: a\r\n  b\r\nContent-Length: 0\r\n\r\n", [])
    assert reader.headers["x"] == "a b"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
        (b"HTTP/2 200\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 101 Switching\r\n\r\n", "another protocol"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "header is malformed"),
        (b"HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", "header is malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "two lengths"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "not a number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "not a number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n", "not a number"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "not supported"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "headers are too long"),
        (CHUNKED + b"\r\n", "not a number"),
        (CHUNKED + b"-1\r\n", "not a number"),
        (CHUNKED + b"0x1\r\n", "not a number"),
        (CHUNKED + b"1_0\r\n", "not a number"),
        (CHUNKED + b"F" * 30 + b"\r\n", "not a number"),
        (CHUNKED + b"1" * 5_000, "line between chunks is too long"),
        (CHUNKED + b"1\r\nab\r\n", "longer than its size"),
    ],
    ids=range(19),
)
def test_what_is_not_valid_says_why(data: bytes, why: str) -> None:
    with pytest.raises(FramingError, match=why):
        read(data, [])
