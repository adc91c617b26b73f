"""Asking for a trial: one question, a conversation, embeddings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.asking import Asker
from promptops.evals.question import Mode
from promptops.evals.tape import MissingError, Tape
from promptops.runtime.models.model import ModelError
from tests.evals.pieces import MODEL, PlayedModels, make_answer, make_place, make_tools, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.runtime.models.model import Answer, Request

ASK = resolve(fallbacks="[house/spare]")


async def refuse(request: Request) -> Answer:
    """Answer as the models that are not out."""
    if request.model != "house/spare":
        raise ModelError("it is out", model=request.model, kind="status", status=404, is_sent=True)
    return make_answer("spare")


def test_the_model_of_the_place_is_asked_alone() -> None:
    models = PlayedModels()
    other = resolve(model="house/other", fallbacks="[house/spare]")
    asked = asyncio.run(Asker(make_tools(models)).start(other, {"question": "Why?"}, make_place()))
    (request,) = models.requests
    assert (request.model, request.messages[0]["content"]) == (MODEL, "Answer Why?")
    assert request.parameters["max_tokens"] == 50
    assert (asked.model, asked.answer.text, asked.is_degraded) == (MODEL, MODEL, False)


def test_a_prompt_that_is_followed_has_its_fallbacks() -> None:
    place = make_place()._replace(follows=True)
    asker = Asker(make_tools(PlayedModels(refuse)))
    asked = asyncio.run(asker.start(ASK, {"question": "Why?"}, place))
    assert (asked.answer.text, asked.model, asked.is_degraded) == ("spare", "house/spare", True)


def test_where_all_are_out_the_error_names_each() -> None:
    async def be_out(request: Request) -> Answer:
        error = f"{request.model} is out"
        raise ModelError(error, model=request.model, kind="status", status=404, is_sent=True)

    place = make_place()._replace(follows=True)
    with pytest.raises(ModelError) as raised:
        asyncio.run(Asker(make_tools(PlayedModels(be_out))).start(ASK, {"question": "Why?"}, place))
    assert raised.value.message == "house/one is out; house/spare is out"


def test_an_answer_that_does_not_fit_is_an_answer_with_a_fault() -> None:
    strict = resolve(output="{type: object}")
    asker = Asker(make_tools(PlayedModels()))
    asked = asyncio.run(asker.start(strict, {"question": "Why?"}, make_place()))
    assert asked.fault is not None
    assert asked.answer.text == MODEL


def test_a_conversation_goes_on_with_the_model_that_answered() -> None:
    async def scenario() -> None:
        asker = Asker(make_tools(models))
        place = make_place()._replace(follows=True)
        first = await asker.start(ASK, {"question": "Why?"}, place)
        asked = len(models.requests)
        said = [*first.messages, {"role": "user", "content": "And?"}]
        second = await asker.go_on(first, said, place)
        assert (second.model, second.answer.text) == ("house/spare", "spare")
        assert [one.model for one in models.requests[asked:]] == ["house/spare"]

    models = PlayedModels(refuse)
    asyncio.run(scenario())
    assert [one["content"] for one in models.requests[-1].messages] == ["Answer Why?", "And?"]


class PlayedEmbedder:
    """Gives each text a vector of its length."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    def embed(self, texts: Sequence[str], *, deadline: float) -> list[list[float]]:
        assert deadline > 0
        self.asked.append(texts)
        return [[float(len(text))] for text in texts]


def test_vectors_are_recorded_and_replayed_like_answers() -> None:
    embedder: Any = PlayedEmbedder()
    tape = Tape("a")

    def embed(mode: Mode, texts: Sequence[str]) -> list[list[float]]:
        tools = make_tools(PlayedModels(), mode=mode, embedder=("house/words", embedder))
        return asyncio.run(Asker(tools).embed(texts, make_place(tape=tape)))

    assert embed(Mode.RECORD, ["a", "bcd"]) == [[1.0], [3.0]]
    assert embed(Mode.REPLAY, ["a", "bcd"]) == [[1.0], [3.0]]
    assert embedder.asked == [["a", "bcd"]]
    with pytest.raises(MissingError):
        embed(Mode.REPLAY, ["a"])


def test_embeddings_are_paid_by_their_texts_even_if_they_fail() -> None:
    class Broken(PlayedEmbedder):
        def embed(self, texts: Sequence[str], *, deadline: float) -> list[list[float]]:
            super().embed(texts, deadline=deadline)
            raise ModelError(
                "it is out", model="house/words", kind="status", status=404, is_sent=True
            )

    embedder: Any = Broken()
    tools = make_tools(PlayedModels(), cap=1_000, embedder=("house/words", embedder))
    with pytest.raises(ModelError):
        asyncio.run(Asker(tools).embed(["some words"], make_place()))
    assert 0 < tools.cost_cap.spent < 100
