"""The transports as the contract calls them: each the same way, whether it blocks or waits."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptops.runtime.models.litellm import LiteLLMModel
from promptops.runtime.models.model import Endpoint, ModelError, Request
from promptops.runtime.models.openai import Channel, OpenAIModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.runtime.models.model import Answer, Model, Part
    from tests.runtime.provider import Provider

KEY = "sk-secret-0123456789"
# The first call through LiteLLM imports it, which takes long where the machine is busy.
SECONDS = 120.0


def ask(text: str = "hello there friend", **parameters: Any) -> Request:
    return Request("team/model", [{"role": "user", "content": text}], parameters)


class Caller:
    """Calls one transport; `name` says which."""

    def __init__(self, name: str, base_url: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.is_async = name.endswith("async")
        endpoint = Endpoint(base_url, "TEAM_KEY", {"X-Team": "support"})
        environment = {"TEAM_KEY": KEY, **environment}
        self.model: Model
        if name.startswith("litellm"):
            self.model = LiteLLMModel("openai/wire-model", endpoint, environment)
        else:
            self.model = OpenAIModel("wire-model", Channel(endpoint, None, environment))

    def call(self, request: Request, seconds: float = SECONDS) -> Answer:
        deadline = time.monotonic() + seconds
        if not self.is_async:
            return self.model.call(request, deadline=deadline)
        return asyncio.run(self._acall(request, deadline))

    async def _acall(self, request: Request, deadline: float) -> Answer:
        return await self.model.acall(request, deadline=deadline)

    def stream(self, request: Request, seconds: float = SECONDS) -> list[Part]:
        deadline = time.monotonic() + seconds
        if not self.is_async:
            return list(self.model.stream(request, deadline=deadline))
        return asyncio.run(self._astream(request, deadline))

    async def _astream(self, request: Request, deadline: float) -> list[Part]:
        return [part async for part in self.model.astream(request, deadline=deadline)]


def fails(caller: Caller, *, stream: bool = False, seconds: float = 30.0) -> ModelError:
    with pytest.raises(ModelError) as caught:
        (caller.stream if stream else caller.call)(ask(), seconds)
    error = caught.value
    assert error.model == "team/model"
    assert error.message.startswith("team/model: ")
    assert KEY not in f"{error.message}{error.hint}{error.code}"
    return error


def call(model: OpenAIModel, text: str) -> Answer:
    return model.call(ask(text), deadline=time.monotonic() + 60)


def acall(model: OpenAIModel, text: str) -> Answer:
    async def work() -> Answer:
        return await model.acall(ask(text), deadline=time.monotonic() + 60)

    return asyncio.run(work())


def connected(provider: Provider) -> int:
    """How many sockets of this process are connected to the provider."""
    count = 0
    for name in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if not name.readlink().name.startswith("socket:"):
                continue
            with socket.socket(fileno=os.dup(int(name.name))) as one:
                # A socket pair of an event loop has a name that is empty.
                count += one.getpeername()[1:2] == (provider.port,)
    return count


def in_child(work: Callable[[], bool]) -> bool:
    """Do some work in a forked process, and return what it found."""
    child = os.fork()
    if child == 0:
        code = 3
        with contextlib.suppress(BaseException):
            code = 0 if work() else 1
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
