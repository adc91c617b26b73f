"""Which prompt and which model are asked: shares, routes, [models] allow, choose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.checks.models import find_model
from promptops.errors import PausedError, RefusedError, UsageError
from promptops.runtime.live import Placement
from promptops.runtime.models.model import ModelError
from promptops.runtime.run.preparation import beside, take_prompt
from tests.released import Press
from tests.runtime.run.pieces import OUTPUT, PROMPT, logged, make_course, make_prompt, write
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.runtime.registry import Registry
    from tests.repositories import Repo
    from tests.runtime.provider import Provider


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


@pytest.mark.slow
def test_a_routed_prompt_is_the_one_of_the_same_deployment(team: Repo, near: Provider) -> None:
    press = publish(team)
    press.deploy("production", {"r": "1.0.0", "special": "1.0.0"})
    with promptops.open(team.path) as registry:
        run = registry.run("r", {"question": "x"})
    assert (run.prompt.name, run.prompt.version) == ("special", "1.0.0")
    assert run.prompt.environment == "production"


@pytest.mark.slow
def test_an_exact_version_does_not_say_where_its_routes_lead(team: Repo) -> None:
    publish(team)
    with (
        promptops.open(team.path) as registry,
        pytest.raises(UsageError, match="has no environment"),
    ):
        registry.run("r@1.0.0", {"question": "x"})


@pytest.mark.slow
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


@pytest.mark.slow
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


SORRY = "Sorry, later."


@pytest.mark.parametrize("has_reply", [True, False])
def test_a_paused_prompt_says_its_fixed_reply(
    team: Repo, near: Provider, *, has_reply: bool
) -> None:
    press = Press(team)
    keys = {"reply": SORRY} if has_reply else {"limitations": "none known"}
    press.release("p", "1.0.0", extra=None, model="near/small", inputs="{question: string}", **keys)
    press.deploy("production", {"p": "1.0.0"}, paused={"p": "leak"}, action="pause")
    with promptops.open(team.path) as registry:
        if has_reply:
            run = registry.run("p", {"question": "x"})
            assert (run.text, run.is_degraded) == (SORRY, True)
            assert masked(run.decisions[0].why) == snapshot(
                "p is paused in production by Jane Doe on 2026-01-01 00:00 UTC: leak"
            )
        else:
            with pytest.raises(PausedError):
                registry.run("p", {"question": "x"})
    assert near.requests == []


CHOOSE = "choose: {by: cost, among: [far/large, near/mini, near/other]}\n"


def test_the_cheapest_model_is_asked(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "c", CHOOSE)
    run = registry.run("c@working", {"text": "x"})
    assert run.model == "near/mini"
    assert [(one.rule, one.why) for one in run.decisions] == [
        ("choose", "near/mini is the cheapest of 3 models")
    ]


def test_a_model_that_cannot_read_it_all_is_passed_over(
    team: Repo, near: Provider, far: Provider
) -> None:
    text = (team.path / "promptops.toml").read_text()
    team.write("promptops.toml", text.replace("[models.far]", "context = 250\n[models.far]"))
    write(team, "c", CHOOSE)
    with promptops.open(team.path) as registry:
        assert registry.run("c@working", {"text": "x"}).model == "near/mini"
        assert registry.run("c@working", {"text": "word " * 200}).model == "far/large"
        write(team, "c", "choose: {by: cost, among: [near/mini]}\n")
        far.always(text="Far.")
        near.always(status=404)
        run = registry.run("c@working", {"text": "word " * 200})
    assert run.decisions[0].why == snapshot(
        "near/small, since no candidate qualifies and has a price"
    )
    assert run.model == "far/large"


def test_a_model_that_takes_no_schema_is_not_chosen(
    team: Repo, near: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = ("openai/gpt-4", "openai/gpt-4o-mini")
    known = [find_model(one) for one in candidates]
    assert ["response_format" in one.refused for one in known if one] == [True, False]
    more = f"choose: {{by: cost, among: [{', '.join(candidates)}]}}\n"
    config = (team.path / "promptops.toml").read_text()
    cheap = "".join(
        f'[models."{name}"]\ninput_price = {price}\noutput_price = {price}\n'
        for name, price in zip(candidates, (1, 2), strict=True)
    )
    team.write("promptops.toml", f"{config}{cheap}")
    write(team, "c", f"{OUTPUT}{more}")
    write(team, "d", more)
    with promptops.open(team.path) as registry:
        assert registry.plan("c@working", {"text": "x"}).model == "openai/gpt-4o-mini"
        assert registry.plan("d@working", {"text": "x"}).model == "openai/gpt-4"


def test_the_prompts_own_model_follows_the_chosen_one(
    registry: Registry, team: Repo, near: Provider, far: Provider
) -> None:
    write(team, "c", "choose: {by: cost, among: [near/mini]}\n")
    near.reply(status=404)
    near.reply(text="Small.")
    run = registry.run("c@working", {"text": "x"})
    assert (run.text, run.model, run.is_degraded) == ("Small.", "near/small", True)


PLACEMENT = Placement("production", 7, "c" * 40, 0, "jo")


@pytest.mark.parametrize(
    ("commit", "placement", "target", "ref"),
    [
        ("c" * 40, PLACEMENT, "b", "b@production"),
        (None, None, "b", "b@working"),
        (None, None, "b@1.0.0", "b@1.0.0"),
        ("c" * 40, PLACEMENT, "b@staging", "b@staging"),
    ],
)
def test_a_route_leads_to_where_its_prompt_is_from(
    commit: str | None, placement: Placement | None, target: str, ref: str
) -> None:
    prompt = replace(make_prompt(), commit=commit, placement=placement)
    assert beside(prompt, target) == ref


def test_a_run_that_is_no_real_traffic_belongs_to_no_deployment() -> None:
    prompt = replace(make_prompt(), commit="c" * 40, placement=PLACEMENT)
    course = make_course()
    take_prompt(course, prompt, {"question": "x"})
    assert (course.record.environment, course.record.deployment) == ("production", 7)
    course.counted_in = "eval"
    take_prompt(course, prompt, {"question": "x"})
    assert (course.record.environment, course.record.deployment) == ("eval", None)
    assert course.scope is not None
    assert (course.scope.environment, course.scope.user) == ("eval", "u-1")


def test_what_one_prompt_of_a_route_hides_stays_hidden_in_the_next() -> None:
    course = make_course()
    take_prompt(course, make_prompt(inputs="{question: {type: string, redact: true}}"), {})
    take_prompt(course, make_prompt(), {})
    assert course.record.hidden == ("question",)
