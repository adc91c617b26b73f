"""`promptops reviews show`: the run, and how to answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from promptops.runtime.log.record import RunReview
from tests.cli.running import accept, refuse
from tests.runtime.log.pieces import START, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from tests.repositories import Repo


def test_an_id_that_is_too_short_is_refused(repo: Repo, reviews: list[RunReview]) -> None:
    assert refuse(repo, "reviews", "show", reviews[0].id[:8], code=2) == snapshot("""\
error: several reviews begin with '01a1ee56'
 hint: use more characters of the id\
""")


def test_of_several_reviews_of_a_run_the_open_one_is_meant(
    repo: Repo, reviews: list[RunReview], write_log: Callable[..., RunLog]
) -> None:
    accept(repo, "reviews", "answer", reviews[0].id, "--accept")
    second = RunReview(new_id(START + 99), reviews[0].run_id, START + 99, "asked again")
    write_log().review(second)
    args = ("reviews", "show", reviews[0].run_id, "--format", "json")
    assert json.loads(accept(repo, *args))["id"] == second.id
