"""Where conversations can be."""

from __future__ import annotations

import pytest

from promptops.errors import UsageError
from promptops.runtime.conversation.opening import open_conversations


def test_other_places_are_refused() -> None:
    with pytest.raises(UsageError, match="'mysql' is not a supported store for conversations"):
        open_conversations("mysql://host/db")
