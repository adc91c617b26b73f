"""Asking for scenarios: in rounds that end, with what was wrong in the next question."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import ConfigurationError
from promptops.evals.asking import Asker
from promptops.evals.scenarios.asking import (
    DraftWriter,
    ScenarioCourse,
    ask_for_scenarios,
    check_writer,
    count_rounds,
    make_inputs,
)
from promptops.evals.scenarios.collection import ScenarioCollection
from tests.evals.pieces import MODEL, PlayedModels, make_answer, make_prompt, make_tools, resolve
from tests.evals.scenarios.pieces import WORDS, make_scenario

if TYPE_CHECKING:
    from promptops.runtime.models.model import Answer, Request

INPUTS = "{prompt: string, inputs: {type: object}, count: integer, problems: {type: array}}"
WRITER = resolve("writer", "{{ {'count': count, 'problems': problems} | tojson }}", inputs=INPUTS)
PROMPT = make_prompt()


def scenarios(*numbers: int) -> str:
    found = [make_scenario(f"s{number}", WORDS[number]) for number in numbers]
    return json.dumps({"scenarios": found})


def ask(
    answers: list[str], limit: int = 3, rounds: int = 9, cap: int | None = None
) -> tuple[ScenarioCourse, ScenarioCollection, list[dict[str, Any]]]:
    """Ask a model that gives these answers, the last one for ever; give what it was asked."""

    async def answer(_request: Request) -> Answer:
        return make_answer(answers.pop(0) if len(answers) > 1 else answers[0])

    models = PlayedModels(answer)
    collection, course = ScenarioCollection(PROMPT, limit), ScenarioCourse()
    asker = Asker(make_tools(models, cap=cap))
    writer = DraftWriter(WRITER, MODEL)
    asyncio.run(ask_for_scenarios(asker, writer, PROMPT, collection, course, rounds=rounds))
    return course, collection, [json.loads(one.messages[0]["content"]) for one in models.requests]


def test_rounds_are_enough_for_a_draft_and_some_more() -> None:
    assert [count_rounds(limit) for limit in (1, 20, 21, 100)] == [4, 4, 5, 8]


def test_asking_ends_after_two_rounds_without_anything_new() -> None:
    course, collection, asked = ask([scenarios(0), scenarios(1), scenarios(1)], limit=5)
    assert [one.new for one in course.rounds] == [1, 1, 0, 0]
    assert len(collection.choose()) == 2
    assert len(asked) == 4


def test_asking_ends_with_its_rounds() -> None:
    course, _, asked = ask([scenarios(number) for number in range(5)], rounds=2)
    assert [one.number for one in course.rounds] == [1, 2]
    assert len(asked) == 2


def test_an_answer_that_cannot_be_used_costs_a_round_and_is_named_in_the_next() -> None:
    bare = json.dumps({"scenarios": [make_scenario("s0", WORDS[0]), {"name": "bare"}]})
    course, _, asked = ask(["nonsense", bare, scenarios(1)], rounds=3)
    assert [bool(one.fault) for one in course.rounds] == [True, False, False]
    assert asked[0]["problems"] == []
    assert asked[1]["problems"] == [course.rounds[0].fault]
    assert asked[2]["problems"][0].startswith("'bare': ")


def test_no_more_are_asked_for_at_once_than_an_answer_holds() -> None:
    _, _, asked = ask([scenarios(0), scenarios(0)], limit=50, rounds=1)
    assert asked[0]["count"] == 20


def test_the_cap_stops_asking_and_keeps_what_is_there() -> None:
    # Some 220 micro-dollars are held for a round, of which 20 are spent.
    course, collection, asked = ask([scenarios(0), scenarios(1)], cap=250)
    assert 0 < len(asked) < 9
    assert len(collection.choose()) == min(len(asked), 2)
    assert course.error is not None
    assert course.stopped == course.error.message
    assert course.error.hint == "raise --max-cost; there is nothing to resume"


@pytest.mark.parametrize(
    ("inputs", "fault"),
    [
        ({"prompt": "string", "inputs": "object"}, "it has no input 'count'"),
        (
            {"prompt": "string", "inputs": "object", "count": "integer", "tone": "string"},
            "it requires an input 'tone'",
        ),
    ],
)
def test_a_prompt_for_something_else_is_refused(inputs: dict[str, str], fault: str) -> None:
    body = "".join(f"{{{{ {name} }}}}" for name in inputs)
    with pytest.raises(ConfigurationError, match=fault):
        check_writer(resolve("writer", body, inputs=json.dumps(inputs)))


def test_further_inputs_may_have_defaults() -> None:
    more = INPUTS.removesuffix("}") + ", tone: {type: string, default: kind}}"
    check_writer(
        resolve(
            "writer", "{{ prompt }}{{ inputs }}{{ count }}{{ problems }}{{ tone }}", inputs=more
        )
    )


def test_only_what_the_prompt_declares_is_given_to_it() -> None:
    long = [f"{number} {'x' * 100}" for number in range(150)]
    given = make_inputs(WRITER, PROMPT, 7, names=long, problems=long)
    assert sorted(given) == ["count", "inputs", "problems", "prompt"]
    assert (given["count"], given["prompt"]) == (7, "Answer {{ question }}")
    assert given["problems"] == long[:5]
    knowing = resolve(
        "writer",
        "{{ prompt }}{{ inputs }}{{ count }}{{ known }}",
        inputs=INPUTS.replace("problems", "known"),
    )
    known = make_inputs(knowing, PROMPT, 7, names=long)["known"]
    assert known == [name[:80] for name in long[:100]]
