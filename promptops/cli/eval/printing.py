"""Print the result of an eval run, in any of its formats."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.cli.session import emit, emit_json, paint

if TYPE_CHECKING:
    from promptops.evals.result import EvalResult


class EvalFormat(StrEnum):
    """The formats of results."""

    TEXT = "text"
    JSON = "json"


def print_result(result: EvalResult, output: EvalFormat) -> int:
    """Print a result, and return the exit code that it comes to."""
    from promptops.evals.judgement import judge_run
    from promptops.evals.records import judgement_to_json, result_to_json

    judgements, code = judge_run(result)
    if output is EvalFormat.JSON:
        verdict = [judgement_to_json(one) for one in judgements]
        emit_json({**result_to_json(result), "exit": int(code), "verdicts": verdict})
    else:
        from promptops.evals.report.text import to_text

        emit("\n".join(to_text(result, judgements, code, _paint)))
    return int(code)


def _paint(text: str, purpose: str) -> str:
    if purpose == "bold":
        return paint(text, bold=True)
    if purpose == "dim":
        return paint(text, dim=True)
    return paint(text, purpose)
