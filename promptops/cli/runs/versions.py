"""Compare two versions of a prompt, for `promptops runs stats --compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.cli.runs.view import to_csv
from promptops.cli.session import emit, emit_json, emit_table, say
from promptops.errors import UsageError
from promptops.runtime.log.documents import comparison_to_json

if TYPE_CHECKING:
    from promptops.runtime.log.log import Filters
    from promptops.runtime.log.statistics import Estimate, RunComparison, RunDifference


def check_comparison(filters: Filters, compare: tuple[str, str], by: list[str] | None) -> None:
    """Raise UsageError unless the options select two versions of one prompt."""
    if by:
        raise UsageError("--compare and --by cannot be combined", hint="give one or the other")
    if filters.prompt is None or "*" in filters.prompt or filters.version is not None:
        raise UsageError("no prompt given", hint="promptops runs stats NAME --compare 1.2.0 1.3.0")
    if compare[0] == compare[1]:
        raise UsageError("both versions are the same", hint="give two different versions")


def show_comparison(comparison: RunComparison, names: tuple[str, str], output: str) -> None:
    """Print the differences of two versions, as `text`, `json` or `csv`."""
    if output == "json":
        emit_json(comparison_to_json(comparison, names))
        return
    if output == "csv":
        header = ("measure", "unit", *names, "difference", "low", "high", "verdict")
        rows = [
            (
                *(one.measure, one.unit, one.left.mean, one.right.mean, one.difference),
                *(one.low, one.high, one.verdict),
            )
            for one in comparison.differences
        ]
        for line in to_csv(header, rows):
            emit(line)
        return
    emit_table(
        [
            (
                one.measure,
                _measure(one.left, one.unit),
                _measure(one.right, one.unit),
                _describe_difference(one),
                one.verdict,
            )
            for one in comparison.differences
        ],
        header=("", names[0], names[1], "DIFFERENCE (95 %)", "VERDICT"),
    )
    emit(f"runs: {comparison.left.runs} and {comparison.right.runs}")
    if comparison.unkeyed:
        what = "run has" if comparison.unkeyed == 1 else "runs have"
        say(f"{comparison.unkeyed} {what} neither key nor user; each counts as one key")


def _measure(estimate: Estimate, unit: str) -> str:
    if estimate.mean is None:
        return "-"
    keys = "1 key" if estimate.clusters == 1 else f"{estimate.clusters} keys"
    return f"{_number(estimate.mean, unit)} (n {estimate.runs}, {keys})"


def _number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "micros":
        return f"${value / 1_000_000:.6f}"
    return f"{value:.0f} ms" if unit == "ms" else f"{value:.3f}"


def _describe_difference(one: RunDifference) -> str:
    if one.difference is None:
        return "-"
    shown = _number(one.difference, one.unit)
    if one.low is None or one.high is None:
        return shown
    return f"{shown} [{_number(one.low, one.unit)}, {_number(one.high, one.unit)}]"
