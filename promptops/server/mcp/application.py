"""The server of the Model Context Protocol, on standard streams or over HTTP."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.routing import Route

from promptops.about import __version__
from promptops.server.calls import HttpMiddleware, answer_json
from promptops.server.keys import RELEASES, KeyScope, ServiceKey
from promptops.server.mcp import prompts, resources, tools
from promptops.server.mcp.reader import McpReader
from promptops.server.problems import HttpProblem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from promptops.server.calls import Application, HttpEntry, Receive, Scope, Send
    from promptops.server.mcp.tools import ToolOptions
    from promptops.server.service import Service

PATH = "/mcp"
_LOCAL_VERBS = ("resolve", "render", "run", "read")
_INSTRUCTIONS = (
    "Prompts of a team, each pinned to the version that is live in the environment {environment}. "
    "Nothing here changes a prompt: prompts change by commits and reviews in their Git repository."
)


class McpHandlers:
    """The handlers of the protocol's requests; errors become messages for the client."""

    def __init__(
        self,
        service: Service,
        environment: str,
        options: ToolOptions,
        find_key: Callable[[Any], ServiceKey] | None,
    ) -> None:
        """Store the arguments of `make_server`."""
        self._service = service
        self._environment = environment
        self._options = options
        self._find_key = find_key
        scope = KeyScope(_LOCAL_VERBS, environments=(environment, RELEASES))
        self._local = ServiceKey("local", "local", "", scope, 0)

    async def list_prompts(self, context: Any, params: Any) -> types.ListPromptsResult:  # noqa: ANN401 - the SDK's
        """Answer `prompts/list`."""
        with self._reading(context) as reader:
            return await prompts.list_prompts(reader, params.cursor if params else None)

    async def get_prompt(self, context: Any, params: Any) -> types.GetPromptResult:  # noqa: ANN401
        """Answer `prompts/get`."""
        with self._reading(context) as reader:
            return await prompts.get_prompt(reader, params.name, params.arguments)

    async def complete(self, context: Any, params: Any) -> types.CompleteResult:  # noqa: ANN401
        """Answer `completion/complete`."""
        with self._reading(context) as reader:
            return await prompts.complete(reader, params)

    async def list_resources(self, context: Any, params: Any) -> types.ListResourcesResult:  # noqa: ANN401
        """Answer `resources/list`."""
        with self._reading(context) as reader:
            return await resources.list_resources(reader, params.cursor if params else None)

    async def list_templates(
        self,
        context: Any,  # noqa: ANN401, ARG002
        params: Any,  # noqa: ANN401, ARG002
    ) -> types.ListResourceTemplatesResult:
        """Answer `resources/templates/list`."""
        return types.ListResourceTemplatesResult(resource_templates=list(resources.TEMPLATES))

    async def read_resource(self, context: Any, params: Any) -> types.ReadResourceResult:  # noqa: ANN401
        """Answer `resources/read`."""
        with self._reading(context) as reader:
            return await resources.read_resource(reader, str(params.uri))

    async def list_tools(self, context: Any, params: Any) -> types.ListToolsResult:  # noqa: ANN401, ARG002
        """Answer `tools/list`."""
        with self._reading(context) as reader:
            shown = tools.list_tools(reader, self._options)
            return types.ListToolsResult(tools=[tool.describe() for tool in shown])

    async def call_tool(self, context: Any, params: Any) -> types.CallToolResult:  # noqa: ANN401
        """Answer `tools/call`."""
        with self._reading(context) as reader:
            return await tools.call_tool(reader, params.name, params.arguments or {}, self._options)

    @contextmanager
    def _reading(self, context: Any) -> Iterator[McpReader]:  # noqa: ANN401
        """Yield the reader of a request; raise errors in the protocol's form."""
        is_local = self._find_key is None
        key = self._local if self._find_key is None else self._find_key(context.request)
        reader = McpReader(self._service, key, self._environment, is_local)
        try:
            yield reader
        except MCPError:
            raise
        except Exception as error:  # noqa: BLE001 - anything else reaches no client in words
            raise reader.as_failure(error) from None


def make_server(
    service: Service,
    environment: str,
    options: ToolOptions,
    find_key: Callable[[Any], ServiceKey] | None = None,
) -> Server[Any]:
    """Return the server.

    Args:
        service: the service.
        environment: the default environment of prompt names.
        options: the enabled tools.
        find_key: finds the key of an HTTP request; None: the only client started this process.
    """
    handlers = McpHandlers(service, environment, options, find_key)
    return Server(
        "promptops",
        version=__version__,
        instructions=_INSTRUCTIONS.format(environment=environment),
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_completion=handlers.complete,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
    )


def serve_streams(service: Service, environment: str, options: ToolOptions) -> None:
    """Serve the client at standard input and output until it closes them."""
    import asyncio

    async def serve() -> None:
        server = make_server(service, environment, options)
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
        await service.registry.aclose()

    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    asyncio.run(serve())


def make_application(service: Service, environment: str, options: ToolOptions) -> Application:
    """Return the server as an ASGI application that authenticates each request.

    It keeps no sessions, so any process can answer any request.
    """
    server = make_server(service, environment, options, _find_key)
    manager = StreamableHTTPSessionManager(
        app=server,
        stateless=True,
        json_response=True,
        max_request_body_size=service.bounds.body_bytes,
    )
    inner = StreamableHTTPASGIApp(manager)

    class McpEndpoint:
        """Authenticates a request and passes it on."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            entry: HttpEntry = scope["state"]["entry"]
            entry.route = PATH
            headers = {name.lower(): value for name, value in scope["headers"]}
            try:
                key = service.authenticate(headers.get(b"authorization", b"").decode("latin-1"))
            except HttpProblem as problem:
                entry.code = problem.kind
                body = problem.describe(entry.request_id)
                await answer_json(body, problem.status, problem.headers)(scope, receive, send)
                return
            entry.key_id = key.id
            scope["state"]["key"] = key
            await inner(scope, receive, send)

    @asynccontextmanager
    async def live(_: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield
        await service.registry.aclose()

    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    app = Starlette(
        routes=[Route(PATH, McpEndpoint(), methods=["GET", "POST", "DELETE"])], lifespan=live
    )
    app.router.redirect_slashes = False
    return HttpMiddleware(app, service)


def _find_key(request: Any) -> ServiceKey:  # noqa: ANN401 - Starlette's request
    key: ServiceKey = request.scope["state"]["key"]
    return key
