"""Handle one request: authentication, errors, and the log line."""

from __future__ import annotations

import asyncio
import json
import re
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from promptops.errors import InputError, PromptopsError, TemplateError
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.run.output import OutputError
from promptops.server.problems import HttpProblem, as_problem, missing_verb

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping

    from starlette.requests import Request

    from promptops.server.keys import ServiceKey
    from promptops.server.service import Service

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]
    Handler = Callable[["HttpCall"], Awaitable[Application]]
    Report = Callable[[dict[str, Any]], None]

T = TypeVar("T")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
# Nginx's status for a client that disconnected before the answer.
GONE = 499


class ClientGoneError(Exception):
    """The client disconnected before the answer."""


@dataclass(slots=True)
class HttpEntry:
    """The log entry of one request.

    Attributes:
        request_id: the client's id of the request, or a generated one.
        route: the path with parameter names; empty if there is no such route.
        key_id: the id of the key.
        prompt: the requested prompt.
        run_id: the id of the run, if any.
        status: the HTTP status; 0 if no answer was begun.
        code: the error code, if refused.
    """

    request_id: str
    route: str = ""
    key_id: str | None = None
    prompt: str | None = None
    run_id: str | None = None
    status: int = 0
    code: str | None = None


@dataclass(frozen=True, slots=True)
class HttpCall:
    """One authenticated request.

    Attributes:
        service: the service.
        request: the request.
        key: the caller's key.
        entry: the log entry.
    """

    service: Service
    request: Request
    key: ServiceKey
    entry: HttpEntry

    async def name(self, ref: str) -> str:
        """Return a prompt ref of the request after checking that the key covers it; log it.

        Raises:
            UsageError, Problem: as `Service.admit`.
        """
        await self.service.admit(self.key, ref)
        self.entry.prompt = ref
        return ref

    async def until_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work`; cancel it if the client disconnects.

        Raises:
            ClientGoneError: the client disconnected, and the work was cancelled.
        """
        return await until_gone(self.request.receive, work)


async def until_gone(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Await `work`; cancel it if the client disconnects. The request body must be read already.

    Raises:
        ClientGoneError: the client disconnected, and the work was cancelled.
    """
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(_wait_until_gone(receive))
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGoneError
    finally:
        watch.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def answer_json(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Application:
    """Return a JSON response in ASCII, so that lone surrogates can be encoded."""
    from starlette.responses import Response

    body = json.dumps(value, allow_nan=False).encode()
    response: Application = Response(body, status, headers, "application/json")
    return response


class HttpEndpoint:
    """A route: authenticates, calls the handler, and turns exceptions into answers."""

    def __init__(self, service: Service, route: str, verb: str, handler: Handler) -> None:
        self._service = service
        self._route = route
        self._verb = verb
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        from starlette.requests import ClientDisconnect, Request

        entry: HttpEntry = scope["state"]["entry"]
        entry.route = self._route
        request = Request(scope, receive)
        try:
            key = self._service.authenticate(request.headers.get("authorization"))
            entry.key_id = key.id
            if self._verb and not key.scope.allows(self._verb):
                raise missing_verb(self._verb)  # noqa: TRY301
            response = await self._handler(HttpCall(self._service, request, key, entry))
            await response(scope, receive, send)
        except ClientDisconnect:
            raise ClientGoneError from None
        except ClientGoneError:
            raise
        except Exception as error:
            if entry.status:
                raise
            problem = note_failure(self._service, entry, error)
            body = problem.describe(entry.request_id)
            answer = answer_json(body, problem.status, problem.headers)
            await answer(scope, receive, send)


def note_failure(service: Service, entry: HttpEntry, error: Exception) -> HttpProblem:
    """Return the answer for an exception, and log the details that the caller must not see."""
    problem = as_problem(error, service.clock())
    entry.code = problem.kind
    entry.run_id = problem.run_id or entry.run_id
    if problem.status >= 500:
        service.report(describe_failure(entry, error))
    return problem


def describe_failure(entry: HttpEntry, error: BaseException) -> dict[str, Any]:
    """Return a log line on an internal error, without any input."""
    line: dict[str, Any] = {
        "event": "error",
        "request": entry.request_id,
        "run": entry.run_id,
        "kind": type(error).__name__,
    }
    if isinstance(error, (InputError, TemplateError, OutputError)):
        # Their messages quote inputs or answers.
        pass
    elif isinstance(error, PromptopsError):
        line["message"] = error.message
    else:
        frames = traceback.extract_tb(error.__traceback__)
        line["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-5:]]
    return line


class HttpMiddleware:
    """Middleware around all routes: gives each request an id, a log line, and always an answer."""

    def __init__(self, app: Application, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or an ASGI lifespan event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service = self._service
        entry = HttpEntry(_find_id(scope) or make_id(service.clock(), service.random_bytes(10)))
        scope.setdefault("state", {})["entry"] = entry
        begun = time.monotonic()
        service.metrics.in_flight += 1

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", entry.request_id.encode()),
                    (b"cache-control", b"no-store"),
                ]
                if service.is_draining:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientGoneError:
            entry.status = GONE
        except Exception as error:
            service.report(describe_failure(entry, error))
            if entry.status:
                # Close the connection, so that a partial answer does not look complete.
                raise
            problem = as_problem(error, service.clock())
            body = problem.describe(entry.request_id)
            await answer_json(body, problem.status)(scope, receive, answer)
        finally:
            seconds = time.monotonic() - begun
            service.metrics.in_flight -= 1
            known = scope["method"] if entry.route else ""
            service.metrics.count(entry.route, known, entry.status or GONE, seconds)
            service.report(
                {
                    "event": "request",
                    "request": entry.request_id,
                    "method": scope["method"],
                    "route": entry.route,
                    "status": entry.status or GONE,
                    "ms": round(seconds * 1000, 2),
                    "key": entry.key_id,
                    "prompt": entry.prompt,
                    "run": entry.run_id,
                    "code": entry.code,
                }
            )


def _find_id(scope: Scope) -> str | None:
    """Return the client's id of the request, if it is safe for logs."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            text: str = value.decode()
            return text
    return None
