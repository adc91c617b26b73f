"""The routes of the library's verbs: resolve, render, run and stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promptops.runtime.documents import describe_resolved, describe_run
from promptops.server.bodies import check_fields, read_object, take_object, take_text
from promptops.server.calls import answer_json
from promptops.server.service import make_caller
from promptops.server.streams import EventStream

if TYPE_CHECKING:
    from promptops.runtime.run.interface import Caller, StreamPart
    from promptops.runtime.run.result import Run
    from promptops.server.calls import Application, HttpCall

RUN_FIELDS = ("inputs", "user", "tenant", "key")
# These fields contain paths on the service's machine.
_HIDDEN = ("source", "warnings")


async def resolve(call: HttpCall) -> Application:
    """Resolve a prompt ref; return the prompt with its files."""
    ref = await call.name(call.request.path_params["ref"])
    resolved = await call.service.find(ref, call.request.query_params.get("key"))
    document = describe_resolved(resolved)
    return answer_json({name: document[name] for name in document if name not in _HIDDEN})


async def render(call: HttpCall) -> Application:
    """Render a prompt; return the request for the model, which the caller sends."""
    ref = await call.name(call.request.path_params["ref"])
    body = await read_object(call.request, call.service.bounds)
    check_fields(body, RUN_FIELDS)
    caller = _read_caller(call, body)
    resolved = await call.service.find(ref, caller.key or caller.user)
    if resolved.paused is not None:
        raise call.service.registry.describe_pause(resolved)
    return answer_json(
        {
            "schema": "promptops.render/v1",
            "name": resolved.name,
            "version": resolved.version,
            "digest": resolved.digest,
            "environment": resolved.environment,
            "deployment": resolved.deployment,
            "request": resolved.request(take_object(body, "inputs")),
        }
    )


async def run(call: HttpCall) -> Application:
    """Run a prompt; answer when it is complete."""
    ref, inputs, caller = await _read_run(call)
    runner = await call.service.runner()
    done = await call.until_gone(runner.arun(ref, inputs, caller, None))
    call.entry.run_id = done.id
    return answer_json(describe_served(done))


async def stream(call: HttpCall) -> Application:
    """Run a prompt; stream the answer."""
    ref, inputs, caller = await _read_run(call)
    runner = await call.service.runner()
    pieces = runner.astream(ref, inputs, caller, None)
    return EventStream(call, pieces, _Events())  # type: ignore[arg-type]  # it is a generator


def describe_served(run: Run) -> dict[str, Any]:
    """Return a run for its caller, without providers' error messages."""
    document = describe_run(run)
    document["attempts"] = [
        {name: one[name] for name in ("model", "status", "ms")} for one in document["attempts"]
    ]
    document["decisions"] = [one["rule"] for one in document["decisions"]]
    return document


async def _read_run(call: HttpCall) -> tuple[str, dict[str, Any], Caller]:
    """Return the prompt ref, the inputs and the caller of a request."""
    ref = await call.name(call.request.path_params["ref"])
    body = await read_object(call.request, call.service.bounds)
    check_fields(body, RUN_FIELDS)
    return ref, take_object(body, "inputs"), _read_caller(call, body)


def _read_caller(call: HttpCall, body: dict[str, Any]) -> Caller:
    user, tenant, key = (take_text(body, field) for field in ("user", "tenant", "key"))
    return make_caller(call.key, call.entry.request_id, user, tenant, key)


class _Events:
    """promptops' own stream format: events `text`, then `run` or `error`."""

    def say(self, piece: StreamPart) -> bytes:
        return _event("text", {"text": piece.text})

    def end(self, run: Run) -> bytes:
        return _event("run", describe_served(run))

    def fail(self, error: dict[str, Any]) -> bytes:
        return _event("error", error)


def _event(name: str, value: object) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=True)}\n\n".encode()
