"""Build the ASGI application from all routes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from promptops.errors import PromptopsError
from promptops.server import completions, placeholders, reading, records, verbs
from promptops.server.calls import HttpEndpoint, HttpMiddleware
from promptops.server.problems import HttpProblem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from promptops.server.calls import Application, Handler, HttpCall
    from promptops.server.service import Service


async def metrics(call: HttpCall) -> Application:
    """Return the metrics of the service and of runs."""
    import asyncio

    from promptops.server.metrics import CONTENT_TYPE

    try:
        runs = await asyncio.to_thread(call.service.registry.metrics)
    except PromptopsError:
        # Even if the configuration's source is unreachable, the service's own counts are available.
        runs = ""
    body = call.service.metrics.format() + runs
    text: Application = PlainTextResponse(body, media_type=CONTENT_TYPE)
    return text


# Method, path, required verb of the key (None: any), and handler.
ROUTES: tuple[tuple[str, str, str, Handler], ...] = (
    ("GET", "/v1/resolve/{ref:path}", "resolve", verbs.resolve),
    ("POST", "/v1/render/{ref:path}", "render", verbs.render),
    ("POST", "/v1/run/{ref:path}", "run", verbs.run),
    ("POST", "/v1/stream/{ref:path}", "run", verbs.stream),
    ("POST", "/v1/chat/completions", "run", completions.complete),
    ("POST", "/v1/record/{ref:path}", "record", records.record),
    ("POST", "/v1/feedback", "feedback", records.feedback),
    ("GET", "/v1/models", "read", reading.models),
    ("GET", "/v1/prompts", "read", reading.prompts),
    ("GET", "/v1/versions/{name:path}", "read", reading.versions),
    ("GET", "/v1/diff/{range:path}", "read", reading.diff),
    ("GET", "/v1/deployments", "read", reading.deployments),
    ("GET", "/v1/openapi.json", "", reading.description),
    ("GET", "/beta/litellm_prompt_management", "render", placeholders.manage),
    ("GET", "/metrics", "metrics", metrics),
)


def make_application(service: Service) -> Application:
    """Return the service as an ASGI application."""

    async def health(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        is_ready = await service.is_ready()
        return PlainTextResponse("ready\n" if is_ready else "not ready\n", 200 if is_ready else 503)

    async def refuse(request: Request, error: Exception) -> Response:
        status = getattr(error, "status_code", 500)
        entry = request.scope["state"]["entry"]
        message = "this method is not allowed here" if status == 405 else "route not found"
        problem = HttpProblem(status, "route", message, headers=getattr(error, "headers", None))
        entry.code = problem.kind
        return JSONResponse(problem.describe(entry.request_id), status, problem.headers)

    @asynccontextmanager
    async def live(_: Starlette) -> AsyncIterator[None]:
        yield
        await service.registry.aclose()

    routes = [
        Route("/health", health, methods=["GET"]),
        Route("/ready", ready, methods=["GET"]),
        *(
            Route(path, HttpEndpoint(service, path, verb, handler), methods=[method])
            for method, path, verb, handler in ROUTES
        ),
    ]
    app = Starlette(routes=routes, exception_handlers={404: refuse, 405: refuse}, lifespan=live)
    app.router.redirect_slashes = False
    return HttpMiddleware(app, service)
