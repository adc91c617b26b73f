"""Real stores for tests: left out with a reason where they are missing, or insisted on.

`nox -s stores` sets PROMPTOPS_REQUIRE_STORES, so that on a server nothing is left out unseen.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

# Read once: each test has an environment of its own.
_IS_REQUIRED = bool(os.environ.get("PROMPTOPS_REQUIRE_STORES"))


def leave_out(reason: str) -> NoReturn:
    """Skip the test, or fail it where stores are required."""
    if _IS_REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)
