"""Call providers with their own formats through LiteLLM.

LiteLLM is imported on use, because that takes seconds. It runs on an event loop
in its own thread. So its connections outlive the caller's loops, and a deadline applies to a whole
call, which LiteLLM's timeouts do not.

LiteLLM's error classes and messages are not used, because they are guesses. The status is taken
from the provider's response, which is among the causes of the error.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from promptops.errors import quote
from promptops.runtime.models.address import read_headers, read_key
from promptops.runtime.models.litellm_setup import complete, load
from promptops.runtime.models.model import Answer, ModelError, Part, ToolCall, Usage
from promptops.runtime.models.wire import WireReader, read_retry_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from concurrent.futures import Future

    from promptops.runtime.models.model import Endpoint, ErrorKind, Request

T = TypeVar("T")
# LiteLLM creates a new client for each different timeout, so only a few values are used.
_TIMEOUT_STEPS = (15.0, 60.0, 300.0, 1800.0)
# The parameters that a prompt may set. LiteLLM accepts hundreds of other arguments, and some choose
# the address and the key. Those belong to the configuration and not to a prompt's author.
_PARAMETERS = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "min_p",
        "modalities",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning",
        "reasoning_effort",
        "repetition_penalty",
        "response_format",
        "safety_identifier",
        "safety_settings",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream_options",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
_CLOSE_SECONDS = 1.0
_MAX_CAUSES = 12


class LiteLLMModel:
    """A model called through LiteLLM; satisfies `Model`.

    Args:
        name: LiteLLM's name of the model.
        endpoint: its configuration.
        environment: the environment variables with keys.
    """

    def __init__(self, name: str, endpoint: Endpoint, environment: Mapping[str, str]) -> None:
        self._name = name
        self._endpoint = endpoint
        self._environment = environment

    def close(self) -> None:
        """Do nothing: LiteLLM keeps its connections itself."""

    async def aclose(self) -> None:
        """Do nothing: LiteLLM keeps its connections itself."""

    def call(self, request: Request, *, deadline: float) -> Answer:
        """Return the answer to `request`. Raises ModelError."""
        return _wait(self._call(request, deadline))

    async def acall(self, request: Request, *, deadline: float) -> Answer:
        """Return the answer to `request`. Raises ModelError."""
        return await _await(self._call(request, deadline))

    def stream(self, request: Request, *, deadline: float) -> Iterator[Part]:
        """Stream the answer. Raises ModelError."""
        parts = self._parts(request, deadline)
        try:
            while (part := _wait(_next(parts))) is not None:
                yield part
        finally:
            _end(parts)

    async def astream(self, request: Request, *, deadline: float) -> AsyncIterator[Part]:
        """Stream the answer. Raises ModelError."""
        parts = self._parts(request, deadline)
        try:
            while (part := await _await(_next(parts))) is not None:
                yield part
        finally:
            _end(parts)

    # --- on the transport's loop ---------------------------------------------------------------

    async def _call(self, request: Request, deadline: float) -> Answer:
        arguments, reader = self._prepare(request, deadline)
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                response = await _complete(request.model, arguments)
        except Exception as error:
            raise _translate(error, reader, deadline) from error
        return _read_response(response, reader)

    async def _parts(self, request: Request, deadline: float) -> AsyncIterator[Part]:
        arguments, reader = self._prepare(request, deadline)
        arguments["stream"] = True
        arguments.setdefault("stream_options", {"include_usage": True})
        collected = _Collected(reader)
        stream: Any = None
        end: asyncio.TimerHandle | None = None
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                stream = await _complete(request.model, arguments)
            end = asyncio.get_running_loop().call_later(
                max(deadline - time.monotonic(), 0.0), _close_later, stream
            )
            chunks = aiter(stream)
            while True:
                async with asyncio.timeout(deadline - time.monotonic()):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                text = collected.add(chunk)
                if text:
                    yield Part(text)
            if time.monotonic() >= deadline:
                raise TimeoutError  # noqa: TRY301 - it was closed above
        except Exception as error:
            raise _translate(error, reader, deadline) from error
        finally:
            if end is not None:
                end.cancel()
            if stream is not None:
                await _close(stream)
        yield Part("", collected.finish())

    def _prepare(self, request: Request, deadline: float) -> tuple[dict[str, Any], WireReader]:
        """Return copies of LiteLLM's arguments, which it may change."""
        _refuse_controls(request)
        secrets: list[str] = []
        arguments: dict[str, Any] = {
            **_copy(request.parameters),
            "model": self._name,
            "messages": [_copy(message) for message in request.messages],
            "timeout": _step(deadline - time.monotonic()),
            "max_retries": 0,
        }
        endpoint = self._endpoint
        if endpoint.key_variable is not None:
            arguments["api_key"] = read_key(
                request.model, endpoint.key_variable, self._environment, is_needed=True
            )
            secrets.append(arguments["api_key"])
        if endpoint.base_url is not None:
            arguments["api_base"] = endpoint.base_url
            if endpoint.key_variable is None:
                # Otherwise a key of the environment would be sent to another address.
                arguments["api_key"] = "none"
        if endpoint.headers:
            arguments["extra_headers"], found = read_headers(
                request.model, endpoint.headers, self._environment
            )
            secrets += found
        # Filter by name first, because `os.environ` decodes every value that is read.
        keys = [name for name in self._environment if name.endswith("_API_KEY")]
        secrets += [value for name in keys if len(value := self._environment.get(name, "")) >= 8]
        return arguments, WireReader(request.model, tuple(secrets))


