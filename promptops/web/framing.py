"""Split the bytes of HTTP/1.1 responses into heads and bodies (RFC 9112), as they arrive."""

from __future__ import annotations

import re

_MAX_HEAD = 65_536
_MAX_LINE = 4_096
_MAX_DIGITS = 18
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?:[ \t].*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEX = re.compile(rb"[0-9A-Fa-f]+")
_SWITCHING = 101
_NO_BODY = frozenset({204, 304})
# The part of the response that comes next.
_HEAD, _BODY, _UNTIL_END, _SIZE, _CHUNK, _CHUNK_END, _TRAILER, _DONE = range(8)


class FramingError(OSError):
    """A response is not valid HTTP, or the connection ended before its end."""


class ResponseReader:
    """Reads one response.

    Attributes:
        status: its status; 0 until the headers have arrived.
        headers: lower-case name -> value; of a repeated header, the last value.
        is_complete: whether the whole response has arrived.
        is_kept: whether the connection can be used for another request.
    """

    __slots__ = ("_left", "_next", "_rest", "headers", "is_complete", "is_kept", "status")

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_complete = False
        self.is_kept = False
        self._next = _HEAD
        self._left = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Add received bytes; return the parts of the body in them. Raises FramingError."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        pieces: list[bytes] = []
        at, end = 0, len(data)
        while at < end:
            if self._next == _HEAD:
                at = self._read_head(data, at)
            elif self._next in (_BODY, _CHUNK):
                piece = data[at : at + self._left] if at or self._left < end else data
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    continue
                if self._next == _BODY:
                    self._end()
                else:
                    self._next = _CHUNK_END
            elif self._next == _UNTIL_END:
                pieces.append(data[at:])
                break
            elif self._next == _DONE:
                # Bytes that arrive without a request.
                self.is_kept = False
                break
            else:
                at = self._read_line(data, at)
        return pieces

    def finish(self) -> None:
        """Record the end of the connection. Raises FramingError if the response is not complete."""
        if self._next == _UNTIL_END:
            self._end()
        elif not self.is_complete:
            place = "body" if self.status else "headers"
            raise FramingError(f"the connection was closed in the middle of the {place}")
        self.is_kept = False

    def _end(self) -> None:
        self._next = _DONE
        self.is_complete = True

    def _read_head(self, data: bytes, at: int) -> int:
        found = _HEAD_END.search(data, at)
        if (found.end() if found else len(data)) - at > _MAX_HEAD:
            raise FramingError("the headers are too long")
        if found is None:
            self._rest = data[at:]
            return len(data)
        first, *lines = _FOLD.sub(b" ", data[at : found.start()]).split(b"\n")
        match = _STATUS_LINE.fullmatch(first.rstrip(b"\r"))
        if match is None:
            raise FramingError("the answer is not HTTP")
        status = int(match[2])
        if status == _SWITCHING:
            raise FramingError("the server switches to another protocol")
        if status >= 200:
            self._take_headers(lines)
            self.status = status
            self._plan(is_old=match[1] == b"0")
        return found.end()

    def _take_headers(self, lines: list[bytes]) -> None:
        headers = self.headers
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or _NAME.fullmatch(name) is None:
                raise FramingError("a header is malformed")
            key = name.decode("ascii").lower()
            text = value.strip(b" \t\r").decode("latin-1")
            if key == "content-length" and headers.get(key, text) != text:
                raise FramingError("the answer has two lengths")
            if key in {"transfer-encoding", "connection"} and key in headers:
                text = f"{headers[key]}, {text}"
            headers[key] = text

    def _plan(self, *, is_old: bool) -> None:
        """Decide how the body ends (RFC 9112, section 6.3), and whether the connection is kept."""
        headers = self.headers
        options = headers.get("connection", "").lower()
        self.is_kept = "keep-alive" in options if is_old else "close" not in options
        encoding = headers.get("transfer-encoding")
        length = headers.get("content-length")
        if self.status in _NO_BODY:
            self._end()
        elif encoding is not None:
            if encoding.lower() != "chunked":
                raise FramingError(f"the transfer encoding is not supported: {encoding[:40]}")
            # Two contradicting lengths: do not trust the next response.
            self.is_kept = self.is_kept and length is None
            self._next = _SIZE
        elif length is None:
            self.is_kept = False
            self._next = _UNTIL_END
        else:
            if not (length.isascii() and length.isdigit()) or len(length) > _MAX_DIGITS:
                raise FramingError("the length of the answer is not a number")
            self._left = int(length)
            self._next = _BODY
            if not self._left:
                self._end()

    def _read_line(self, data: bytes, at: int) -> int:
        """Read a line between chunks."""
        end = data.find(b"\n", at)
        if (len(data) if end < 0 else end) - at > _MAX_LINE:
            raise FramingError("a line between chunks is too long")
        if end < 0:
            self._rest = data[at:]
            return len(data)
        line = data[at:end].removesuffix(b"\r")
        if self._next == _SIZE:
            size = line.partition(b";")[0].strip(b" \t")
            if _HEX.fullmatch(size) is None or len(size) > _MAX_DIGITS:
                raise FramingError("the size of a chunk is not a number")
            self._left = int(size, 16)
            self._next = _CHUNK if self._left else _TRAILER
        elif self._next == _TRAILER:
            if not line:
                self._end()
        elif line:
            raise FramingError("a chunk is longer than its size")
        else:
            self._next = _SIZE
        return end + 1
