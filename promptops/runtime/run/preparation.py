"""Prepare a run: resolve, check inputs, route, render."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptops.errors import IntegrityError, PromptopsError, RefusedError, UsageError
from promptops.runtime.guards.windows import Scope
from promptops.runtime.log.record import Decision
from promptops.runtime.models.model import Request
from promptops.runtime.redaction import hidden_inputs
from promptops.runtime.run.commands import Find
from promptops.runtime.run.conditions import holds
from promptops.runtime.run.output import set_reply
from promptops.runtime.run.request import estimate
from promptops.runtime.run.share import choose_share

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.commands import Command, RunFacts
    from promptops.runtime.run.course import Course

LEASE_MARGIN_SECONDS = 60.0
"""The time in seconds after a run's timeout from which it counts as interrupted."""
# The number of repeated lookups if a deployment arrives between two of them.
_LOOKS = 3
_MAX_ROUTES = 8
_SHAPES = frozenset({"tools", "response_format"})


class _MovedError(Exception):
    """A newer deployment arrived between two lookups."""


def prepare(course: Course, facts: RunFacts) -> Generator[Command, Any, None]:
    """Find the prompt, check the inputs, follow routes and render the messages.

    Afterwards the course has messages and models, or the answer of a fixed reply.
    """
    course.stage = "guard"
    try:
        facts.check_depth()
    except PromptopsError:
        # Set first, so that statistics and alerts name the prompt that loops.
        name, _, _ = course.record.ref.partition("@")
        course.record = course.record._replace(prompt=name)
        raise
    course.stage = "resolve"
    for _ in range(_LOOKS):
        course.decisions.clear()
        try:
            route = yield from _find_prompt(course, facts)
            break
        except _MovedError:
            course.stage = "resolve"
    else:
        raise IntegrityError(
            f"{course.record.ref} is deployed again faster than it can be read",
            hint="try again, or see who deploys with promptops history",
        )
    resolved = course.resolved
    if "reply" in route:
        set_reply(course, route["reply"])
        return
    course.stage = "render"
    if facts.safety is None:
        course.messages = resolved.prompt.render_completed(course.inputs)
    else:
        course.messages = facts.safety.render(course)
    course.stage = "route"
    course.models = _choose_models(course, facts, route.get("model"))
    lease = facts.clock() + course.limits.run_seconds + LEASE_MARGIN_SECONDS
    course.record = course.record._replace(
        model=course.models[0], messages=course.messages, lease_until=lease
    )
    data = resolved.data
    course.is_held |= bool(
        data.get("escalate")
        or data.get("rules")
        or (resolved.output is not None and (data.get("repair") or "reply" in data))
    )


def _find_prompt(course: Course, facts: RunFacts) -> Generator[Command, Any, Mapping[str, Any]]:
    """Follow shares and routes to the prompt to run; return the last route."""
    first = yield Find(course.record.ref)
    found = first
    given = course.given
    names = [found.name]
    while True:
        found = yield from _follow_share(course, found)
        take_prompt(course, found, given)
        if found.paused is not None:
            pause = facts.describe_pause(found)
            if "reply" not in found.data:
                raise pause
            course.decisions.append(Decision("reply", f"{pause.message}"))
            course.is_degraded = True
            return {"reply": found.data["reply"]}
        course.stage = "inputs"
        course.inputs = found.prompt.complete(given)
        course.stage = "route"
        route = _choose_route(course, found)
        target = route.get("prompt")
        if target is None:
            return route
        course.stage = "resolve"
        following = yield Find(beside(found, target))
        if following.name in names or len(names) > _MAX_ROUTES:
            raise RefusedError(
                f"the routes of {names[0]} form a cycle: {' -> '.join([*names, following.name])}",
                hint="set a model or a reply in one of them",
            )
        if following.environment == first.environment and following.placement != first.placement:
            raise _MovedError
        names.append(following.name)
        # The routing prompt validates the inputs; the next prompt gets those that it declares.
        given = {name: value for name, value in course.inputs.items() if name in following.inputs}
        found = following


def take_prompt(course: Course, resolved: ResolvedPrompt, inputs: Mapping[str, object]) -> None:
    """Set the prompt of the run."""
    course.prompt = resolved
    record = course.record
    course.record = record._replace(
        prompt=resolved.name,
        version=resolved.version,
        digest=resolved.digest,
        commit=resolved.commit,
        environment=course.counted_in or resolved.environment,
        deployment=None if course.counted_in else resolved.deployment,
        inputs=dict(inputs),
        hidden=tuple(dict.fromkeys([*record.hidden, *hidden_inputs(resolved)])),
    )
    course.scope = Scope(course.record.environment, resolved.name, record.user, record.tenant)


