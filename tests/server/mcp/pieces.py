"""A client's reader of a few prompts, which are not in any repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.errors import NotFoundError, PausedError
from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import load_prompt
from promptops.runtime.live import LivePrompt, Share
from promptops.runtime.resolution import ResolvedPrompt
from promptops.server.keys import KeyScope
from promptops.server.mcp.reader import McpReader
from tests.prompts import prompt_text
from tests.server.pieces import FakeRegistry, make_service

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = KeyScope(("resolve", "render", "run", "read"))


def resolve(
    name: str, body: str = "{{ question }}", version: str = "1.0.0", **more: Any
) -> ResolvedPrompt:
    """A prompt as a source gives it; `paused` and keys of the frontmatter may be given."""
    paused = more.pop("paused", None)
    files = {f"{name}.md": prompt_text(version, body, **more), "_s/tone.md": "Be brief.\n"}
    closure = collect_closure(name, lambda path: files[path].encode() if path in files else None)
    assert closure is not None
    return ResolvedPrompt(name, load_prompt(closure), None, "here", paused=paused)


class Prompts(FakeRegistry):
    """Prompts by ref, of which those with a ref in production are live there."""

    def list(self, environment: str = "production") -> list[Any]:
        found = []
        for ref, one in self.prompts.items():
            name, _, selector = ref.partition("@")
            if selector == environment:
                split = (Share(one.version, one.digest, 100),)
                found.append(LivePrompt(name, "", split, one.paused))
        return sorted(found)

    async def find_async(self, ref: str, version: str | None = None) -> Any:
        if ref not in self.prompts:
            raise NotFoundError(f"no {ref} in /srv/here", hint="look")
        return await super().find_async(ref, version)

    def describe_pause(self, found: ResolvedPrompt) -> PausedError:
        return PausedError(f"{found.name} is paused: {found.paused}")


def make_reader(
    folder: Path,
    prompts: dict[str, ResolvedPrompt],
    scope: KeyScope = EVERYTHING,
    *,
    is_local: bool = False,
) -> McpReader:
    """The reader of a client with a key of a scope, for prompts by ref."""
    service, text, _ = make_service(folder, Prompts(**prompts), scope)
    return McpReader(service, service.authenticate(f"Bearer {text}"), "production", is_local)
