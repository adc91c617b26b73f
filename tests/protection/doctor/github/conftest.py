"""A GitHub that protects a repository throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.forge.conftest import description
from tests.protection.doctor.github.fake import ProtectedGitHub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.forge.description import Description

__all__ = ["description"]


@pytest.fixture
def forge(description: Description | None) -> Iterator[ProtectedGitHub]:
    fake = ProtectedGitHub()
    with fake.server.running():
        yield fake
    for request, response in fake.server.exchanges:
        if description is not None:
            description.judge(request, response)
