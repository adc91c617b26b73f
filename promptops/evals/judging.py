"""Connect scorers with the judge prompt and the embedding model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from promptops.evals.question import QuestionPlace
from promptops.evals.scorers.scorer import ScorerError
from promptops.runtime.run.output import read_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.evals.asking import Asker
    from promptops.evals.scorers.scorer import Embed, ScorerQuestion
    from promptops.evals.tape import Tape, TapePlace
    from promptops.runtime.resolution import ResolvedPrompt


def open_judge(
    asker: Asker, loop: asyncio.AbstractEventLoop, resolved: ResolvedPrompt, model: str | None
) -> Callable[[Tape, TapePlace, int], Callable[[ScorerQuestion], Mapping[str, Any]]]:
    """Return a factory of judges: one for each trial, which scorers call in threads.

    Args:
        asker: asks the judge's model, with the run's tapes, cost limit and pace.
        loop: the event loop that the asker belongs to.
        resolved: the judge prompt.
        model: its model; None: its own.
    """

    def of_trial(
        tape: Tape, place: TapePlace, number: int
    ) -> Callable[[ScorerQuestion], Mapping[str, Any]]:
        def judge(question: ScorerQuestion) -> Mapping[str, Any]:
            return asyncio.run_coroutine_threadsafe(ask(question), loop).result()

        async def ask(question: ScorerQuestion) -> Mapping[str, Any]:
            inputs = {
                "task": question.task,
                "answer": question.answer,
                "criteria": list(question.criteria),
                "reference": question.reference,
            }
            at = QuestionPlace(tape, place._replace(model=model or resolved.model), number)
            asked = await asker.start(resolved, inputs, at)
            if asked.fault is not None:
                raise ScorerError(
                    f"the judge's reply does not match its schema: {asked.fault.message}"
                )
            data = read_data(asked.answer, resolved.output or {})
            if not isinstance(data, dict):
                raise ScorerError("the judge's reply is not a JSON object")
            return data

        return judge

    return of_trial


def open_embed(
    asker: Asker, loop: asyncio.AbstractEventLoop
) -> Callable[[Tape, TapePlace, int], Embed]:
    """Return a factory of embedding functions: one for each trial, called like a judge."""

    def of_trial(tape: Tape, place: TapePlace, number: int) -> Embed:
        def embed(texts: Sequence[str]) -> Sequence[Sequence[float]]:
            asking = asker.embed(texts, QuestionPlace(tape, place, number))
            return asyncio.run_coroutine_threadsafe(asking, loop).result()

        return embed

    return of_trial
