"""The interface of models: request, answer, errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

Transport = Literal["openai", "litellm"]
UsageSource = Literal["measured", "estimated", "unknown"]
ErrorKind = Literal["status", "timeout", "connection", "invalid", "empty", "key", "install"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address and settings of a model.

    Attributes:
        base_url: the API's base address; None: the provider's own.
        key_variable: the environment variable with the key; None: the provider's own.
        headers: further headers of every request; `${NAME}` is replaced by an environment variable.
        transport: the transport; None: chosen by the model's name.
    """

    base_url: str | None = None
    key_variable: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    transport: Transport | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request to one model, which is exactly one HTTP request.

    Attributes:
        model: the model's name as the prompt has it, such as `openai/gpt-4o-mini`.
        messages: in the format of OpenAI's chat completions, sent unchanged.
        parameters: the other fields: temperature, max_tokens, tools, response_format, stop, seed
            and so on. Never the model, the messages or a timeout.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model wants called.

    Attributes:
        id: the id that the result must refer to.
        name: the function.
        arguments: as written by the model: should be JSON, not validated.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of a call.

    Attributes:
        input_tokens: the tokens of the messages, including cached ones; None if unknown.
        output_tokens: the tokens of the answer; None if unknown.
        cached_tokens: the number of input tokens from the provider's cache.
        source: `measured` (by the provider), `estimated` (here), or `unknown` (the provider
            reported nothing credible).
    """

    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    source: UsageSource


UNKNOWN_USAGE = Usage(None, None, None, "unknown")
NO_USAGE = Usage(0, 0, 0, "measured")


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer.

    Attributes:
        text: its text; empty if it only calls tools.
        tool_calls: the functions that it wants called.
        finish: why it ended: `stop`, `length`, `tool_calls`, `content_filter`, `refusal`, another
            reason of the provider, or `unknown` without one.
        usage: its tokens.
        served_model: the provider's name of the model that answered.
        response_id: the provider's id of this answer.
        fingerprint: the provider's name of the configuration that answered.
    """

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish: str
    usage: Usage
    served_model: str | None = None
    response_id: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a streamed answer.

    Attributes:
        text: the new text; empty in the last part.
        answer: the whole answer, in the last part; None before.
    """

    text: str
    answer: Answer | None = None


class ModelError(PromptopsError):
    """A call to a model failed.

    Attributes:
        model: the model's name as the prompt has it.
        kind: `status`: the provider answered with an error. `timeout`: the deadline passed.
            `connection`: there was no connection, or it broke. `invalid`: the answer is malformed.
            `empty`: a success without an answer. `key`: the key is missing or unusable. `install`:
            a package is missing.
        status: the HTTP status, for the kind `status`.
        code: the provider's own code of the error, such as `context_length_exceeded`.
        retry_after_seconds: the wait that the provider requested.
        is_sent: whether the provider may have received the request, and may charge for it.
    """

    page = "docs/models.md#endpoints"

    def __init__(
        self,
        message: str,
        *,
        model: str,
        kind: ErrorKind,
        status: int | None = None,
        code: str | None = None,
        retry_after_seconds: float | None = None,
        is_sent: bool,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.model = model
        self.kind: ErrorKind = kind
        self.status = status
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.is_sent = is_sent


class Model(Protocol):
    """A model that can be called.

    `deadline` is a value of `time.monotonic()`, and applies to the whole call, however slowly the
    answer arrives. Failures are `ModelError`. A model may be used by many threads and event loops
    at the same time, and in a forked process.
    """

    def call(self, request: Request, *, deadline: float) -> Answer:
        """Return the answer to `request`."""
        ...

    async def acall(self, request: Request, *, deadline: float) -> Answer:
        """Return the answer to `request`."""
        ...

    def stream(self, request: Request, *, deadline: float) -> Iterator[Part]:
        """Stream the answer; closing the iterator closes the connection."""
        ...

    def astream(self, request: Request, *, deadline: float) -> AsyncIterator[Part]:
        """Stream the answer; closing the iterator closes the connection."""
        ...

    def close(self) -> None:
        """Close the connections that no event loop owns."""
        ...

    async def aclose(self) -> None:
        """Close those connections and the ones of the running event loop."""
        ...