async def _complete(model: str, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - LiteLLM's
    return await complete(load(model), arguments)


def _refuse_controls(request: Request) -> None:
    """Refuse a parameter that controls LiteLLM, such as `base_url`."""
    refused = sorted(set(request.parameters) - _PARAMETERS)
    if refused:
        raise ModelError(
            f"{request.model}: the parameter {quote(refused[0])} is not passed on to LiteLLM",
            model=request.model,
            kind="invalid",
            is_sent=False,
            hint="remove it, and set the model's address in [models]",
        )


def _copy(value: Any) -> Any:  # noqa: ANN401 - any plain data
    """Copy plain data, five times faster than `copy.deepcopy`."""
    if isinstance(value, Mapping):
        return {name: _copy(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(one) for one in value]
    return value


def _step(seconds: float) -> float:
    return next((step for step in _TIMEOUT_STEPS if step >= seconds), _TIMEOUT_STEPS[-1])


# --- answers -----------------------------------------------------------------------------------


def _read_response(response: Any, reader: WireReader) -> Answer:  # noqa: ANN401 - LiteLLM's own
    choices = getattr(response, "choices", None)
    if not choices:
        raise reader.fail("empty", "the answer has no choices")
    message = choices[0].message
    calls = tuple(
        ToolCall(call.id or "", call.function.name or "", call.function.arguments or "")
        for call in message.tool_calls or ()
    )
    return reader.finish(
        _head(response),
        text=reader.read_text(message.content),
        refusal="",
        calls=calls,
        finish=choices[0].finish_reason,
        usage=_plain(getattr(response, "usage", None)),
    )


class _Collected:
    """The parts of a streamed answer."""

    def __init__(self, reader: WireReader) -> None:
        self._reader = reader
        self._texts: list[str] = []
        self._calls: dict[int, list[str]] = {}
        self._finish: str | None = None
        self._usage: Any = None
        self._first: Any = None

    def add(self, chunk: Any) -> str:  # noqa: ANN401 - LiteLLM's own
        """Add a chunk; return its text."""
        if self._first is None:
            self._first = chunk
        usage = getattr(chunk, "usage", None)
        if usage is not None:
            self._usage = usage
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        if choice.finish_reason is not None:
            self._finish = choice.finish_reason
        for call in choice.delta.tool_calls or ():
            parts = self._calls.setdefault(call.index or 0, ["", "", ""])
            parts[0] = parts[0] or call.id or ""
            parts[1] = parts[1] or call.function.name or ""
            parts[2] += call.function.arguments or ""
        text: str = choice.delta.content or ""
        if text:
            self._texts.append(text)
        return text

    def finish(self) -> Answer:
        """Return the whole answer."""
        answer = self._reader.finish(
            _head(self._first),
            text="".join(self._texts),
            refusal="",
            calls=tuple(ToolCall(*parts) for _, parts in sorted(self._calls.items())),
            finish=self._finish,
            usage=_plain(self._usage),
        )
        usage = answer.usage
        if usage.source == "measured":
            # If a stream has no usage, LiteLLM estimates it without saying so.
            usage = Usage(usage.input_tokens, usage.output_tokens, usage.cached_tokens, "estimated")
        return Answer(
            answer.text,
            answer.tool_calls,
            answer.finish,
            usage,
            answer.served_model,
            answer.response_id,
            answer.fingerprint,
        )


def _head(response: Any) -> dict[str, Any]:  # noqa: ANN401 - LiteLLM's own
    return {key: getattr(response, key, None) for key in ("id", "model", "system_fingerprint")}


def _plain(usage: Any) -> Any:  # noqa: ANN401 - LiteLLM's own
    if usage is None:
        return None
    details = getattr(usage, "prompt_tokens_details", None)
    return {
        "prompt_tokens": getattr(usage, "prompt_tokens", None),
        "completion_tokens": getattr(usage, "completion_tokens", None),
        "prompt_tokens_details": {"cached_tokens": getattr(details, "cached_tokens", None)},
    }


# --- failures ----------------------------------------------------------------------------------


def _translate(error: Exception, reader: WireReader, deadline: float) -> ModelError:
    """Convert an exception of LiteLLM to ModelError."""
    if isinstance(error, ModelError):
        return error
    causes = list(_causes(error))
    response = next((one for one in map(_response, causes) if one is not None), None)
    if response is not None and response.status_code >= 300:
        return _read_status(error, response, reader)
    names = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
    if time.monotonic() >= deadline or names & {"TimeoutError", "TimeoutException", "Timeout"}:
        return reader.fail("timeout", "there was no answer before the deadline")
    if names & {"JSONDecodeError", "ValidationError", "APIResponseValidationError"}:
        return reader.fail("invalid", f"the answer is malformed: {error}")
    if names & {"ConnectError", "ClientConnectorError"}:
        return reader.fail("connection", f"cannot connect: {error}", is_sent=False)
    if names & {"TransportError", "APIConnectionError", "ClientError", "OSError"}:
        return reader.fail("connection", f"the connection broke: {error}")
    if "AuthenticationError" in names or "api_key" in str(error).lower():
        return reader.fail(
            "key",
            f"there is no key that LiteLLM can use: {error}",
            is_sent=False,
            hint="set the provider's variable, or name one as `key` in [models]",
        )
    status = getattr(error, "status_code", None)
    if response is not None or status == 500:
        return reader.fail("invalid", f"the answer is malformed: {error}")
    # Detected without a request: an unknown provider or an unsupported parameter.
    kind: ErrorKind = "status" if isinstance(status, int) and 400 <= status < 500 else "invalid"
    return reader.fail(
        kind,
        f"LiteLLM refused the request: {error}",
        status=status if kind == "status" else None,
        is_sent=False,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _response(error: BaseException) -> Any:  # noqa: ANN401 - of one of several HTTP libraries
    """Return the provider's response, if the error has a real one.

    LiteLLM's own errors have invented responses.
    """
    if type(error).__module__.startswith("litellm"):
        return None
    response = getattr(error, "response", None)
    return response if isinstance(getattr(response, "status_code", None), int) else None


def _read_status(error: Exception, response: Any, reader: WireReader) -> ModelError:  # noqa: ANN401
    headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
    try:
        body = bytes(response.content)
    except Exception:  # noqa: BLE001 - a stream whose body nobody read
        body = b""
    made = reader.read_error(response.status_code, headers, body)
    if made.retry_after_seconds is None:
        more = getattr(error, "litellm_response_headers", None) or {}
        made.retry_after_seconds = read_retry_after(
            {str(name).lower(): str(value) for name, value in dict(more).items()}
        )
    return made


# --- the loop ----------------------------------------------------------------------------------

_loops: dict[int, asyncio.AbstractEventLoop] = {}


def _loop() -> asyncio.AbstractEventLoop:
    """Return the loop of this process, which runs in a separate thread."""
    known = _loops.get(os.getpid())
    if known is None:
        made = asyncio.new_event_loop()
        known = _loops.setdefault(os.getpid(), made)
        if known is made:
            threading.Thread(target=made.run_forever, name="promptops-litellm", daemon=True).start()
        else:
            made.close()
    return known


def _submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    return asyncio.run_coroutine_threadsafe(work, _loop())


def _wait(work: Coroutine[Any, Any, T]) -> T:
    future = _submit(work)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def _await(work: Coroutine[Any, Any, T]) -> T:
    return await asyncio.wrap_future(_submit(work))


async def _next(parts: AsyncIterator[Part]) -> Part | None:
    return await anext(parts, None)


def _end(parts: Any) -> None:  # noqa: ANN401 - an asynchronous generator
    """Close a stream without waiting for it: its connection closes on its own loop."""
    with contextlib.suppress(RuntimeError):
        _submit(parts.aclose())


def _close_later(stream: Any) -> None:  # noqa: ANN401 - LiteLLM's own
    task = asyncio.ensure_future(_close(stream))
    _closing.add(task)
    task.add_done_callback(_closing.discard)


_closing: set[asyncio.Task[None]] = set()


async def _close(stream: Any) -> None:  # noqa: ANN401 - LiteLLM's own
    """Close a stream's connection; otherwise the provider would keep sending."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await stream.aclose()
