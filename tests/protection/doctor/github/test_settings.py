"""Which refs a ruleset's pattern is for; the cases are what Ruby's File.fnmatch says of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.protection.doctor.github.settings import Actor, Ruleset, match_ref


@pytest.mark.parametrize(
    ("pattern", "ref", "matches"),
    [
        ("refs/heads/main", "refs/heads/main", True),
        ("refs/heads/main", "refs/heads/main2", False),
        ("refs/heads/m*", "refs/heads/main", True),
        ("refs/heads/*", "refs/heads/promptops/production", False),
        ("refs/heads/promptops/*", "refs/heads/promptops/production", True),
        ("refs/heads/promptops/?aging", "refs/heads/promptops/staging", False),
        ("refs/heads/promptops/?taging", "refs/heads/promptops/staging", True),
        ("refs/heads/promptops/[ps]*", "refs/heads/promptops/staging", True),
        ("refs/heads/promptops/[a-c]*", "refs/heads/promptops/staging", False),
        ("refs/tags/prompts/*", "refs/tags/prompts/a@1.0.0", True),
        ("refs/tags/prompts/*", "refs/tags/prompts/support/triage@1.0.0", False),
        ("refs/tags/prompts/**/*", "refs/tags/prompts/support/triage@1.0.0", True),
        ("refs/tags/prompts/**/*", "refs/tags/prompts/a@1.0.0", True),
        ("refs/tags/prompts/**/*", "refs/tags/prompts", False),
        ("refs/tags/prompts/**", "refs/tags/prompts/a@1.0.0", True),
        ("refs/tags/prompts/**", "refs/tags/prompts/support/triage@1.0.0", False),
        ("refs/tags/**/prompts/**/*", "refs/tags/yanked/prompts/a/b@1.0.0", True),
        ("refs/tags/**/*", "refs/tags/prompts/a/b/c@1.0.0", True),
        ("refs/**/a@*", "refs/tags/prompts/a@1.0.0", True),
        ("**/*", "refs/tags/a", True),
        ("", "refs/tags/a", False),
        ("refs/tags/[", "refs/tags/[", True),
        ("refs/tags/[z-a]", "refs/tags/a", False),
        ("refs/tags/a.b", "refs/tags/aXb", False),
    ],
)
def test_patterns(pattern: str, ref: str, matches: bool) -> None:
    assert match_ref(pattern, ref) is matches


@pytest.mark.slow
@settings(deadline=None, max_examples=200)
@given(pattern=st.text("ab*?[]/-", max_size=12), ref=st.text("ab/", max_size=8))
def test_any_pattern_has_an_answer(pattern: str, ref: str) -> None:
    assert match_ref(pattern, ref) in {True, False}


@pytest.mark.slow
@given(st.text("ab/", min_size=1, max_size=12))
def test_a_name_matches_itself_and_everything(ref: str) -> None:
    assert match_ref(ref, ref)
    assert match_ref("**/*", ref)


def test_many_stars_take_no_time_to_speak_of() -> None:
    assert not match_ref("/".join(["**"] * 40 + ["*a" * 12]), "/".join(["b" * 30] * 40))


def test_exclusions_and_names_of_their_own() -> None:
    ruleset = Ruleset(
        1, "r", "branch", ("~ALL",), ("refs/heads/tmp/**/*",), frozenset({"deletion"}), ()
    )
    assert ruleset.covers("refs/heads/promptops/production", "main")
    assert not ruleset.covers("refs/heads/tmp/x/y", "main")
    default = Ruleset(1, "r", "branch", ("~DEFAULT_BRANCH",), (), frozenset(), ())
    assert default.covers("refs/heads/trunk", "trunk")
    assert not default.covers("refs/heads/main", "trunk")


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        (Actor("Integration", 15368), "every workflow (GitHub Actions)"),
        (Actor("Integration", 7), "app 7"),
        (Actor("RepositoryRole", 5), "everyone with the role admin"),
        (Actor("DeployKey"), "every deploy key"),
        (Actor("OrganizationAdmin", 1), "every owner of the organisation"),
        (Actor("Something", 1), "Something"),
    ],
)
def test_actors_in_words(actor: Actor, words: str) -> None:
    assert str(actor) == words
