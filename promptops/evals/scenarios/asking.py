"""Ask a model for scenarios, in a bounded number of rounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import ConfigurationError, PromptopsError
from promptops.evals.asking import QuestionPlace
from promptops.evals.cap import CapError, CapReachedError
from promptops.evals.scenarios.collection import ANSWER, describe_inputs, describe_refused
from promptops.evals.tape import Tape, TapePlace
from promptops.prompt.inputs import input_schemas
from promptops.runtime.guards.refusal import GuardError
from promptops.runtime.models.model import ModelError
from promptops.runtime.run.output import OutputError, read_data

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.evals.asking import Asked, Asker
    from promptops.evals.scenarios.collection import ScenarioCollection
    from promptops.prompt.prompt import Prompt
    from promptops.runtime.resolution import ResolvedPrompt

MAX_BATCH = 20
"""How many scenarios one question may ask for."""
_SPARE_ROUNDS = 3
# So many rounds in a row that bring nothing new end the asking.
_MAX_IDLE = 2
_MAX_NAMES = 100
_MAX_NAME = 80
_MAX_PROBLEMS = 5
_REQUIRED = ("prompt", "inputs", "count")
_OPTIONAL = ("known", "categories", "problems")


class DraftWriter(NamedTuple):
    """Who writes a draft.

    Attributes:
        resolved: the prompt that asks for it.
        model: the model that is asked.
    """

    resolved: ResolvedPrompt
    model: str


class ScenarioRound(NamedTuple):
    """What one round brought.

    Attributes:
        number: from 1.
        asked: how many scenarios were asked for.
        new: how many were kept.
        fault: why the answer could not be used; empty: it could.
    """

    number: int
    asked: int
    new: int
    fault: str = ""


@dataclass(slots=True)
class ScenarioCourse:
    """The progress of asking.

    Attributes:
        rounds: what each round brought.
        served: the models that answered, by the provider's names.
        stopped: why it ended early; empty: it did not.
        error: the error that ended it; None: there was none.
    """

    rounds: list[ScenarioRound] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    stopped: str = ""
    error: PromptopsError | None = None


def count_rounds(limit: int) -> int:
    """Return how many questions a draft of `limit` scenarios may take."""
    return -(-limit // MAX_BATCH) + _SPARE_ROUNDS


def check_writer(resolved: ResolvedPrompt) -> None:
    """Refuse a prompt that cannot be a scenario prompt.

    Raises:
        ConfigurationError: it lacks an input, or requires others.
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
    """Return the inputs of one question, as far as the scenario prompt declares them."""
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
    tell: Callable[[ScenarioRound], None] = lambda _result: None,
) -> None:
    """Ask until the collection has what is wanted, or the rounds are over.

    An answer that cannot be used costs a round, and the next question says what was wrong. The cap,
    a guard or a model that fails ends the asking; what came before stays.

    Args:
        asker: asks the model.
        writer: the scenario prompt and the model.
        prompt: the prompt under test.
        collection: takes the scenarios.
        course: takes what each round brought.
        rounds: how many questions there may be.
        embeds: whether repeats are also found by the embedding model.
        tell: is called after each round.
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
            if error.hint is not None:  # it was cut off: ask for less
                batch = max(1, count // 2)
        except (CapError, GuardError, ModelError) as error:
            course.stopped, course.error = error.message, error
            if isinstance(error, CapReachedError):
                error.hint = "raise --max-cost; there is nothing to resume"
            return
        idle = 0 if new else idle + 1
        course.rounds.append(ScenarioRound(number, count, new, fault))
        tell(course.rounds[-1])


def _read(asked: Asked) -> list[object]:
    """Return the scenarios of an answer. Raises OutputError if it is not in form.

    The prompt's own output schema is not asked: one bad scenario would cost all others.
    """
    found = read_data(asked.answer, ANSWER)
    assert isinstance(found, dict)  # noqa: S101 - the schema says so
    scenarios: list[object] = found["scenarios"]
    return scenarios
