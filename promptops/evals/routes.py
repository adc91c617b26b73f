"""Find the models that a prompt may ask, and those that a sample reaches by routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import PromptopsError
from promptops.runtime.run.conditions import holds
from promptops.runtime.run.preparation import beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptops.runtime.resolution import ResolvedPrompt

_MAX_ROUTES = 8
_NO_ROUTE: Mapping[str, Any] = {}


class Reached(NamedTuple):
    """The end of a prompt's routes for some inputs: the last prompt, and its route or {}."""

    prompt: ResolvedPrompt
    route: Mapping[str, Any]

    def list_models(self) -> list[str]:
        """Return the models that may be asked, the likely one first."""
        if "reply" in self.route:
            return []
        data = self.prompt.data
        named: list[str | None] = [self.route.get("model")]
        if named[0] is None:
            named = [*data.get("choose", {}).get("among", ()), self.prompt.model]
        named += [*data.get("fallbacks", ()), data.get("escalate", {}).get("model")]
        return [one for one in dict.fromkeys(named) if one is not None]


def follow_routes(
    prompt: ResolvedPrompt,
    inputs: Mapping[str, object],
    find: Callable[[str], ResolvedPrompt],
) -> Reached:
    """Follow a prompt's routes for some inputs, for a limited number of steps.

    Args:
        prompt: the first prompt.
        inputs: its inputs.
        find: resolves a ref.

    Raises:
        PromptopsError: the inputs are invalid, or a route's prompt does not exist.
    """
    found, given = prompt, inputs
    for _ in range(_MAX_ROUTES):
        routes = found.data.get("routes", ())
        if not routes:
            break
        complete = found.prompt.complete(given)
        for route in routes:
            if holds(found.prompt.path, route["when"], complete):
                break
        else:
            break
        if "prompt" not in route:
            return Reached(found, route)
        found = find(beside(found, route["prompt"]))
        given = {name: one for name, one in complete.items() if name in found.inputs}
    return Reached(found, _NO_ROUTE)


def list_models(prompt: ResolvedPrompt) -> list[str]:
    """Return the models that a prompt may ask, including those in its routes."""
    routed = [route.get("model") for route in prompt.data.get("routes", ())]
    named = [*Reached(prompt, _NO_ROUTE).list_models(), *routed]
    return [one for one in dict.fromkeys(named) if one is not None]


def may_ask(prompt: ResolvedPrompt, model: str, find: Callable[[str], ResolvedPrompt]) -> bool:
    """Return whether a prompt, or one that its routes lead to, names a model."""
    return any(model in list_models(one) for one in list_reached(prompt, find))


def list_reached(
    prompt: ResolvedPrompt, find: Callable[[str], ResolvedPrompt]
) -> Iterator[ResolvedPrompt]:
    """Yield a prompt, and all prompts to which its routes lead."""
    waiting, seen = [prompt], {prompt.name}
    while waiting:
        found = waiting.pop()
        yield found
        for route in found.data.get("routes", ()):
            if "prompt" not in route:
                continue
            try:
                following = find(beside(found, route["prompt"]))
            except PromptopsError:
                # A broken route fails when it is used; ignore it here.
                continue
            if following.name not in seen:
                seen.add(following.name)
                waiting.append(following)
