"""Routes that write to the run log: calls made by clients, and feedback."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from promptops.errors import NotFoundError, UsageError
from promptops.runtime.log.log import LogError
from promptops.runtime.run.recording import MadeCall
from promptops.server.bodies import (
    check_fields,
    read_object,
    take_number,
    take_object,
    take_text,
)
from promptops.server.calls import answer_json
from promptops.server.keys import RELEASES
from promptops.server.problems import HttpProblem
from promptops.server.service import make_caller

if TYPE_CHECKING:
    from promptops.server.calls import Application, HttpCall

RECORD_FIELDS = ("answer", "inputs", "model", "seconds", "user", "tenant", "key")
FEEDBACK_FIELDS = ("run", "score", "label", "comment", "by")
_MAX_COMMENT = 10_000


async def record(call: HttpCall) -> Application:
    """Record a call that the caller made with a rendered prompt."""
    ref = await call.name(call.request.path_params["ref"])
    body = await read_object(call.request, call.service.bounds)
    check_fields(body, RECORD_FIELDS)
    answer = body.get("answer")
    if not isinstance(answer, (str, dict)):
        raise HttpProblem(
            400,
            "field",
            "answer is not a text or a completion",
            hint="send what the model said, or the whole answer of OpenAI's or Anthropic's API",
            parameter="answer",
        )
    user, tenant, key = (take_text(body, field) for field in ("user", "tenant", "key"))
    caller = make_caller(call.key, call.entry.request_id, user, tenant, key)
    made = MadeCall(
        await call.service.find(ref, key or user),
        answer,
        take_object(body, "inputs"),
        take_text(body, "model"),
        take_number(body, "seconds") or 0.0,
    )
    if made.seconds < 0:
        raise HttpProblem(400, "field", "seconds is negative", parameter="seconds")
    runner = await call.service.runner()
    run_id = await asyncio.to_thread(runner.record, made, caller)
    call.entry.run_id = run_id
    return answer_json({"schema": "promptops.record/v1", "id": run_id}, 201)


async def feedback(call: HttpCall) -> Application:
    """Record feedback on a run's answer."""
    body = await read_object(call.request, call.service.bounds)
    check_fields(body, FEEDBACK_FIELDS)
    run_id = take_text(body, "run")
    if run_id is None:
        raise HttpProblem(400, "field", "feedback needs a run", parameter="run")
    score = take_number(body, "score")
    label, by = take_text(body, "label"), take_text(body, "by")
    comment = take_text(body, "comment", longest=_MAX_COMMENT)
    runner = await call.service.runner()
    await asyncio.to_thread(_admit_run, call, run_id)
    call.entry.run_id = run_id
    give = partial(runner.feedback, run_id, score=score, label=label, comment=comment, by=by)
    await asyncio.to_thread(give)
    return answer_json({"schema": "promptops.feedback/v1", "run": run_id}, 201)


def _admit_run(call: HttpCall, run_id: str) -> None:
    """Refuse a run that the key could not have made, with the error for a missing run."""
    missing = HttpProblem(404, "not_found", "this key has no such run", parameter="run")
    try:
        run = call.service.registry.open_runner().find_run(run_id).run
    except (NotFoundError, UsageError):
        raise missing from None
    except LogError:
        raise HttpProblem(503, "log", "the run log is unreachable", hint="try again") from None
    scope = call.key.scope
    is_own = (
        run.id == run_id
        and run.prompt is not None
        and scope.shows(run.prompt)
        and scope.opens(run.environment or RELEASES)
        and scope.tenant in {None, run.tenant}
    )
    if not is_own:
        raise missing
