"""Print the result of an eval run, in any of its formats."""

from __future__ import annotations

import json
import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.session import emit, emit_json, is_terminal, paint, say, warn
from promptops.errors import RefusedError, UsageError
from promptops.evals.outcome import Measure
from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from promptops.evals.outcome import SuiteOutcome, SuiteRules
    from promptops.evals.result import EvalResult


class EvalFormat(StrEnum):
    """The formats of results."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    MARKDOWN = "markdown"


OutputOption = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", help="Also write the result to FILE as JSON."),
]
HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write an HTML report to FILE."),
]
EvidenceOption = Annotated[
    Path | None,
    typer.Option("--evidence", metavar="FILE", help="Write evidence for `promptops gate` to FILE."),
]
EvalFormatOption = Annotated[
    EvalFormat, typer.Option("--format", help="Output format.", show_default=True)
]


MeasureOption = Annotated[
    Measure,
    typer.Option(
        "--on", help="Compare shares of passed trials, or mean scores.", show_default=True
    ),
]
MarginOption = Annotated[
    float | None,
    typer.Option(
        "--margin",
        metavar="SHARE",
        min=0,
        max=1,
        help="The loss that still counts as 'not worse', such as 0.02.",
    ),
]


def check_files(**files: Path | None) -> None:
    """Raise UsageError for an output file that cannot be written; called before the run."""
    for option, file in files.items():
        if file is None:
            continue
        if file.is_dir():
            raise UsageError(f"--{option} {file} is a folder", hint="name a file in it")
        if not file.parent.is_dir():
            raise UsageError(f"--{option} {file}: there is no such folder", hint="make it first")
        if not os.access(file.parent, os.W_OK):
            raise UsageError(f"--{option} {file}: its folder cannot be written to")


def print_result(
    result: EvalResult,
    output: EvalFormat,
    file: Path | None = None,
    rules: SuiteRules | None = None,
    evidence: Path | None = None,
    page: Path | None = None,
) -> int:
    """Print a result, write it to files, and return the exit code."""
    from promptops.evals.outcome import judge_run
    from promptops.evals.records import outcome_to_json, result_to_json

    outcomes, code = judge_run(result, rules)
    document: dict[str, Any] = {}
    if file is not None or output is EvalFormat.JSON:
        verdicts = [outcome_to_json(one) for one in outcomes]
        document = {**result_to_json(result), "exit": int(code), "verdicts": verdicts}
    if file is not None:
        text = json.dumps(document, ensure_ascii=False, indent=1)
        write_atomically(file, (text + "\n").encode("utf-8", "replace"))
    # Files first: who reads only the first lines of the output ends this process.
    if page is not None:
        from promptops.evals.report.html import to_html

        write_atomically(page, to_html(result, outcomes, code).encode())
    if evidence is not None:
        _write_evidence(evidence, result, outcomes)
    if output is EvalFormat.JSON:
        emit_json(document)
    elif output is EvalFormat.JUNIT:
        from promptops.evals.report.junit import to_junit

        emit(to_junit(result, outcomes))
    elif output is EvalFormat.MARKDOWN:
        from promptops.evals.report.markdown import to_markdown

        emit(to_markdown(result, outcomes, code))
    else:
        from promptops.evals.report.text import to_text

        width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
        emit("\n".join(to_text(result, outcomes, code, _paint, width)))
    if result.shard != (1, 1):
        number, count = result.shard
        say(
            f"this is shard {number} of {count}: merge the shards with promptops eval merge for "
            "the verdict"
        )
    return int(code)


def _write_evidence(file: Path, result: EvalResult, outcomes: list[SuiteOutcome]) -> None:
    """Write evidence. An incomplete run has none; its exit code reports that."""
    from promptops.evals.evidence import to_evidence

    try:
        write_atomically(file, to_evidence(result, outcomes))
    except RefusedError as error:
        warn(error.message, error.hint)


def _paint(text: str, purpose: str) -> str:
    if purpose == "bold":
        return paint(text, bold=True)
    if purpose == "dim":
        return paint(text, dim=True)
    return paint(text, purpose)
