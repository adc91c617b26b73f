"""The ledger that the verbs of guards open."""

from __future__ import annotations

import pytest

from promptops.runtime.stores.addresses import describe_place


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:hunter2@h:1/3?x=hunter2", "redis://h:1/3"),
        ("postgresql://u:hunter2@h/d?password=hunter2", "postgresql://h/d"),
        ("sqlite:///srv/l.db", "/srv/l.db"),
        ("/srv/l.db", "/srv/l.db"),
    ],
)
def test_a_place_is_shown_without_its_password(url: str, shown: str) -> None:
    assert describe_place(url) == shown
