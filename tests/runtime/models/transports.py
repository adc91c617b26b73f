"""The transports as the contract calls them: each the same way, whether it blocks or waits."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from promptops.runtime.models.litellm import LiteLLMModel
from promptops.runtime.models.model import Endpoint, Request
from promptops.runtime.models.openai import Channel, OpenAIModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.models.model import Answer, Model, Part

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
