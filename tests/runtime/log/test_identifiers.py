"""Ids of runs."""

from __future__ import annotations

from uuid import UUID

import pytest

from promptops.errors import UsageError
from promptops.runtime.log.identifiers import make_id, pack_id, unpack_id
from tests.runtime.log.pieces import START


@pytest.mark.parametrize("random", [bytes(10), b"\xff" * 10, bytes(range(16))])
def test_an_id_is_a_uuid_of_version_7_with_its_time(random: bytes) -> None:
    found = UUID(make_id(START + 0.125, random))
    assert (found.version, found.variant) == (7, "specified in RFC 4122")
    assert found.int >> 80 == (START + 0.125) * 1000


def test_ids_sort_by_time_whatever_chance_says() -> None:
    first, second = make_id(START, b"\xff" * 10), make_id(START + 0.001, bytes(10))
    assert first < second


def test_each_of_74_random_bits_makes_another_id() -> None:
    ids = {make_id(START, (1 << bit).to_bytes(10)) for bit in range(74)}
    assert len(ids) == 74


def test_an_id_is_packed_as_16_bytes_however_it_is_written() -> None:
    text = make_id(START, bytes(range(10)))
    packed = pack_id(text)
    assert len(packed) == 16
    assert pack_id(text.upper()) == pack_id(text.replace("-", "")) == packed
    assert unpack_id(packed) == text


@pytest.mark.parametrize("text", ["", "run-1", "0" * 31, "0" * 33, "g" * 32, "-" * 36])
def test_what_is_no_uuid_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not the id of a run"):
        pack_id(text)
