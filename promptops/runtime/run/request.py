"""Build a run's request and estimate its maximum cost."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.models.model import Request
    from promptops.runtime.run.commands import RunFacts
    from promptops.runtime.run.course import Course


_ENCODER = json.JSONEncoder(sort_keys=True, default=repr)


class Bounds(NamedTuple):
    """The maximum tokens and cost of a request.

    Attributes:
        prompt_tokens: the maximum for the messages.
        tokens: the maximum for messages and answer; None if the answer's length is unlimited.
        cost: the maximum cost, in micro-dollars; None if the price is unknown or the answer's
            length is unlimited.
        lacking: what is missing to compute a bound, in words; "" if nothing is.
    """

    prompt_tokens: int
    tokens: int | None
    cost: int | None
    lacking: str = ""


def estimate(request: Request, facts: RunFacts) -> Bounds:
    """Return the maximum tokens and cost of a request."""
    prompt_tokens = facts.count(request)
    price = facts.price(request.model)
    most = _answer_tokens(request.parameters)
    if price is not None and price.is_free:
        cost: int | None = 0
    else:
        cost = None if price is None or most is None else price.cost(prompt_tokens, most)
    missing: tuple[str, ...] = (f"a price of {request.model}",) if price is None else ()
    if most is None:
        missing += ("max_tokens",)
    tokens = None if most is None else prompt_tokens + most
    return Bounds(prompt_tokens, tokens, cost, " and ".join(missing))


def cache_key(request: Request, course: Course, facts: RunFacts) -> str | None:
    """Return the cache key of a request; None if its answer must not be cached.

    Tenants do not share answers. Evals and replays are not cached.
    """
    if not facts.cache.ttl_seconds or course.counted_in is not None:
        return None
    if not facts.cache.is_for_sampled and request.parameters.get("temperature") != 0:
        return None
    return _hash([course.resolved.digest, course.record.tenant], request)


def name_request(request: Request) -> str:
    """Return a hash of a request, to recognise repetitions."""
    return _hash([], request)


def _hash(more: list[Any], request: Request) -> str:
    text = _ENCODER.encode([*more, request.model, list(request.messages), dict(request.parameters)])
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _answer_tokens(parameters: Mapping[str, Any]) -> int | None:
    """Return the maximum number of tokens of all answers to a request."""
    limits = [parameters.get("max_tokens"), parameters.get("max_completion_tokens")]
    known = [limit for limit in limits if isinstance(limit, int)]
    answers = parameters.get("n", 1)
    return max(known) * answers if known and isinstance(answers, int) else None
