"""Runs that wait for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.runtime.log.record import RunReview
from tests.runtime.log.pieces import START, end, make_run, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog


@pytest.fixture
def reviews(write_log: Callable[..., RunLog]) -> list[RunReview]:
    """Three runs that wait: the longest waiting first; the second one's answer is no JSON."""
    log = write_log(content="full")
    made = []
    for number, answer in enumerate(('{"topic": "billing"}', "We will\ncall you.", "Nonsense.")):
        ended = end(make_run(START + number), answer=answer)
        log.finish(ended)
        made.append(
            RunReview(new_id(START + number), ended.id, START + 60 + number, "urgency is high")
        )
        log.review(made[-1])
    return made
