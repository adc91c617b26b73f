"""What becomes of an answer: repairs, fixed replies, escalation and review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.runtime.models.model import ModelError
from promptops.runtime.run.output import OutputError
from promptops.runtime.run.steps import total_cost, total_usage
from tests.runtime.log.pieces import make_attempt, make_run
from tests.runtime.run.pieces import OUTPUT, logged, write
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.runtime.log.record import AttemptRecord
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


GOOD = '{"topic": "bug"}'
SORRY = "Sorry, later."
ESCALATED = """escalate: {when: "'?' in output", model: far/large}
review: {when: "output | length < 4"}
"""


def test_an_unsure_answer_is_asked_of_the_stronger_model(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "e", ESCALATED)
    near.reply(text="Perhaps?")
    far.reply(text="Surely.")
    run = registry.run("e@working", {"text": "x"})
    assert (run.text, run.model, len(run.attempts)) == ("Surely.", "far/large", 2)
    assert run.decisions[-1].rule == "escalate"
    near.reply(text="Certainly.")
    assert registry.run("e@working", {"text": "x"}).model == "near/small"


def test_the_first_answer_stands_where_the_stronger_model_fails(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "e", ESCALATED)
    near.reply(text="Perhaps?")
    far.always(status=400)
    run = registry.run("e@working", {"text": "x"})
    assert (run.text, run.model, run.is_degraded) == ("Perhaps?", "near/small", True)
    assert run.decisions[-1].why == snapshot(
        "the first answer is kept: far/large: the provider refused the request (400): refused"
    )


def test_a_stream_holds_back_what_may_be_replaced(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "e", ESCALATED)
    near.reply(text="Perhaps?")
    far.reply(text="Surely.")
    pieces = list(registry.stream("e@working", {"text": "x"}))
    assert "".join(piece.text for piece in pieces) == "Surely."


def test_an_answer_is_queued_for_a_person(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "e", ESCALATED)
    near.reply(text="Hm.")
    run = registry.run("e@working", {"text": "x"})
    (review,) = logged(team, run.id).reviews
    assert (review.status, review.why) == ("open", "output | length < 4")
    assert run.decisions[-1].rule == "review"


def test_a_condition_that_cannot_be_judged_asks_a_person(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "e", 'review: {when: "output.score < 1"}\n')
    near.reply(text="Hm.")
    run = registry.run("e@working", {"text": "x"})
    assert run.decisions[-1].why == snapshot(
        "output.score < 1 cannot be evaluated: `str object` has no attribute `score`"
    )
    assert len(logged(team, run.id).reviews) == 1


def test_an_invalid_answer_is_corrected_once(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.reply(text="A bug, I think.")
    near.reply(text=GOOD)
    run = registry.run("c@working", {"text": "x"})
    assert run.data == {"topic": "bug"}
    assert [one.rule for one in run.decisions] == ["repair"]
    assert run.cost_micros == 50
    asked = near.requests[1].json["messages"]
    assert [one["role"] for one in asked] == ["user", "assistant", "user"]
    assert masked(asked[1]["content"]) == snapshot("A bug, I think.")
    assert asked[2]["content"] == snapshot("""\
That answer cannot be used: the answer is not JSON: Expecting value: line 1 column 1 (char 0).
Give the whole answer again, as JSON alone that is valid under this JSON Schema:
{"type": "object", "required": ["topic"], "properties": {"topic": {"enum": ["billing", "bug"]}}}\
""")


@pytest.mark.parametrize("half", [r"\ud83d", r"\uDE00", r"\ude00\ud83d"])
def test_half_a_character_is_corrected_too(
    registry: Registry, team: Repo, near: Provider, half: str
) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.reply(text=f'{{"topic": "bug{half}"}}')
    near.reply(text=GOOD)
    run = registry.run("c@working", {"text": "x"})
    assert run.data == {"topic": "bug"}
    assert "half of a character" in near.requests[1].json["messages"][2]["content"]


def test_repairs_end(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.always(text="A bug.")
    with pytest.raises(OutputError) as caught:
        registry.run("c@working", {"text": "x"})
    assert caught.value.stage == "parse"
    assert len(near.requests) == 2


def test_what_was_cut_short_is_not_repaired(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.reply(text=GOOD, finish="length")
    with pytest.raises(OutputError):
        registry.run("c@working", {"text": "x"})
    assert len(near.requests) == 1


def test_a_stream_holds_back_what_may_be_corrected(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"{OUTPUT}repair: 1\n")
    near.reply(text="A bug.")
    near.reply(text=GOOD)
    pieces = list(registry.stream("c@working", {"text": "x"}))
    assert "".join(piece.text for piece in pieces) == GOOD


def test_a_fixed_reply_answers_when_no_model_does(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "c", f"reply: {SORRY}\n")
    near.always(status=503)
    far.always(status=503)
    run = registry.run("c@working", {"text": "x"})
    assert (run.text, run.model, run.is_degraded) == (SORRY, None, True)
    assert run.decisions[-1].rule == "reply"
    entry = logged(team, run.id)
    assert (entry.run.status, entry.run.is_degraded, len(entry.attempts)) == ("succeeded", True, 6)


def test_a_fixed_reply_keeps_the_promise(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "c", f"{OUTPUT}reply: {{topic: bug}}\n")
    near.always(text="no JSON")
    run = registry.run("c@working", {"text": "x"})
    assert (run.data, run.text) == ({"topic": "bug"}, GOOD)


@pytest.mark.slow
def test_a_limit_is_no_reason_for_a_fixed_reply(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"reply: {SORRY}\n")
    near.always(text="Yes.")
    for _ in range(20):
        registry.run("c@working", {"text": "same"})
    with pytest.raises(promptops.GuardError):
        registry.run("c@working", {"text": "same"})


def test_a_fixed_reply_does_not_follow_half_an_answer(
    registry: Registry, team: Repo, near: Provider
) -> None:
    write(team, "c", f"reply: {SORRY}\n")
    near.reply(text="One two three.", drop="body")
    said: list[str] = []
    with pytest.raises(ModelError):
        said.extend(piece.text for piece in registry.stream("c@working", {"text": "x"}))
    assert SORRY not in "".join(said)


def attempts(*costs: int | None) -> list[AttemptRecord]:
    return [make_attempt(make_run(), cost_micros=cost) for cost in costs]


@pytest.mark.parametrize(
    ("costs", "total"), [((), 0), ((0, 25), 25), ((25, None), None), ((None,), None)]
)
def test_a_run_costs_what_all_attempts_cost_or_nobody_knows(
    costs: tuple[int | None, ...], total: int | None
) -> None:
    assert total_cost(attempts(*costs)) == total


def used(tokens: int | None, source: str = "measured", error: str | None = None) -> AttemptRecord:
    return make_attempt(
        make_run(), input_tokens=tokens, output_tokens=tokens, usage_source=source, error=error
    )


@pytest.mark.parametrize(
    ("records", "tokens", "source"),
    [
        ([], 0, "measured"),
        ([used(None, error="no")], 0, "measured"),
        ([used(3), used(4)], 7, "measured"),
        ([used(3), used(9, error="no")], 3, "measured"),
        ([used(3), used(4, "estimated")], 7, "estimated"),
        ([used(3), used(None, "unknown")], None, "unknown"),
    ],
)
def test_a_run_used_what_its_answers_used_or_nobody_knows(
    records: list[AttemptRecord], tokens: int | None, source: str
) -> None:
    usage = total_usage(records)
    assert (usage.input_tokens, usage.output_tokens, usage.source) == (tokens, tokens, source)
