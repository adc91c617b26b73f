"""Statements of people: read strictly, written in one form, and of an end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from promptops.errors import ConfigurationError
from promptops.readiness.attestations import FILE, Attestation, find_newest, read_attestations
from tests.cli.running import refuse
from tests.readiness.pieces import (
    judge,
)

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.slow
def test_the_newest_attestation_counts(repo: Repo) -> None:
    lines = [
        Attestation("failover", datetime(2026, 1, 1, tzinfo=UTC), "a", "old", 90).write(),
        Attestation("failover", datetime(2026, 3, 1, tzinfo=UTC), "b", "new", 90).write(),
    ]
    repo.write(FILE, "".join(reversed(lines)))

    found = judge(repo, now=datetime(2026, 5, 1, tzinfo=UTC).timestamp())

    assert found["failover"][1].startswith("new (b")


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        '{"item": "failover"}',
        '{"item": "x", "at": "2026-13-01T00:00:00Z", "by": "a", "evidence": "e", "days": 1}',
        '{"item": "x", "at": "2026-01-01T00:00:00Z", "by": "", "evidence": "e", "days": 1}',
        '{"item": "x", "at": "2026-01-01T00:00:00Z", "by": "a", "evidence": "e", "days": 9999}',
        '{"item": "x", "at": "2026-01-01T00:00:00Z", "by": "a", "evidence": "e", "days": true}',
    ],
)
def test_a_broken_attestation_is_an_error(line: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{FILE}:1 is not an attestation"):
        read_attestations(f"{line}\n".encode())


def test_a_broken_attestation_ends_the_command(repo: Repo) -> None:
    repo.write(FILE, "no json\n")
    assert f"{FILE}:1 is not an attestation" in refuse(repo, "readiness", code=2)


A = Attestation("failover", datetime(2026, 1, 1, tzinfo=UTC), "a", "pulled the plug ✓", 90)
B = A._replace(at=datetime(2026, 3, 1, tzinfo=UTC), by="b")
C = B._replace(item="alerts", at=datetime(2026, 4, 1, tzinfo=UTC))


def test_what_is_written_is_read_again() -> None:
    data = "".join(f"{one.write()}\n" for one in (B, A, C)).encode()
    assert read_attestations(data) == [B, A, C]


def test_the_newest_statement_on_an_item_is_found() -> None:
    assert find_newest([B, A, C], "failover") == B
    assert find_newest([B, A, C], "audits") is None


def test_a_statement_ends_after_its_days() -> None:
    assert A.ends_at == datetime(2026, 4, 1, tzinfo=UTC)


def test_a_broken_line_is_named_by_its_number() -> None:
    with pytest.raises(ConfigurationError, match=f"{FILE}:3 is not an attestation"):
        read_attestations(f"{A.write()}\n{{}}\n".encode())
