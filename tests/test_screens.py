"""What differs with each run is replaced in screens, whatever the ids of this run are."""

from __future__ import annotations

import pytest

from tests.screens import masked


@pytest.mark.parametrize(
    ("screen", "replaced"),
    [
        ("changed  01a22b7b-cf4f  triage", "changed  <run>  triage"),
        ("changed  01a22b7b-cf4f-79  triage", "changed  <run>  triage"),
        ("01a22b7b-cf4f-79cd-95f5-8e6f6ef26064", "<uuid>"),
        ("nothing in 7146348417ab needs", "nothing in <id> needs"),
        ("nothing in 714634841782 needs", "nothing in <id> needs"),
        ("commit 000000000000", "commit 000000000000"),
        ("1234567 tokens", "1234567 tokens"),
        ("ssh-ed25519", "ssh-ed25519"),
        ("on 2026-11-30 08:00 UTC", "on <time> UTC"),
        ("on 2026-01-01", "on 2026-01-01"),
    ],
)
def test_what_differs_is_replaced(screen: str, replaced: str) -> None:
    assert masked(screen) == replaced