def _follow_share(course: Course, found: ResolvedPrompt) -> Generator[Command, Any, ResolvedPrompt]:
    """Find the version for this caller while traffic is split."""
    if len(found.split) < 2 or found.paused is not None:
        return found
    key = course.record.key
    chosen = choose_share(found.split, found.name, key)
    why = f"{chosen.version} has {chosen.share} % of {found.name} in {found.environment}"
    if key is None:
        why += "; without key and user the first version is used"
    course.decisions.append(Decision("share", why))
    if chosen.version == found.version:
        return found
    other: ResolvedPrompt = yield Find(f"{found.name}@{found.environment}", chosen.version)
    if other.placement != found.placement:
        raise _MovedError
    return other


def _choose_route(course: Course, found: ResolvedPrompt) -> Mapping[str, Any]:
    """Return the first route whose condition holds for the inputs; else an empty one."""
    routes: list[Mapping[str, Any]] = found.data.get("routes", [])
    for route in routes:
        if holds(found.prompt.path, route["when"], course.inputs):
            way = next(key for key in ("model", "prompt", "reply") if key in route)
            where = "a fixed reply" if way == "reply" else f"{way} {route[way]}"
            course.decisions.append(Decision("route", f"{where}, since {route['when']}"))
            return route
    return {}


def beside(resolved: ResolvedPrompt, target: str) -> str:
    """Return the ref of a route's prompt: in the same deployment, or as written."""
    if "@" in target:
        return target
    if resolved.environment is not None:
        return f"{target}@{resolved.environment}"
    if resolved.commit is None:
        return f"{target}@working"
    raise UsageError(
        f"{resolved} routes to {target}, and an exact version has no environment to resolve it",
        hint=f"run it from an environment, or pin {target}@VERSION in the route",
    )


def _choose_models(course: Course, facts: RunFacts, routed: str | None) -> list[str]:
    """Return the models to ask, in order: the caller's, else the route's, else the prompt's."""
    resolved = course.resolved
    first = course.asked_model or routed or _choose_cheapest(course, facts) or resolved.model
    models = [first]
    if course.asked_model is None:
        fallbacks = list(resolved.data.get("fallbacks", ()))
        if "choose" in resolved.data and routed is None:
            fallbacks.insert(0, resolved.model)
        models += [one for one in dict.fromkeys(fallbacks) if one != first]
    elif first != resolved.model:
        course.decisions.append(Decision("model", f"{first} was asked for"))
    path = resolved.prompt.path
    if not facts.allows(first, path):
        raise RefusedError(
            f"{resolved.name} may not use {first}",
            hint="use a model listed in allow in [models]",
        )
    for one in models[1:]:
        if not facts.allows(one, path):
            course.decisions.append(Decision("allow", f"{one} is left out: [models] allow"))
            models.remove(one)
    return models


def _choose_cheapest(course: Course, facts: RunFacts) -> str | None:
    """Return the cheapest suitable one of the declared models, by known prices.

    Its context window must fit the request, and it must not be known to refuse the prompt's tools
    or output schema.
    """
    rule = course.resolved.data.get("choose")
    if rule is None:
        return None
    costs: dict[str, int] = {}
    for model in rule["among"]:
        request = Request(model, course.messages, course.resolved.prompt.wire_parameters)
        bounds = estimate(request, facts)
        window = facts.context(model)
        needed = bounds.prompt_tokens if bounds.tokens is None else bounds.tokens
        fits = window is None or needed <= window
        # A model without support for tools or schemas would not do what the prompt declares.
        if not _SHAPES.isdisjoint({*request.parameters}.intersection(facts.refuses(model))):
            continue
        if fits and bounds.cost is not None and facts.allows(model, course.resolved.prompt.path):
            costs[model] = bounds.cost
    if not costs:
        why = f"{course.resolved.model}, since no candidate qualifies and has a price"
        course.decisions.append(Decision("choose", why))
        return None
    cheapest = min(costs, key=costs.__getitem__)
    why = f"{cheapest} is the cheapest of {len(rule['among'])} models"
    course.decisions.append(Decision("choose", why))
    return cheapest
