"""GitHub as a workflow's run meets it: a server with its API, and one with its repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.conftest import description
from tests.protection.ci.talking import TalkingGitHub

__all__ = ["description", "forge"]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.forge.description import Description


@pytest.fixture
def forge(description: Description | None) -> Iterator[TalkingGitHub]:
    """A GitHub whose answers, and what it was asked, are judged when the test is over."""
    fake = TalkingGitHub()
    with fake.server.running():
        yield fake
    for request, response in fake.server.exchanges:
        if description is not None and id(response) not in fake.made_up:
            description.judge(request, response)
