"""What a client is told of an error: never a path, a key or an address."""

from __future__ import annotations

import pytest

from promptops.errors import (
    InputError,
    IntegrityError,
    InvalidPromptError,
    PausedError,
    PromptNotFoundError,
    PromptopsError,
    SourceUnavailableError,
    TemplateError,
    UntrustedError,
    UsageError,
)
from promptops.runtime.guards.breaker import BreakerOpenError
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.models.model import ErrorKind, ModelError
from promptops.runtime.run.output import OutputError
from promptops.server.problems import HttpProblem, as_problem, missing_verb, not_found

SECRET = "/srv/prompts/secret"


def fail_model(message: str, kind: ErrorKind) -> ModelError:
    return ModelError(message, model=SECRET, kind=kind, is_sent=True)


def test_a_refusal_that_no_waiting_ends_says_what_is_missing() -> None:
    def told(guard: str, limit: int | None) -> tuple[str, str | None]:
        problem = as_problem(GuardError("spent 3 USD", guard=guard, limit=limit), 0.0)
        assert (problem.status, problem.kind) == (429, "limit")
        return problem.message, problem.hint

    assert told("guards.spend_per_day", 5) == (
        "the run exceeds a limit: guards.spend_per_day",
        None,
    )
    assert told("guards.spend_per_day", None) == (
        "what the run may cost cannot be bounded, and guards.spend_per_day is set",
        "tell the operator: the prompt needs max_tokens, and its model a price",
    )
    assert told("guards.ledger", None) == (
        "the limits cannot be checked: their ledger does not answer",
        "try again",
    )


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (PromptNotFoundError(SECRET), 404, "not_found"),
        (TemplateError(SECRET), 422, "template"),
        (IntegrityError(SECRET), 503, "integrity"),
        (UntrustedError(SECRET), 503, "integrity"),
        (InvalidPromptError(SECRET), 503, "integrity"),
        (SourceUnavailableError(SECRET), 503, "source"),
        (fail_model(SECRET, "timeout"), 504, "timeout"),
        (fail_model(SECRET, "status"), 502, "model"),
        (OutputError(SECRET, text=SECRET), 502, "output"),
        (PromptopsError(SECRET), 500, "internal"),
        (OSError(SECRET), 500, "internal"),
    ],
)
def test_what_an_operator_has_to_know_stays_in_the_log(
    error: Exception, status: int, kind: str
) -> None:
    problem = as_problem(error, 0.0)
    assert (problem.status, problem.kind) == (status, kind)
    assert SECRET not in str(problem.describe("r"))


@pytest.mark.parametrize(
    ("error", "status", "kind", "hint"),
    [
        (InputError("question is missing", hint="give it"), 422, "input", "give it"),
        (UsageError("'A' is no name", hint="write a"), 400, "usage", "write a"),
        (PausedError("a is paused: it shouts"), 423, "paused", None),
    ],
)
def test_what_the_client_can_change_is_told(
    error: PromptopsError, status: int, kind: str, hint: str | None
) -> None:
    problem = as_problem(error, 0.0)
    assert (problem.status, problem.kind) == (status, kind)
    assert (problem.message, problem.hint) == (error.message, hint)


@pytest.mark.parametrize(
    ("frees_at", "headers"),
    [
        (None, {"X-Should-Retry": "false"}),
        (99.0, {"Retry-After": "1"}),
        (100.2, {"Retry-After": "1"}),
        (160.0, {"Retry-After": "60"}),
        (160.1, {"Retry-After": "61", "X-Should-Retry": "false"}),
    ],
)
def test_a_wait_is_told_and_a_long_one_is_not_for_machines(
    frees_at: float | None, headers: dict[str, str]
) -> None:
    error = GuardError("x", guard="guards.calls_per_minute", limit=1, frees_at_seconds=frees_at)
    assert as_problem(error, 100.0).headers == headers


def test_a_model_that_is_paused_is_tried_again_later() -> None:
    problem = as_problem(BreakerOpenError("near/small", 130.0), 100.0)
    assert (problem.status, problem.kind) == (503, "model")
    assert problem.headers == {"Retry-After": "30"}
    assert "near/small" not in problem.message


def test_the_body_has_openais_form_and_says_which_run_it_was() -> None:
    error = fail_model("x", "status")
    error.run_id, error.stage = "run-1", "call"
    body = as_problem(error, 0.0).describe("r-7")["error"]
    assert (body["type"], body["code"]) == ("server_error", "model")
    assert (body["run_id"], body["stage"], body["request_id"]) == ("run-1", "call", "r-7")
    assert HttpProblem(400, "field", "x").describe("r")["error"]["type"] == "invalid_request_error"


def test_a_problem_is_its_own() -> None:
    problem = missing_verb("run")
    assert as_problem(problem, 0.0) is problem
    assert (problem.status, problem.message) == (403, "this key may not run")


def test_a_prompt_that_is_missing_is_told_like_one_that_is_hidden() -> None:
    missing = as_problem(PromptNotFoundError("none"), 0.0)
    assert missing.describe("r") == not_found().describe("r")
