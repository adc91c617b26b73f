"""A model without a provider that answers with the last user message.

It shows the rendered prompt, and lets applications run without a key. Usage is estimated.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from promptops.prompt.tokens import estimate_tokens
from promptops.runtime.models.model import Answer, ModelError, Part, Usage
from promptops.runtime.models.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from typing import Any

    from promptops.runtime.models.model import Request


class EchoModel:
    """Answers with the last user message; satisfies `Model`."""

    def call(self, request: Request, *, deadline: float) -> Answer:
        """Return the last user message, or the last message if there is none."""
        check_deadline(request.model, deadline)
        messages = request.messages
        users = [message for message in messages if message.get("role") == "user"]
        text = read_text(users[-1]) if users else read_text(messages[-1]) if messages else ""
        usage = estimate_usage(request, text)
        return Answer(text, (), "stop", usage, served_model=request.model)

    async def acall(self, request: Request, *, deadline: float) -> Answer:
        """Return what `call` returns."""
        return self.call(request, deadline=deadline)

    def stream(self, request: Request, *, deadline: float) -> Iterator[Part]:
        """Yield what `call` returns, word by word."""
        answer = self.call(request, deadline=deadline)
        for piece in split_words(answer.text):
            yield Part(piece)
        yield Part("", answer)

    async def astream(self, request: Request, *, deadline: float) -> AsyncIterator[Part]:
        """Yield what `call` returns, word by word."""
        for part in self.stream(request, deadline=deadline):
            yield part

    def close(self) -> None:
        """Do nothing: there are no connections."""

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""


def read_text(message: Mapping[str, Any]) -> str:
    """Return a message's text; of a message with parts, the joined texts."""
    content = message.get("content")
    if isinstance(content, list | tuple):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def estimate_usage(request: Request, text: str) -> Usage:
    """Return the estimated tokens of request and answer."""
    read = count_tokens(request.messages, request.parameters, request.model).likely
    return Usage(max(read, 1), estimate_tokens(text), None, "estimated")


def split_words(text: str) -> Iterator[str]:
    """Yield a text in parts that end after a space."""
    start = 0
    while start < len(text):
        end = text.find(" ", start) + 1 or len(text)
        yield text[start:end]
        start = end


def check_deadline(model: str, deadline: float) -> None:
    """Raise the timeout error if the deadline has passed."""
    if time.monotonic() >= deadline:
        raise ModelError(
            f"{model}: the deadline has passed",
            model=model,
            kind="timeout",
            is_sent=False,
        )
