"""How a forge asks for patience, and times that it gives."""

from __future__ import annotations

import json

import pytest
from inline_snapshot import snapshot

from promptops.forge.limits import limit_of, parse_date, to_time
from tests.forge.server import START_SECONDS


@pytest.mark.parametrize(
    ("status", "headers", "body", "slept"),
    [
        (429, {"retry-after": "7"}, {}, [7.0]),
        (403, {"retry-after": "7"}, {}, [7.0]),
        (429, {"retry-after": "0"}, {}, [1.0]),
        (429, {"retry-after": "soon"}, {}, [60.0]),
        (429, {}, {}, [60.0]),
        (403, {}, {"message": "You have exceeded a secondary rate limit."}, [60.0]),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, {}, [1.0]),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "nan"}, {}, [60.0]),
        (429, {"ratelimit-remaining": "0", "ratelimit-reset": "1767225605"}, {}, [5.0]),
    ],
)
def test_how_a_forge_asks_for_patience(
    status: int, headers: dict[str, str], body: dict[str, str], slept: list[float]
) -> None:
    data = json.dumps(body).encode()
    assert limit_of(status, headers, data, now_seconds=START_SECONDS) == slept[0]


@pytest.mark.parametrize(
    ("status", "headers", "data"),
    [
        (403, {}, b"{}"),
        (403, {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "9"}, b"{}"),
        (404, {"retry-after": "7"}, b"rate limit"),
        (503, {"retry-after": "7"}, b""),
        (403, {}, b" " * 10_000 + b"rate limit"),
    ],
)
def test_a_refusal_is_not_a_limit(status: int, headers: dict[str, str], data: bytes) -> None:
    assert limit_of(status, headers, data, now_seconds=START_SECONDS) is None


def test_a_date_is_read_with_its_zone() -> None:
    found = parse_date("Thu, 01 Jan 2026 00:00:00 GMT")
    assert found is not None
    assert found.timestamp() == START_SECONDS


@pytest.mark.parametrize("text", ["", "soon", "Thu, 99 Foo 2026 00:00:00 GMT"])
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


def test_a_time_beyond_the_calendar() -> None:
    assert to_time(START_SECONDS) == "2026-01-01 00:00:00 UTC"
    assert to_time(1e15) == snapshot("an unknown time")
