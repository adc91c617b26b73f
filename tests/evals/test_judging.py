"""Scorers ask judges and embedding models of the run, from threads of their own."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.asking import Asker
from promptops.evals.judging import open_embed, open_judge
from promptops.evals.question import Mode
from promptops.evals.scorers.scorer import ScorerError, ScorerQuestion
from promptops.evals.tape import Tape
from tests.evals.pieces import MODEL, PlayedModels, make_answer, make_place, make_tools, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.runtime.models.model import Answer, Request

JUDGE = resolve(
    "judge",
    "{{ task }}|{{ answer }}|{{ criteria | join(';') }}|{{ reference }}",
    model="house/judge",
    inputs="{task: string, answer: string, criteria: {type: array}, reference: string}",
    output="{type: object, required: [criteria]}",
)
ANY_OUTPUT = resolve(
    "judge",
    "{{ task }}{{ answer }}{{ criteria }}{{ reference }}",
    inputs="{task: string, answer: string, criteria: {type: array}, reference: string}",
    output="{}",
)
QUESTION = ScorerQuestion("Be kind.", "Yes.", ("It is polite.", "It is short."), "Yes, please.")


def rule(models: PlayedModels, prompt: Any = JUDGE, model: str | None = None) -> Mapping[str, Any]:
    """Ask a judge about one answer, as a scorer in a thread does."""

    async def scenario() -> Mapping[str, Any]:
        tools = make_tools(models, mode=Mode.RECORD)
        opened = open_judge(Asker(tools), asyncio.get_running_loop(), prompt, model)
        judge = opened(tape, make_place().place, 3)
        return await asyncio.to_thread(judge, QUESTION)

    tape = Tape("a")
    found = asyncio.run(scenario())
    assert [(one.place.model, one.key.trial) for one in tape.all()] == [(model or prompt.model, 3)]
    return found


def reply(text: str) -> PlayedModels:
    async def answer(_request: Request) -> Answer:
        return make_answer(text)

    return PlayedModels(answer)


@pytest.mark.parametrize("model", [None, MODEL])
def test_a_judge_is_asked_with_the_question_and_recorded(model: str | None) -> None:
    rulings = {"criteria": [{"met": True}, {"met": False}]}
    models = reply(json.dumps(rulings))
    assert rule(models, model=model) == rulings
    (request,) = models.requests
    assert request.model == (model or "house/judge")
    assert request.messages[0]["content"] == (
        "Be kind.|Yes.|It is polite.;It is short.|Yes, please."
    )


def test_a_reply_that_does_not_match_its_schema_is_no_ruling() -> None:
    for text in ("yes", "{}"):
        with pytest.raises(ScorerError, match="the judge's reply does not match its schema"):
            rule(reply(text))


def test_a_reply_that_is_no_object_is_no_ruling() -> None:
    with pytest.raises(ScorerError, match="is not a JSON object"):
        rule(reply("[]"), ANY_OUTPUT)


def test_scorers_get_vectors_from_their_threads() -> None:
    class Embedder:
        def embed(self, texts: Sequence[str], *, deadline: float) -> list[list[float]]:
            assert deadline > 0
            return [[float(len(text))] for text in texts]

    async def scenario() -> Sequence[Sequence[float]]:
        embedder: Any = Embedder()
        tools = make_tools(PlayedModels(), embedder=("house/words", embedder))
        opened = open_embed(Asker(tools), asyncio.get_running_loop())
        return await asyncio.to_thread(opened(Tape("a"), make_place().place, 1), ["a", "bc"])

    assert asyncio.run(scenario()) == [[1.0], [2.0]]
