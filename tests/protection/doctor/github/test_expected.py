"""Who may bypass rules, as far as the token can see."""

from __future__ import annotations

from dataclasses import replace

from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from promptops.protection.doctor.answer import UnreadSetting
from promptops.protection.doctor.github.expected import ExpectedGate, find_rulesets, judge_passing
from promptops.protection.doctor.github.settings import (
    Actor,
    ActorKind,
    GitHubSettings,
    Ruleset,
    RulesetRule,
    WorkflowRights,
)
from tests.protection.doctor.github.fake import BRANCH_RULES, ProtectedGitHub
from tests.protection.doctor.github.pieces import EXPECTED, bypass, faults, look


def test_who_passes_one_ruleset_is_held_by_another(forge: ProtectedGitHub) -> None:
    """The organisation's rule still holds for those who may pass the repository's."""
    bypass(forge)
    forge.rulesets[5] = {**forge.rulesets[1], "id": 5, "name": "organisation", "bypass_actors": []}
    forge.rules["main"] += [{**rule, "ruleset_id": 5} for rule in BRANCH_RULES]
    assert [one for one in faults(look(forge)) if one[0] == "bypass"] == []


def test_a_release_that_writes_numbers_needs_a_key_that_may_push(forge: ProtectedGitHub) -> None:
    expected = ExpectedGate(EXPECTED.statuses, takes_queue=True, deploys=True, numbers=True)
    (answer,) = look(forge, expected)["bypass"]
    assert (answer.severity, answer.seen) == (
        Severity.WARNING,
        snapshot(
            "no deploy key may bypass the rules of the default branch, and releases push version numbers there"
        ),
    )
    for ruleset in forge.rulesets.values():
        if ruleset.get("target") == "branch":
            ruleset["bypass_actors"] = [{"actor_type": "DeployKey", "bypass_mode": "always"}]
    (answer,) = look(forge, expected)["bypass"]
    assert (answer.severity, answer.seen) == (
        Severity.NOTE,
        snapshot(
            "every deploy key may bypass the rules of the default branch: releases push version numbers with one"
        ),
    )
    (answer,) = look(forge)["bypass"]
    assert answer.severity is Severity.WARNING


PASS = "the rules of the branch"


def judge(*actors: tuple[Actor, ...] | None, keys: bool = False) -> list[tuple[str, str]]:
    """Judge one rule that rulesets with these bypass lists contain."""
    chain = [
        Ruleset(number, f"ruleset {number}", "branch", ("~ALL",), (), frozenset({"update"}), some)
        for number, some in enumerate(actors)
    ]
    answers = judge_passing([chain], PASS, "here", "a risk", keys=keys)
    return [(one.seen, one.remedy) for one in answers]


def test_each_actor_that_may_bypass_is_named_with_the_list_to_empty() -> None:
    actors = (Actor(ActorKind.TEAM, 9), Actor(ActorKind.USER, 1, only_in_pull_requests=True))
    empty = "Settings > Rules > Rulesets > ruleset 0: empty the bypass list"
    assert judge(actors) == [
        (f"team 9 may bypass {PASS}", empty),
        (f"user 1 may bypass {PASS} when merging a pull request", empty),
    ]
    assert judge(()) == []


def test_a_bypass_list_that_the_token_may_not_see_is_unknown() -> None:
    ((seen, _),) = judge((Actor(ActorKind.TEAM, 9),), None)
    assert seen == f"this token cannot see who may bypass {PASS}"


def test_a_key_that_releases_push_with_is_noted_beside_other_actors() -> None:
    found = judge((Actor(ActorKind.KEY), Actor(ActorKind.TEAM, 9)), keys=True)
    assert [seen for seen, _ in found] == [
        f"every deploy key may bypass {PASS}: releases push version numbers with one",
        f"team 9 may bypass {PASS}",
    ]


def test_rulesets_are_found_by_the_type_of_their_rules() -> None:
    known = Ruleset(1, "known", "branch", (), (), frozenset({"update"}), ())
    settings = GitHubSettings(
        repository="acme/prompts",
        branch="main",
        rules=(),
        protection=None,
        rulesets=(known,),
        environment_rules={},
        environment_protection={},
        places={},
        workflow_rights=WorkflowRights(may_write=False, may_approve=False),
    )
    rules = [RulesetRule(kind, ruleset=number) for kind, number in RULES]
    found = find_rulesets(settings, rules, "update")
    # One that the token cannot read may let anybody bypass it.
    assert [(one.number, one.actors) for one in found] == [(1, ()), (2, None)]
    unread = replace(settings, rulesets=UnreadSetting("404"))
    assert [one.actors for one in find_rulesets(unread, rules, "update")] == [None, None]


RULES = (("update", 1), ("deletion", 3), ("update", 2), ("update", 1))
