"""Ask a model for scenarios, in a bounded number of rounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import ConfigurationError, PromptopsError
from promptops.evals.cap import CapError, CapReachedError
from promptops.evals.question import QuestionPlace
from promptops.evals.scenarios.collection import ANSWER, describe_inputs, describe_refused
from promptops.evals.tape import Tape, TapePlace
from promptops.prompt.inputs import input_schemas
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.models.model import ModelError
from promptops.runtime.run.output import OutputError, read_data

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.evals.asking import Asker
    from promptops.evals.question import Asked
    from promptops.evals.scenarios.collection import ScenarioCollection
    from promptops.prompt.prompt import Prompt
    from promptops.runtime.resolution import ResolvedPrompt

MAX_BATCH = 20
"""The maximum number of scenarios in one question."""
_SPARE_ROUNDS = 3
# Stop after this many rounds in a row without new scenarios.
_MAX_IDLE = 2
_MAX_NAMES = 100
_MAX_NAME = 80
_MAX_PROBLEMS = 5
_REQUIRED = ("prompt", "inputs", "count")
_OPTIONAL = ("known", "categories", "problems")


class DraftWriter(NamedTuple):
    """The prompt and model that write a draft.

    Attributes:
        resolved: the scenario prompt.
        model: the model to ask.
    """

    resolved: ResolvedPrompt
    model: str


class ScenarioRound(NamedTuple):
    """The result of one round.

    Attributes:
        number: the number of the round, from 1.
        asked: the number of requested scenarios.
        new: the number of new scenarios.
        fault: why the answer could not be used; "" if it could.
    """

    number: int
    asked: int
    new: int
    fault: str = ""


@dataclass(slots=True)
class ScenarioCourse:
    """The progress of asking.

    Attributes:
        rounds: the result of each round.
        served: the models that answered, by the provider's names.
        stopped: why it ended early; "" if it did not.
        error: the error that ended it, or None.
    """

    rounds: list[ScenarioRound] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    stopped: str = ""
    error: PromptopsError | None = None


def count_rounds(limit: int) -> int:
    """Return the maximum number of questions for a draft of `limit` scenarios."""
    return -(-limit // MAX_BATCH) + _SPARE_ROUNDS


def check_writer(resolved: ResolvedPrompt) -> None:
    """Raise an error if a prompt cannot be used as a scenario prompt.

    Raises:
        ConfigurationError: it lacks a required input, or requires others.
    """
    schemas = input_schemas(resolved.inputs)
    lacking = [name for name in _REQUIRED if name not in schemas]
    unknown = [
        name
        for name, schema in schemas.items()
        if name not in {*_REQUIRED, *_OPTIONAL} and "default" not in schema
    ]
    if lacking or unknown:
        what = f"has no input '{lacking[0]}'" if lacking else f"requires an input '{unknown[0]}'"
        raise ConfigurationError(
            f"{resolved.name} is not a scenario prompt: it {what}",
            hint="see docs/evals.md for the inputs and output of a scenario prompt",
        )


def make_inputs(
    writer: ResolvedPrompt,
    prompt: Prompt,
    count: int,
    *,
    names: Sequence[str] = (),
    categories: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the inputs of one question; those that the scenario prompt does not declare are
    omitted.
    """
    given: dict[str, Any] = {
        "prompt": prompt.closure.document.body.strip(),
        "inputs": input_schemas(prompt.inputs),
        "count": count,
        "known": [name[:_MAX_NAME] for name in names[:_MAX_NAMES]],
        "categories": list(categories),
        "problems": list(problems[:_MAX_PROBLEMS]),
    }
    return {name: given[name] for name in input_schemas(writer.inputs) if name in given}


async def ask_for_scenarios(
    asker: Asker,
    writer: DraftWriter,
    prompt: Prompt,
    collection: ScenarioCollection,
    course: ScenarioCourse,
    *,
    rounds: int,
    embeds: bool = False,
    on_round: Callable[[ScenarioRound], None] = lambda _result: None,
) -> None:
    """Ask until the collection is complete or no rounds are left.

    An unusable answer uses up a round, and the next question says what was wrong. The cost cap, a
    guard or a failing model stops the asking; earlier scenarios are kept.

    Args:
        asker: asks the model.
        writer: the scenario prompt and the model.
        prompt: the prompt under test.
        collection: receives the scenarios.
        course: receives the result of each round.
        rounds: the maximum number of questions.
        embeds: whether to also find duplicates by the embedding model.
        on_round: called after each round.
    """
    batch, idle, fault = MAX_BATCH, 0, ""
    for number in range(1, rounds + 1):
        if not collection.wanted or idle == _MAX_IDLE:
            break
        count = min(collection.wanted, batch)
        problems = [fault] if fault else []
        problems += describe_refused(collection.refused[::-1])
        inputs = make_inputs(
            writer.resolved,
            prompt,
            count,
            names=collection.names,
            categories=collection.missing,
            problems=problems,
        )
        place = QuestionPlace(
            Tape("scenarios"), TapePlace(f"round {number}", writer.model, ""), number
        )
        fault = ""
        try:
            asked = await asker.start(writer.resolved, inputs, place)
            name = asked.answer.served_model or writer.model
            course.served += [] if name in course.served else [name]
            good = collection.check(_read(asked))
            vectors = None
            if embeds and good:
                vectors = await asker.embed([describe_inputs(one) for one in good], place)
            new = collection.add(good, vectors)
        except OutputError as error:
            fault, new = error.message[:500], 0
            if error.hint is not None:  # the answer was cut off: ask for fewer
                batch = max(1, count // 2)
        except (CapError, GuardError, ModelError) as error:
            course.stopped, course.error = error.message, error
            if isinstance(error, CapReachedError):
                error.hint = "raise --max-cost; there is nothing to resume"
            return
        idle = 0 if new else idle + 1
        course.rounds.append(ScenarioRound(number, count, new, fault))
        on_round(course.rounds[-1])


def _read(asked: Asked) -> list[object]:
    """Return the scenarios of an answer. Raises OutputError if the answer is malformed.

    The prompt's output schema is not used, because one bad scenario would invalidate all.
    """
    found = read_data(asked.answer, ANSWER)
    assert isinstance(found, dict)  # noqa: S101 - the schema says so
    scenarios: list[object] = found["scenarios"]
    return scenarios
