"""Runs nest only so deep, in one process and across services."""

from __future__ import annotations

import pytest

from promptops.errors import UsageError
from promptops.repository.settings.guards import GuardSettings
from promptops.runtime.guards.depth import DEPTH_HEADER, depth_headers, nested, read_depth
from promptops.runtime.guards.refusal import GuardError
from tests.runtime.guards.worlds import World


def test_nesting_ends_at_the_depth_also_across_services() -> None:
    world = World(GuardSettings(depth=3))
    with nested(2):
        world.guards.check_depth()
        headers = depth_headers(3)
    with (
        nested(read_depth({DEPTH_HEADER.lower(): headers[DEPTH_HEADER]})),
        pytest.raises(GuardError, match="nested in 3 others"),
    ):
        world.guards.check_depth()


@pytest.mark.parametrize("text", ["-1", "", "1e3", "²", "9" * 50], ids=ascii)
def test_a_header_that_is_no_depth_is_an_error(text: str) -> None:
    with pytest.raises(UsageError):
        read_depth({DEPTH_HEADER: text})
