"""The result of a run in each format, its files, and its exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from promptops.cli.eval.printing import EvalFormat, check_files, print_result
from promptops.errors import UsageError
from promptops.evals.result import (
    EvalResult,
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
)

if TYPE_CHECKING:
    from pathlib import Path


def result(outcome: SampleOutcome, shard: tuple[int, int] = (1, 1)) -> EvalResult:
    """One suite with one sample."""
    sample = SampleResult("capital", "echo/any", (), 1, (Trial(1, outcome, 1.0, "Paris"),))
    state = TrialState("ask", "1.0.0", "sha256:" + "ab" * 32)
    suite = SuiteRunResult("evals/ask.yaml", "sha256:" + "cd" * 32, "ask", state, (sample,))
    return EvalResult((suite,), calls=1, shard=shard)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(SampleOutcome.PASSED, 0), (SampleOutcome.FAILED, 1), (SampleOutcome.ERROR, 2)],
)
@pytest.mark.parametrize("output", list(EvalFormat))
def test_each_format_has_the_exit_code_of_the_verdict(
    capsys: pytest.CaptureFixture[str], outcome: SampleOutcome, code: int, output: EvalFormat
) -> None:
    assert print_result(result(outcome), output) == code
    printed = capsys.readouterr().out
    assert "capital" in printed or outcome is SampleOutcome.PASSED
    if output is EvalFormat.JSON:
        assert json.loads(printed)["exit"] == code
    if output is EvalFormat.JUNIT:
        assert ET.fromstring(printed).tag == "testsuites"


def test_files_are_the_same_whatever_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = []
    for output in (EvalFormat.TEXT, EvalFormat.JSON):
        file, page = tmp_path / "result.json", tmp_path / "report.html"
        print_result(result(SampleOutcome.PASSED), output, file, page=page)
        written.append((file.read_text(), page.read_text()))
    assert written[0] == written[1]
    printed = capsys.readouterr().out
    assert json.loads(written[0][0]) == json.loads(printed[printed.index("\n{") :])


def test_a_shard_is_no_verdict_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(result(SampleOutcome.PASSED, (2, 3)), EvalFormat.JSON)
    assert "this is shard 2 of 3: merge the shards" in capsys.readouterr().err


def test_an_incomplete_run_is_no_evidence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "evidence.json"
    print_result(result(SampleOutcome.PASSED, (2, 3)), EvalFormat.TEXT, evidence=file)
    assert "warning:" in capsys.readouterr().err
    assert not file.exists()


def test_a_file_that_cannot_be_written_is_found_out_before(tmp_path: Path) -> None:
    check_files(output=None, html=tmp_path / "new.html")
    for file, told in (
        (tmp_path, "--output .* is a folder"),
        (tmp_path / "no" / "x.json", "there is no such folder"),
    ):
        with pytest.raises(UsageError, match=told):
            check_files(html=None, output=file)


def test_a_folder_that_is_closed_is_found_out_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.cli.eval.printing.os.access", lambda *_args: False)
    with pytest.raises(UsageError, match="its folder cannot be written to"):
        check_files(output=tmp_path / "x.json")
