"""The judge judges: else all that it lets pass would mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.server import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.forge.description import Description

REVIEWS = "/repos/acme/prompts/pulls/12/reviews"


@pytest.fixture
def judge(description: Description | None) -> Callable[..., None]:
    if description is None:
        pytest.skip("GitHub's description is not here: nox -s descriptions")

    def ask(path: str, value: Any, **query: str) -> None:
        description.judge(Request(path, query, {}), Response.of(value))

    return ask


def test_what_is_described_passes(judge: Callable[..., None]) -> None:
    judge(REVIEWS, [], per_page="100")


@pytest.mark.parametrize(
    ("path", "value", "query"),
    [
        (REVIEWS, {}, {}),
        (REVIEWS, [{"state": "APPROVED"}], {}),
        (REVIEWS, [], {"per_page": "many"}),
        ("/repos/acme/prompts/pulls/twelve/reviews", [], {}),
        ("/repos/acme/prompts/pull/12/reviews", [], {}),
        ("/orgs/acme/teams/x/members", [{"login": "bob"}], {}),
    ],
)
def test_what_is_not_does_not(
    judge: Callable[..., None], path: str, value: Any, query: dict[str, str]
) -> None:
    with pytest.raises(Exception, match=r".+"):
        judge(path, value, **query)
