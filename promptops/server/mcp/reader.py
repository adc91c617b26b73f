"""On whose behalf a request reads, and from which environment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from promptops.errors import NotFoundError, PromptopsError
from promptops.prompt.reference import parse_ref
from promptops.server.problems import HttpProblem, as_problem

if TYPE_CHECKING:
    from promptops.runtime.live import LivePrompt
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.server.keys import ServiceKey
    from promptops.server.service import Service

# How many entries one answer lists; the rest follows by cursor.
PAGE = 100


@dataclass(frozen=True, slots=True)
class McpReader:
    """What one client may read.

    Attributes:
        service: where prompts come from.
        key: what the client may do.
        environment: what a prompt's name without a selector means.
        is_local: whether the client started this process, so that it may see every detail of an
            error.
    """

    service: Service
    key: ServiceKey
    environment: str
    is_local: bool

    def pin(self, ref: str) -> str:
        """Return a prompt ref with a selector: the environment where it has none.

        Raises:
            UsageError: the ref is malformed.
        """
        return f"{ref}@{self.environment}" if parse_ref(ref).selector is None else ref

    def require(self, verb: str) -> None:
        """Refuse what the key may not do.

        Raises:
            HttpProblem: it may not.
        """
        if not self.key.scope.allows(verb):
            raise HttpProblem(403, "scope", f"this key may not {verb}")

    async def admit(self, ref: str) -> str:
        """Return a prompt ref, pinned, that the key covers.

        Raises:
            UsageError: the ref is malformed.
            HttpProblem: as if there were no such prompt.
        """
        pinned = self.pin(ref)
        await self.service.admit(self.key, pinned)
        return pinned

    async def find(self, ref: str) -> ResolvedPrompt:
        """Return the prompt that a ref means, paused or not.

        Raises:
            PromptopsError, HttpProblem: there is none for this client.
        """
        return await self.service.find(await self.admit(ref))

    async def find_running(self, ref: str) -> ResolvedPrompt:
        """Return the prompt that a ref means.

        Raises:
            PausedError: it is paused.
            PromptopsError, HttpProblem: there is none for this client.
        """
        found = await self.find(ref)
        if found.paused is not None:
            raise self.service.registry.describe_pause(found)
        return found

    async def list_live(self) -> list[LivePrompt]:
        """Return what is live in the environment, as far as the key shows it, by name."""
        if not self.key.scope.opens(self.environment):
            return []
        live = await asyncio.to_thread(self.service.registry.list, self.environment)
        return [one for one in live if self.key.scope.shows(one.name)]

    async def page(self, cursor: str | None) -> tuple[list[LivePrompt], str | None]:
        """Return the live prompts after a cursor, and the cursor of the next page.

        Args:
            cursor: the last name of the page before; None: the first page.
        """
        live = [one for one in await self.list_live() if cursor is None or one.name > cursor]
        shown = live[:PAGE]
        return shown, shown[-1].name if len(live) > PAGE else None

    def explain(self, error: Exception) -> tuple[str, HttpProblem]:
        """Return what the client may learn of an error: a text, and what it is refused with."""
        problem = as_problem(error, self.service.clock())
        text, hint = problem.message, problem.hint
        if self.is_local and isinstance(error, PromptopsError):
            text, hint = error.message, error.hint
        elif isinstance(error, NotFoundError) or problem.kind == "not_found":
            hint = "check name and selector; the tool list_prompts shows what is live"
        return f"{text}\nhint: {hint}" if hint else text, problem

    def as_failure(self, error: Exception) -> MCPError:
        """Return an error as the protocol carries it; only this kind reaches a client in words."""
        text, problem = self.explain(error)
        code = INVALID_PARAMS if problem.status < 500 else INTERNAL_ERROR
        data = {"code": problem.kind, "stage": problem.stage, "run_id": problem.run_id}
        return MCPError(code, text, {name: data[name] for name in data if data[name] is not None})
