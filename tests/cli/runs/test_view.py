"""Runs as columns, bars and CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from promptops.cli.runs.view import (
    HEADER,
    describe_counts,
    describe_prompt,
    describe_status,
    draw,
    format_cost,
    format_span,
    run_row,
    shorten,
    to_csv,
)
from tests.runtime.log.pieces import START, end, make_run

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([0, 1, 4, 8], " ▁▄█"),
        ([0, 0], ""),
        ([], ""),
        ([1, 1_000_000], "▁█"),
    ],
)
def test_a_bar_is_as_high_as_its_share_and_never_lower_than_one(
    values: Sequence[int], bars: str
) -> None:
    assert draw(values) == bars


@pytest.mark.parametrize(
    ("micros", "shown"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (1, "$0.000001"),
        (1_500_000, "$1.50"),
        (12_000_000, "$12.00"),
        (-2_500, "-$0.0025"),
    ],
)
def test_a_cost_has_all_its_digits_and_at_least_cents(micros: int | None, shown: str) -> None:
    assert format_cost(micros) == shown


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.4, "<1 ms"),
        (9_999.4, "9999 ms"),
        (10_000.0, "10.0 s"),
        (61_250.0, "61.2 s"),
    ],
)
def test_a_duration_fits_a_column(ms: float | None, shown: str) -> None:
    assert format_span(ms) == shown


def test_ids_are_as_short_as_tells_them_apart() -> None:
    ids = [
        "01a1ee56-f000-7000-8000-000000000000",
        "01a1ee56-f000-7000-8000-000000000001",
        "02a1ee56-f000-7000-8000-000000000000",
    ]
    short = shorten(ids)
    assert [len(short[one]) for one in ids] == [36, 36, 13]
    assert all(sum(other.startswith(short[one]) for other in ids) == 1 for one in ids)
    assert shorten([ids[0], ids[0]]) == {ids[0]: ids[0][:13]}


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "support/triage@1.2.0"),
        ({"version": None}, "support/triage@working"),
        ({"digest": None, "ref": "a\nb@1"}, "a b@1"),
        ({"prompt": None}, "support/triage@production"),
    ],
)
def test_a_prompt_that_was_not_found_is_named_as_it_was_asked_for(
    values: dict[str, Any], shown: str
) -> None:
    assert describe_prompt(make_run(**values)) == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({}, "succeeded"),
        ({"status": "failed", "stage": "call"}, "failed at call"),
        ({"is_cached": True, "is_degraded": True}, "succeeded (cached) (degraded)"),
    ],
)
def test_how_a_run_ended_is_one_cell(values: dict[str, Any], shown: str) -> None:
    assert describe_status(end(make_run(), **values)) == shown


def test_a_row_has_a_cell_for_each_column_and_no_cost_while_it_runs() -> None:
    row = dict(zip(HEADER, run_row(make_run(START, model="a\nb"), "01a1"), strict=True))
    assert (row["RUN"], row["MODEL"], row["TIME"], row["COST"]) == ("01a1", "a b", "-", "-")
    assert dict(zip(HEADER, run_row(end(make_run()), "01a1"), strict=True))["COST"] == "$0.001234"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (-1.5, "-1.5"),
        ({"a": "é"}, '{"a": "é"}'),
        ('a,"b"\nc', 'a,"b"\nc'),
        ("x\r=HYPERLINK", "x\r=HYPERLINK"),
        *((f"{sign}HYPERLINK", f"'{sign}HYPERLINK") for sign in "=+-@\t\r"),
    ],
)
def test_a_cell_is_read_back_and_never_a_formula(value: object, cell: str) -> None:
    lines = list(to_csv(["a", "b"], [[value, "x"]]))
    assert list(csv.reader(io.StringIO("\n".join(lines), newline="")))[1] == [cell, "x"]


def test_counts_are_named() -> None:
    assert describe_counts({"call": 3, "output": 1}) == "3 call, 1 output"
