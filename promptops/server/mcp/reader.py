"""Access to prompts with the permissions of one client."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from promptops.errors import NotFoundError, PromptopsError
from promptops.prompt.reference import parse_ref
from promptops.server.problems import HttpProblem, as_problem, missing_verb

if TYPE_CHECKING:
    from promptops.runtime.live import LivePrompt
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.server.keys import ServiceKey
    from promptops.server.service import Service

# The number of entries in one answer; the rest follows by cursor.
PAGE = 100


@dataclass(frozen=True, slots=True)
class McpReader:
    """Access to prompts with the permissions of one client.

    Attributes:
        service: the service.
        key: the client's key.
        environment: the default environment of prompt names.
        is_local: whether the client started this process; then it may see all details of errors.
    """

    service: Service
    key: ServiceKey
    environment: str
    is_local: bool

    def pin(self, ref: str) -> str:
        """Return a prompt ref with a selector; the default is the environment.

        Raises:
            UsageError: the ref is malformed.
        """
        return f"{ref}@{self.environment}" if parse_ref(ref).selector is None else ref

    def require(self, verb: str) -> None:
        """Raise an error unless the key may use a verb.

        Raises:
            HttpProblem: it may not.
        """
        if not self.key.scope.allows(verb):
            raise missing_verb(verb)

    async def admit(self, ref: str) -> str:
        """Return a prompt ref with a selector after checking that the key covers it.

        Raises:
            UsageError: the ref is malformed.
            HttpProblem: the key does not cover it; the error is that of a missing prompt.
        """
        pinned = self.pin(ref)
        await self.service.admit(self.key, pinned)
        return pinned

    async def find(self, ref: str) -> ResolvedPrompt:
        """Return the prompt of a ref, even if it is paused.

        Raises:
            PromptopsError, HttpProblem: it does not exist, or the client may not see it.
        """
        return await self.service.find(await self.admit(ref))

    async def find_running(self, ref: str) -> ResolvedPrompt:
        """Return the prompt of a ref.

        Raises:
            PausedError: it is paused.
            PromptopsError, HttpProblem: it does not exist, or the client may not see it.
        """
        found = await self.find(ref)
        if found.paused is not None:
            raise self.service.registry.describe_pause(found)
        return found

    async def list_live(self) -> list[LivePrompt]:
        """Return the live prompts in the environment that the key may see, sorted by name."""
        if not self.key.scope.opens(self.environment):
            return []
        live = await asyncio.to_thread(self.service.registry.list, self.environment)
        return [one for one in live if self.key.scope.shows(one.name)]

    async def page(self, cursor: str | None) -> tuple[list[LivePrompt], str | None]:
        """Return the live prompts after a cursor, and the cursor of the next page.

        Args:
            cursor: the last name of the previous page; None: the first page.
        """
        live = [one for one in await self.list_live() if cursor is None or one.name > cursor]
        shown = live[:PAGE]
        return shown, shown[-1].name if len(live) > PAGE else None

    def explain(self, error: Exception) -> tuple[str, HttpProblem]:
        """Return what the client may see of an error: a message, and the problem."""
        problem = as_problem(error, self.service.clock())
        text, hint = problem.message, problem.hint
        if self.is_local and isinstance(error, PromptopsError):
            text, hint = error.message, error.hint
        elif isinstance(error, NotFoundError) or problem.kind == "not_found":
            hint = "check name and selector; list the live prompts with the tool list_prompts"
        return f"{text}\nhint: {hint}" if hint else text, problem

    def as_failure(self, error: Exception) -> MCPError:
        """Return an error in the protocol's form; only this kind reaches the client."""
        text, problem = self.explain(error)
        code = INVALID_PARAMS if problem.status < 500 else INTERNAL_ERROR
        data = {"code": problem.kind, "stage": problem.stage, "run_id": problem.run_id}
        return MCPError(code, text, {name: data[name] for name in data if data[name] is not None})
