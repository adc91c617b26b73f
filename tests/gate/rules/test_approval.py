"""Of each person's reviews the latest decides."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.gate.rules import (
    Approval,
    ApprovalEntry,
    Approvals,
    Proposal,
    Review,
    latest_reviews,
)


def review(text: str) -> Review:
    """`@jane APPROVED 1`: who, what, and of which commit."""
    user, state, commit = text.split()
    return Review(None if user == "-" else user, state, commit)


@pytest.mark.parametrize(
    ("reviews", "latest"),
    [
        ([], []),
        (["@jane APPROVED 1"], ["@jane APPROVED 1"]),
        (["@jane APPROVED 1", "@jane CHANGES_REQUESTED 2"], ["@jane CHANGES_REQUESTED 2"]),
        (["@jane CHANGES_REQUESTED 1", "@jane APPROVED 2"], ["@jane APPROVED 2"]),
        (["@jane APPROVED 2", "@jane DISMISSED 1"], ["@jane DISMISSED 1"]),
        (["@jane APPROVED 1", "@jane COMMENTED 2"], ["@jane APPROVED 1"]),
        (["@jane APPROVED 1", "@jane PENDING 2"], ["@jane APPROVED 1"]),
        (["@jane COMMENTED 1", "@jane PENDING 1"], []),
        (["@jane APPROVED 1", "@jane RUBBER_STAMPED 2"], ["@jane RUBBER_STAMPED 2"]),
        (["@jane APPROVED 1", "@Jane DISMISSED 2"], ["@Jane DISMISSED 2"]),
        (["- APPROVED 1", "- DISMISSED 2"], []),
        (
            ["@jane APPROVED 1", "@bob APPROVED 1", "@jane APPROVED 2"],
            ["@bob APPROVED 1", "@jane APPROVED 2"],
        ),
    ],
)
def test_the_latest_of_each_person_counts(reviews: list[str], latest: list[str]) -> None:
    assert latest_reviews(map(review, reviews)) == list(map(review, latest))


_STATES = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING", "NEW_STATE")
_REVIEWS = st.lists(
    st.builds(
        Review, st.sampled_from(["@a", "@A", "@b", None]), st.sampled_from(_STATES), st.just("1")
    ),
    max_size=12,
)


@pytest.mark.story
@settings(deadline=None)
@given(_REVIEWS)
def test_comments_and_people_who_are_gone_change_nothing(reviews: list[Review]) -> None:
    said = [
        one for one in reviews if one.user is not None and one.state not in {"COMMENTED", "PENDING"}
    ]
    found = latest_reviews(reviews)
    assert found == latest_reviews(said)
    for user in ("@a", "@b"):
        own = [one for one in said if one.user and one.user.casefold() == user]
        assert [one for one in found if one.user and one.user.casefold() == user] == own[-1:]


def test_approval_is_checked_when_somebody_was_asked() -> None:
    assert not Approvals().is_checked
    assert not Approvals(found=(Approval("@jane", "signed"),)).is_checked
    assert Approvals(("github",)).is_checked


def test_what_a_proposal_does_to_a_path() -> None:
    there, other = ApprovalEntry("100644", "1" * 40), ApprovalEntry("100755", "1" * 40)
    one = Proposal("#1", "c" * 40, {"a": there, "gone": None})
    assert [one.touches(path) for path in ("a", "gone", "b")] == [True, True, False]
    assert one.makes("a", there)
    assert not one.makes("a", other)
    assert one.makes("gone", None)
    assert not one.makes("b", None)
    unknown = Proposal("#2", "c" * 40)
    assert unknown.touches("a")
    assert not unknown.makes("a", there)
    assert not unknown.makes("a", None)
