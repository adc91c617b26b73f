"""The file of one night: small, read as it was written, or damaged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from promptops.errors import UsageError
from promptops.evals.nightly.record import (
    MAX_BYTES,
    read_night,
    write_night,
)
from tests.evals.nightly.pieces import DIGEST, RECORD


@pytest.mark.slow
def test_a_night_of_many_samples_stays_small() -> None:
    shares = {f"a sample with a rather long name, number {n}": (3, 3) for n in range(30_000)}
    (model,) = RECORD.models
    data = write_night(replace(RECORD, models=(replace(model, shares=shares),)))
    assert len(data) < MAX_BYTES
    assert b'"shares":null' in data


def test_names_of_samples_come_back_as_they_were() -> None:
    names = ("a\nb", "\ud800", "\u202e", "\x00", "\u0633\u0644\u0627\u0645", "")
    (model,) = RECORD.models
    record = replace(RECORD, models=(replace(model, shares=dict.fromkeys(names, (1, 2))),))
    assert read_night(write_night(record), "file") == record


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"night":"2026-11-29"', '"night":"2026-13-29"'),
        ("[1,1]", "[2,1]"),
        ("[1,1]", "[1]"),
        ("[1,1]", '{"a":1}'),
        ("[1,1]", "[true,1]"),
        ("[1,1]", "[1,1e999]"),
        ('"state":"passed"', '"state":"fine"'),
        ('"samples":1', '"samples":-1'),
        ('"at":1795917600', '"at":1e3'),
        ('"models":[', '"models":[[],'),
        ('"models":[', '"models":[null,'),
        (f'"digest":"{DIGEST}"', '"digest":"sha256:0"'),
        ('"alarms":[]', '"alarms":["all"]'),
        ('{"schema"', f'{"[" * 100_000}{{"schema"'),
    ],
)
def test_a_file_that_was_never_written_so_is_damaged(old: str, new: str) -> None:
    text = write_night(RECORD).decode()
    assert old in text
    with pytest.raises(UsageError, match="is damaged"):
        read_night(text.replace(old, new).encode(), "file")


@pytest.mark.parametrize("text", ["", "{", '{"schema": "promptops.night/v1"}', "[1]", "\0", "null"])
def test_a_file_of_something_else_is_damaged(text: str) -> None:
    with pytest.raises(UsageError, match="file is damaged"):
        read_night(text.encode(), "file")
