"""A question that an eval asks: where it belongs, what asking it needs, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.evals.trial_log import EVAL
from promptops.runtime.run.course import RunLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.evals.cap import CostCap
    from promptops.evals.pace import Pace
    from promptops.evals.tape import Journal, Tape, TapePlace
    from promptops.evals.trial_log import TrialLog
    from promptops.repository.prices import Prices
    from promptops.runtime.guards.guard import Guards
    from promptops.runtime.models import Models
    from promptops.runtime.models.embedding import Embedder
    from promptops.runtime.models.model import Answer
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.output import OutputError
    from promptops.runtime.safety.safety import Safety

# Wait for rate limits to end, because no user waits for an eval's answer.
LIMITS = RunLimits(call_seconds=120.0, run_seconds=600.0, retries=4)


class Mode(StrEnum):
    """The possible sources of answers.

    LIVE asks models. RECORD does too, and writes the answers to a cassette. REPLAY only reads
    cassettes.
    """

    LIVE = "live"
    RECORD = "record"
    REPLAY = "replay"


class Asked(NamedTuple):
    """The result of asking once.

    Attributes:
        answer: the model's answer.
        fault: why the answer does not fit the prompt's output schema; None if it does.
        latency_seconds: the duration of the call that returned the answer.
        cost_micros: its cost, in micro-dollars; None if unknown.
        is_replayed: whether the answer was recorded before.
        resolved: the prompt that ran, after its routes.
        messages: the request's messages.
        models: the models to ask, in order.
        model: the model that answered.
        is_degraded: whether a model other than the first choice answered.
    """

    answer: Answer
    fault: OutputError | None
    latency_seconds: float
    cost_micros: int | None
    is_replayed: bool
    resolved: ResolvedPrompt
    messages: Sequence[Mapping[str, Any]]
    models: Sequence[str]
    model: str
    is_degraded: bool = False


class QuestionPlace(NamedTuple):
    """The place of a question: sample, side and trial.

    Attributes:
        tape: the recorded answers, to which new ones are added.
        place: the sample, model and side.
        trial: the number of the trial, from 1.
        follows: whether the models are chosen as in production: by routes and candidates, with
            fallbacks and escalation. Otherwise only the place's model is asked.
    """

    tape: Tape
    place: TapePlace
    trial: int
    follows: bool = False


@dataclass(frozen=True, slots=True)
class AskingTools:
    """Everything that asking needs.

    Attributes:
        models: the models.
        prices: their prices.
        cost_cap: the cost limit.
        pace: the limit on concurrent trials.
        journal: stores answers until the run is done.
        mode: the source of answers.
        stand_in: a model that answers instead of every other one; None: no replacement.
        find: resolves the ref in a prompt's route.
        guards: the limits of the environment `eval`, or None.
        name: the run's name in the ledger.
        embedder: name and model for embeddings, or None.
        safety: the safety measures for messages, or None.
        allows: whether the prompt at a path below the prompts folder may use a model.
        log: the run log for trials, or None.
    """

    models: Models
    prices: Prices
    cost_cap: CostCap
    pace: Pace
    journal: Journal
    mode: Mode = Mode.LIVE
    stand_in: str | None = None
    find: Callable[[str], ResolvedPrompt] | None = None
    guards: Guards | None = None
    name: str = EVAL
    embedder: tuple[str, Embedder] | None = None
    safety: Safety | None = None
    allows: Callable[[str, str], bool] = lambda _model, _path: True
    log: TrialLog | None = None
