"""Read request bodies: limit their size, parse them, check their fields."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NoReturn

from promptops.server.problems import HttpProblem
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from promptops.server.service import ServiceBounds

_MAX_NAME = 256
_CLOSE = {"Connection": "close"}


async def read_object(request: Request, bounds: ServiceBounds) -> dict[str, Any]:
    """Return the JSON object in a request's body; an empty body is an empty object.

    Raises:
        Problem: the body is too long or too slow, or is not a JSON object.
        ClientDisconnect: the client disconnected.
    """
    data = await _read(request, bounds)
    if not data:
        return {}
    try:
        value = json.loads(data, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise HttpProblem(
            400, "body", "the body is not JSON", hint="send one JSON object, in UTF-8"
        ) from None
    if not isinstance(value, dict):
        raise HttpProblem(400, "body", "the body is not a JSON object")
    return value


async def _read(request: Request, bounds: ServiceBounds) -> bytes:
    too_long = HttpProblem(
        413, "size", f"the body is longer than {bounds.body_bytes} bytes", headers=_CLOSE
    )
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > bounds.body_bytes:
        raise too_long
    data = bytearray()
    try:
        async with asyncio.timeout(bounds.body_seconds):
            async for part in request.stream():
                data += part
                if len(data) > bounds.body_bytes:
                    raise too_long
    except TimeoutError:
        raise HttpProblem(
            408, "slow", f"the body took more than {bounds.body_seconds:g} s", headers=_CLOSE
        ) from None
    return bytes(data)


def check_fields(body: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse unknown fields."""
    names = list(known)
    for field in body:
        if field not in names:
            close = nearest(field, names)
            hint = f"did you mean {close}?" if close else f"known: {', '.join(names)}"
            raise HttpProblem(400, "field", "unknown field", hint=hint, parameter=field[:_MAX_NAME])


def take_text(body: Mapping[str, Any], field: str, *, longest: int = _MAX_NAME) -> str | None:
    """Return an optional string of the body."""
    value = body.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or not value or len(value) > longest or "\0" in value:
        raise HttpProblem(
            400, "field", f"{field} is not a text of 1 to {longest} characters", parameter=field
        )
    return value


def take_number(body: Mapping[str, Any], field: str) -> float | None:
    """Return an optional number of the body."""
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise HttpProblem(400, "field", f"{field} is not a number", parameter=field)
    try:
        return float(value)
    except OverflowError:
        raise HttpProblem(400, "field", f"{field} is too large", parameter=field) from None


def take_object(body: Mapping[str, Any], field: str) -> dict[str, Any]:
    """Return an object of the body; an empty one if it is missing."""
    value = body.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise HttpProblem(400, "field", f"{field} is not an object", parameter=field)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise HttpProblem(400, "body", f"the body is not JSON: {name} is not a value")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise HttpProblem(400, "body", "an object in the body has a key twice")
    return value
