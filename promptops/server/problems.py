"""Errors for clients: an HTTP status and a JSON body in the form of OpenAI's errors.

They never name a path, a key or an address; the log has the details under the request's id. A
missing prompt and one that the key may not see give the same error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from promptops.errors import (
    InputError,
    IntegrityError,
    InvalidPromptError,
    NotFoundError,
    PausedError,
    PromptopsError,
    SourceUnavailableError,
    TemplateError,
    UntrustedError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# Longer waits are not useful for clients that wait automatically.
_MAX_WAIT_SECONDS = 60


class HttpProblem(Exception):  # noqa: N818 - the word of RFC 9457; not every one is an error of ours
    """The refusal of a request.

    Attributes:
        status: the HTTP status.
        kind: the error code, such as `not_found`.
        message: the message.
        hint: what to do, or None.
        parameter: the faulty field of the body, or None.
        headers: further headers of the answer.
        stage: the stage of the run; None without a run.
        run_id: the id of the run; None without a run.
        page: a page of the documentation about it, or None.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        hint: str | None = None,
        parameter: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.hint = hint
        self.parameter = parameter
        self.headers = dict(headers or {})
        self.stage: str | None = None
        self.run_id: str | None = None
        self.page: str | None = None

    def describe(self, request_id: str) -> dict[str, Any]:
        """Return the body of the answer."""
        error = {
            "message": self.message,
            "type": "invalid_request_error" if self.status < 500 else "server_error",
            "param": self.parameter,
            "code": self.kind,
            "hint": self.hint,
            "stage": self.stage,
            "run_id": self.run_id,
            "request_id": request_id,
            "documentation": self.page,
        }
        return {"error": error}


def missing_verb(verb: str) -> HttpProblem:
    """Return the problem of a key that lacks a verb."""
    return HttpProblem(
        403,
        "scope",
        f"this key may not {verb}",
        hint=f"ask for a key with that verb: promptops serve keys add NAME --verb {verb}",
    )


def not_found() -> HttpProblem:
    """Return the problem of a prompt that is missing or not visible for this key."""
    return HttpProblem(
        404,
        "not_found",
        "this key has no such prompt",
        hint="check name and selector; with the verb read, GET /v1/prompts lists what there is",
    )


def as_problem(error: Exception, now: float) -> HttpProblem:
    """Return the problem for an exception.

    Args:
        error: the exception.
        now: the seconds since 1970, to compute waits.
    """
    if isinstance(error, HttpProblem):
        return error
    problem = _translate(error, now)
    if isinstance(error, PromptopsError):
        problem.stage, problem.run_id = error.stage, error.run_id
        # A missing prompt and one that the key may not see give the same error.
        problem.page = None if problem.kind == "not_found" else error.page
    return problem


def _translate(error: Exception, now: float) -> HttpProblem:
    if isinstance(error, NotFoundError):
        return not_found()
    if isinstance(error, InputError):
        return HttpProblem(422, "input", error.message, hint=error.hint, parameter="inputs")
    if isinstance(error, TemplateError):
        message = "the prompt cannot be rendered with these inputs"
        return HttpProblem(422, "template", message, hint="see the service's log")
    if isinstance(error, PausedError):
        return HttpProblem(423, "paused", error.message)
    if isinstance(error, UsageError):
        return HttpProblem(400, "usage", error.message, hint=error.hint)
    if isinstance(error, (IntegrityError, UntrustedError, InvalidPromptError)):
        message = "the prompt is refused: its content is not what was released or signed"
        return HttpProblem(
            503, "integrity", message, hint="report it to the operator of the service"
        )
    if isinstance(error, SourceUnavailableError):
        return HttpProblem(503, "source", "the source of prompts is unreachable", hint="try again")
    return _translate_run(error, now)


def _translate_run(error: Exception, now: float) -> HttpProblem:
    """Return the problem for an exception of a run."""
    from promptops.runtime.guards.breaker import BreakerOpenError
    from promptops.runtime.guards.refusal import GuardError
    from promptops.runtime.models.model import ModelError
    from promptops.runtime.run.output import OutputError

    if isinstance(error, GuardError):
        headers = _wait(error.frees_at_seconds, now)
        if error.guard == "guards.ledger":
            message, hint = (
                "the limits cannot be checked: their ledger does not answer",
                "try again",
            )
        elif error.limit is None:
            message = f"what the run may cost cannot be bounded, and {error.guard} is set"
            hint = "tell the operator: the prompt needs max_tokens, and its model a price"
        else:
            message, hint = f"the run exceeds a limit: {error.guard}", None
        return HttpProblem(429, "limit", message, hint=hint, headers=headers)
    if isinstance(error, BreakerOpenError):
        headers = _wait(error.frees_at_seconds, now)
        return HttpProblem(
            503, "model", "the model failed too often and is paused", headers=headers
        )
    if isinstance(error, ModelError):
        if error.kind == "timeout":
            return HttpProblem(504, "timeout", "the model did not answer in time")
        return HttpProblem(502, "model", "the model did not answer")
    if isinstance(error, OutputError):
        return HttpProblem(502, "output", "the model's answer does not match the prompt's output")
    message = "internal error"
    return HttpProblem(500, "internal", message, hint="see the log under the request's id")


def _wait(until: float | None, now: float) -> dict[str, str]:
    """Return headers that say when to retry."""
    if until is None:
        return {"X-Should-Retry": "false"}
    seconds = max(math.ceil(until - now), 1)
    headers = {"Retry-After": str(seconds)}
    if seconds > _MAX_WAIT_SECONDS:
        # The header that OpenAI's clients read.
        headers["X-Should-Retry"] = "false"
    return headers
