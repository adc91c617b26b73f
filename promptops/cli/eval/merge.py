"""`promptops eval merge`: merge the shards of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promptops.cli.eval.printing import (
    EvalFormat,
    EvalFormatOption,
    EvidenceOption,
    HtmlOption,
    MarginOption,
    MeasureOption,
    OutputOption,
    print_result,
)
from promptops.errors import UsageError
from promptops.evals.outcome import Measure
from promptops.files import read_named

if TYPE_CHECKING:
    from promptops.evals.result import EvalResult


def merge(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Files written by `eval run --output`.")
    ],
    measure: MeasureOption = Measure.SHARE,
    margin: MarginOption = None,
    file: OutputOption = None,
    evidence: EvidenceOption = None,
    page: HtmlOption = None,
    output: EvalFormatOption = EvalFormat.TEXT,
) -> None:
    """Merge the shards of a run. The verdict is the same as without shards."""
    from promptops.evals.merging import merge_results
    from promptops.evals.outcome import SuiteRules

    result = merge_results([(str(one), _read(one)) for one in files])
    raise typer.Exit(
        print_result(result, output, file, SuiteRules(measure, margin), evidence, page)
    )


def _read(file: Path) -> EvalResult:
    from promptops.evals.records import result_from_json

    try:
        data = json.loads(read_named(file))
    except FileNotFoundError:
        raise UsageError(f"there is no file {file}", hint="check the path") from None
    except ValueError as error:
        raise UsageError(
            f"{file} is not JSON: {error}", hint="the file may be incomplete"
        ) from None
    return result_from_json(data, str(file))
