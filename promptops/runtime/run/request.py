"""What a run sends to a model, and the most that it may take. Pure."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.models.model import Request
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.commands import World
    from promptops.runtime.run.course import Course


_ENCODER = json.JSONEncoder(sort_keys=True, default=repr)


class Bounds(NamedTuple):
    """The most that a request may take.

    Attributes:
        prompt_tokens: of the messages.
        tokens: of messages and answer; None where the length of the answer has no bound.
        cost: in micro-dollars; None where the price or a bound of the answer's length is missing.
    """

    prompt_tokens: int
    tokens: int | None
    cost: int | None


def hidden_inputs(prompt: ResolvedPrompt) -> list[str]:
    """Return the inputs whose values the log never keeps."""
    return [
        name
        for name, schema in prompt.inputs.items()
        if isinstance(schema, dict) and schema.get("redact") is True
    ]


def estimate(request: Request, world: World) -> Bounds:
    """Return the most that a request may take."""
    prompt_tokens = world.count(request)
    price = world.price(request.model)
    most = _answer_tokens(request.parameters)
    if price is not None and price.is_free:
        cost: int | None = 0
    else:
        cost = None if price is None or most is None else price.cost(prompt_tokens, most)
    return Bounds(prompt_tokens, None if most is None else prompt_tokens + most, cost)


def cache_key(request: Request, course: Course, world: World) -> str | None:
    """Return what an answer to the request is kept under; None where it may not be kept.

    A tenant never gets what was said to another one. Evals and replays ask each time.
    """
    if not world.cache.ttl_seconds or course.counted_in is not None:
        return None
    if not world.cache.is_for_sampled and request.parameters.get("temperature") != 0:
        return None
    return _hash([course.resolved.digest, course.record.tenant], request)


def name_request(request: Request) -> str:
    """Name a request, so that repetitions of it are recognised."""
    return _hash([], request)


def _hash(more: list[Any], request: Request) -> str:
    text = _ENCODER.encode([*more, request.model, list(request.messages), dict(request.parameters)])
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _answer_tokens(parameters: Mapping[str, Any]) -> int | None:
    """Return how many tokens the answers to a request have at most, all of them together."""
    limits = [parameters.get("max_tokens"), parameters.get("max_completion_tokens")]
    known = [limit for limit in limits if isinstance(limit, int)]
    answers = parameters.get("n", 1)
    return max(known) * answers if known and isinstance(answers, int) else None
