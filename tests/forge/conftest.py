"""Forges on loopback, held to the description of the real one where that is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.forge.github import GitHub
from promptops.forge.gitlab import GitLab
from tests.forge.description import Description, find_description
from tests.forge.fake_github import NAME, OWNER, FakeGitHub
from tests.forge.fake_gitlab import PROJECT, FakeGitLab
from tests.forge.server import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def description() -> Description | None:
    """GitHub's own description; None where `nox -s descriptions` was not run."""
    path = find_description("openapi")
    return None if path is None else Description(path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def forge(clock: Clock, description: Description | None) -> Iterator[FakeGitHub]:
    """A GitHub whose answers, and what it was asked, are judged when the test is over."""
    fake = FakeGitHub(clock)
    with fake.server.running():
        yield fake
    for request, response in fake.server.exchanges:
        if description is not None and id(response) not in fake.made_up:
            description.judge(request, response)


@pytest.fixture
def github(forge: FakeGitHub, clock: Clock) -> Iterator[GitHub]:
    """A client that may read everything."""
    limits = clock.limits(silence_seconds=5.0)
    with GitHub(f"{OWNER}/{NAME}", token="good", url=forge.url, limits=limits) as client:
        yield client


@pytest.fixture
def lab(clock: Clock) -> Iterator[FakeGitLab]:
    """A GitLab; of that, there is no description to hold it to."""
    fake = FakeGitLab(clock)
    with fake.server.running():
        yield fake


@pytest.fixture
def gitlab(lab: FakeGitLab, clock: Clock) -> Iterator[GitLab]:
    """A client that may read everything."""
    limits = clock.limits(silence_seconds=5.0)
    with GitLab(PROJECT, token="good", url=lab.url, limits=limits) as client:
        yield client
