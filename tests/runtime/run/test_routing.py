"""Which prompt and which model answer: shares, routes, [models] allow, escalation, review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.errors import PausedError, RefusedError, UsageError
from promptops.runtime.models.model import ModelError
from tests.released import Press
from tests.runtime.run.pieces import PROMPT, logged

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


def write(team: Repo, name: str, more: str) -> None:
    team.write(f"prompts/{name}.md", PROMPT.format(more=more))


def test_a_route_chooses_the_model(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "r", """routes: [{when: "text | length > 5", model: far/large}]\n""")
    far.always(text="Far.")
    near.always(text="Near.")
    run = registry.run("r@working", {"text": "long enough"})
    assert (run.text, run.model, run.is_degraded) == ("Far.", "far/large", False)
    assert [(one.rule, one.why) for one in run.decisions] == [
        ("route", "model far/large, since text | length > 5")
    ]
    assert registry.run("r@working", {"text": "x"}).text == "Near."


def test_a_routed_model_has_the_fallbacks_after_it(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "r", """routes: [{when: "true", model: near/other}]\n""")
    near.always(status=404)
    far.always(text="Far.")
    run = registry.run("r@working", {"text": "x"})
    assert (run.text, run.is_degraded) == ("Far.", True)


def test_a_fixed_reply_asks_nobody(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "r", """routes: [{when: "text == ''", reply: Please say something.}]\n""")
    run = registry.run("r@working", {"text": ""})
    assert (run.text, run.model, run.cost_micros) == ("Please say something.", None, 0)
    assert near.requests == []
    assert logged(team, run.id).run.answer == "Please say something."
    assert registry.plan("r@working", {"text": ""}).reply == "Please say something."
    pieces = list(registry.stream("r@working", {"text": ""}))
    assert "".join(piece.text for piece in pieces) == "Please say something."


def test_a_route_leads_to_another_prompt(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "r", """routes: [{when: "'refund' in text", prompt: special}]\n""")
    team.write("prompts/special.md", PROMPT.format(more="").replace("Sum up", "Pay back"))
    near.always(text="Done.")
    run = registry.run("r@working", {"text": "refund"})
    assert run.prompt.name == "special"
    assert near.requests[0].json["messages"][0]["content"] == "Pay back: refund"
    entry = logged(team, run.id)
    assert (entry.run.ref, entry.run.prompt) == ("r@working", "special")


def test_routes_that_never_end_are_refused(registry: Registry, team: Repo, near: Provider) -> None:
    write(team, "r", """routes: [{when: "true", prompt: s}]\n""")
    write(team, "s", """routes: [{when: "true", prompt: r}]\n""")
    with pytest.raises(RefusedError, match="form a cycle: r -> s -> r") as caught:
        registry.run("r@working", {"text": "x"})
    assert caught.value.stage == "resolve"
    assert near.requests == []


def publish(team: Repo, routing: str = "special") -> Press:
    press = Press(team)
    model, inputs = "near/small", "{question: string}"
    route = f"""[{{when: "true", prompt: {routing}}}]"""
    press.release("r", "1.0.0", model=model, inputs=inputs, routes=route)
    press.release("special", "1.0.0", model=model, inputs=inputs)
    press.release("special", "2.0.0", model=model, inputs=inputs)
    return press


def test_a_routed_prompt_is_the_one_of_the_same_deployment(team: Repo, near: Provider) -> None:
    press = publish(team)
    press.deploy("production", {"r": "1.0.0", "special": "1.0.0"})
    with promptops.open(team.path) as registry:
        run = registry.run("r", {"question": "x"})
    assert (run.prompt.name, run.prompt.version) == ("special", "1.0.0")
    assert run.prompt.environment == "production"


def test_an_exact_version_does_not_say_where_its_routes_lead(team: Repo) -> None:
    publish(team)
    with (
        promptops.open(team.path) as registry,
        pytest.raises(UsageError, match="has no environment"),
    ):
        registry.run("r@1.0.0", {"question": "x"})


def test_a_caller_stays_with_one_version_while_traffic_is_split(team: Repo, near: Provider) -> None:
    press = publish(team)
    press.deploy("production", {"special": (("1.0.0", 50), ("2.0.0", 50))})
    near.always(text="Yes.")
    with promptops.open(team.path) as registry:
        seen = {
            user: {
                registry.run("special", {"question": str(n)}, user=user).prompt.version
                for n in range(3)
            }
            for user in map(str, range(12))
        }
        nobody = registry.run("special", {"question": "x"})
    assert all(len(versions) == 1 for versions in seen.values())
    assert set.union(*seen.values()) == {"1.0.0", "2.0.0"}
    assert nobody.prompt.version == "1.0.0"
    assert nobody.decisions[0].why == snapshot(
        "1.0.0 has 50 % of special in production; without key and user the first version is used"
    )
    assert {one["messages"][0]["content"][-5:] for one in (r.json for r in near.requests)} == {
        "1.0.0",
        "2.0.0",
    }


def test_a_paused_prompt_does_not_run(team: Repo, near: Provider) -> None:
    press = publish(team)
    press.deploy("production", {"special": "1.0.0"}, paused={"special": "leak"}, action="pause")
    with (
        promptops.open(team.path) as registry,
        pytest.raises(PausedError, match="leak") as caught,
    ):
        registry.run("special", {"question": "x"})
    assert caught.value.stage == "resolve"
    assert near.requests == []


def test_a_model_that_is_not_allowed_is_never_asked(
    team: Repo, near: Provider, far: Provider
) -> None:
    text = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", f'[models]\nallow = ["near/*"]\n{text}')
    near.always(status=503)
    with promptops.open(team.path) as registry:
        with pytest.raises(RefusedError, match="may not use far/large"):
            registry.run("a@working", {"text": "x"}, model="far/large")
        with pytest.raises(ModelError):
            registry.run("a@working", {"text": "x"})
    assert far.requests == []


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
