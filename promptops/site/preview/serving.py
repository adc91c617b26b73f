"""Serve the site on this machine: pages, change notices, and the form."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from promptops.files import read_file
from promptops.server.protocol import make_protocol
from promptops.server.service import ServiceBounds
from promptops.site.pages import SitePages
from promptops.site.preview.trying import open_form, render_form, run_form

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import Any

    from starlette.requests import Request

    from promptops.runtime.registry import Registry
    from promptops.site.pages import SiteSummary
    from promptops.site.preview.access import SiteAccess
    from promptops.site.preview.building import SiteBuilder

    Scope = MutableMapping[str, Any]
    Application = Callable[[Scope, Any, Any], Awaitable[None]]

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not `no-referrer`: with it, browsers send forms with the Origin `null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_BOUNDS = ServiceBounds(connections=100, stop_seconds=5.0)
_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1_000
_LOCKED = "open the address that promptops printed"


@dataclass
class SitePreview:
    """A served site.

    Attributes:
        builder: builds the site.
        access: the access rules.
        registry: runs prompts; None: prompts cannot be run here.
        watches: whether pages reload after changes.
    """

    builder: SiteBuilder
    access: SiteAccess
    registry: Registry | None
    watches: bool

    def make_application(self) -> Application:
        """Return the preview as an ASGI application."""
        routes = [
            Route("/state", self._tell_state, methods=["GET"]),
            Route("/try/{name:path}", self._try, methods=["GET", "POST"]),
            Route("/{path:path}", self._show, methods=["GET"]),
        ]
        app = Starlette(routes=routes)
        app.router.redirect_slashes = False

        async def guarded(scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's
            if scope["type"] == "http":
                refused = self._refuse(scope)
                await (refused or app)(scope, receive, _with_headers(send))

        return guarded

    def _refuse(self, scope: Scope) -> Response | None:
        """Return the response to a refused request or to one with the token; None for others."""
        headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
            # A repeated header is ambiguous; joined, the values match nothing.
            headers[name] = f"{headers[name]}; {text}" if name in headers else text
        refusal = self.access.check_origin(scope["method"], headers)
        if refusal is not None:
            return PlainTextResponse(f"{refusal.text}\n", refusal.status)
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        token = dict(query).get("token")
        if scope["path"] == "/" and token is not None and self.access.opens(token):
            entered = RedirectResponse("/", 303)
            entered.set_cookie(
                self.access.cookie_name, self.access.cookie, httponly=True, samesite="strict"
            )
            return entered
        if not self.access.knows(headers.get("cookie", "")):
            return PlainTextResponse(f"{_LOCKED}\n", 403)
        return None

    async def _show(self, request: Request) -> Response:
        path = request.path_params["path"] or "index.html"
        built = self.builder.built
        # Only files that the site wrote are opened.
        if built is None or path not in built.files:
            return PlainTextResponse("page not found\n", 404)
        try:
            # Not in a thread, because all threads may be busy with runs.
            data = read_file(self.builder.folder / path)
        except OSError:
            return PlainTextResponse("page not found\n", 404)
        kind = _TYPES.get(path[path.rfind(".") :], "application/octet-stream")
        state = {"Server-Timing": f'page;desc="{self._find_state(path)}"'}
        return Response(data, media_type=kind, headers=state)

    async def _tell_state(self, request: Request) -> Response:
        path = request.query_params.get("page", "")
        return JSONResponse(
            {
                "page": self._find_state(path),
                "fault": self.builder.fault,
                "watches": self.watches,
            }
        )

    def _find_state(self, path: str) -> str | None:
        """Return a value that changes when a page is rewritten; None for unknown pages."""
        built = self.builder.built
        if built is None or path not in built.files:
            return None
        try:
            return str((self.builder.folder / path).stat().st_mtime_ns)
        except OSError:
            return None

    async def _try(self, request: Request) -> Response:
        name = request.path_params["name"]
        built = self.builder.built
        if built is None or name not in built.site.names:
            return PlainTextResponse("prompt not found\n", 404)
        action = ""
        given = dict(request.query_params)
        if request.method == "POST":
            try:
                given = await _read_form(request)
            except ValueError as error:
                return PlainTextResponse(f"{error}\n", 400)
            if not self.access.takes(given.get("token", "")):
                return PlainTextResponse("this form is outdated; reload the page\n", 403)
            action = given.get("do", "render")
            if action == "run" and self.registry is None:
                return PlainTextResponse("prompts are not run here: start with --allow-run\n", 403)
        text = await asyncio.to_thread(self._make_form, built.site, name, given, action)
        return Response(text, media_type="text/html")

    def _make_form(self, site: SiteSummary, name: str, given: dict[str, str], action: str) -> str:
        repository = self.builder.open_repository()
        try:
            page = open_form(repository, name, given)
            if action == "run" and self.registry is not None:
                page = run_form(page, self.registry)
            elif action:
                page = render_form(page)
        finally:
            repository.objects.close()
        may_run = self.registry is not None
        return SitePages(site).make_form(page, token=self.access.form_token, may_run=may_run)


def listen(preview: SitePreview, listener: socket.socket) -> None:
    """Serve until interrupted.

    Args:
        preview: the preview to serve.
        listener: a listening socket.
    """
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    config = uvicorn.Config(
        preview.make_application(),
        http=make_protocol(_BOUNDS),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(_BOUNDS.idle_seconds),
        timeout_graceful_shutdown=int(_BOUNDS.stop_seconds),
        limit_concurrency=_BOUNDS.connections,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _with_headers(send: Any) -> Any:  # noqa: ANN401 - ASGI's
    async def with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
            message = {**message, "headers": [*message["headers"], *own]}
        await send(message)

    return with_headers


async def _read_form(request: Request) -> dict[str, str]:
    """Return a form's fields. Raises ValueError if the body is not a form or is too long."""
    if request.headers.get("content-type", "").partition(";")[0] != _FORM:
        raise ValueError("the request is not a form")
    data = bytearray()
    try:
        async with asyncio.timeout(_BOUNDS.body_seconds):
            async for part in request.stream():
                data += part
                if len(data) > _BOUNDS.body_bytes:
                    raise ValueError(f"the form is longer than {_BOUNDS.body_bytes:,} bytes")
    except TimeoutError:
        raise ValueError("the form took too long") from None
    try:
        pairs = parse_qsl(
            data.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
        )
    except ValueError:
        raise ValueError("the form is not UTF-8") from None
    return dict(pairs)
