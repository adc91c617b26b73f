"""`promptops reviews answer`: accepted, corrected or rejected, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.runtime.log.record import RunReview
    from tests.repositories import Repo


def test_a_review_is_answered_once(repo: Repo, reviews: list[RunReview]) -> None:
    accept(repo, "reviews", "answer", reviews[0].id, "--accept")
    said = refuse(repo, "reviews", "answer", reviews[0].id, "--reject")
    assert said == snapshot("""\
error: the review was answered before: accepted by Jane Doe <jane@example.com>
 hint: use --again to replace the answer\
""")
    again = accept(repo, "reviews", "answer", reviews[0].id, "--answer", "no", "--again")
    assert masked(again) == snapshot("<uuid>: corrected by Jane Doe <jane@example.com>\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["answer", "ffffffff", "--accept"], "has no review 'ffffffff'"),
        (["answer", "x"], "no review given"),
        (["answer", "x", "--accept", "--reject"], "no review given"),
        (["show", "zzzz"], "'zzzz' is not the id of a review"),
        (["answer", "ffffffff", "--answer", "@nothing"], "no such file"),
        (["export"], "there are no answered reviews"),
    ],
)
def test_requests_that_cannot_be_met(
    repo: Repo, reviews: list[RunReview], args: list[str], message: str
) -> None:
    assert message in refuse(repo, "reviews", *args, code=2)
