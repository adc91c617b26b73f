"""Results of evals that are given to the site: whose files they are, and what is shown of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.errors import UsageError
from promptops.evals.records import result_to_json
from promptops.evals.result import (
    CheckOutcome,
    EvalResult,
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
)
from promptops.site.results import MAX_SAMPLES, read_results

if TYPE_CHECKING:
    from pathlib import Path

GOOD = Trial(1, SampleOutcome.PASSED, 1.0, "yes", cost_micros=900)


def write(file: Path, *trials: tuple[Trial, ...], name: str = "a") -> Path:
    """Write the result of a suite with one sample for each tuple of trials."""
    samples = tuple(
        SampleResult(f"sample {number}", "m", (), 1, one, (GOOD,))
        for number, one in enumerate(trials)
    )
    state = TrialState("1.0.0", "1.0.0", "sha256:0")
    suite = SuiteRunResult(f"evals/{name}.yaml", "", name, state, samples, state)
    file.write_text(json.dumps(result_to_json(EvalResult((suite,)))), "utf-8")
    return file


def test_the_newest_is_first_and_a_folder_is_read_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    for name in ("2", "1"):
        write(folder / f"{name}.json", (GOOD,))
    (folder / "other.json").write_text('{"schema": "something else"}')
    (folder / "list.json").write_text("[]")
    (folder / "notes.txt").write_text("{")
    newest = write(tmp_path / "newest.json", (GOOD,))
    found = read_results([folder, newest])
    assert [one.source for one in found] == ["newest.json", "2.json", "1.json"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "there is no file"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_file_that_was_named_must_hold_a_result(
    tmp_path: Path, text: str | None, why: str
) -> None:
    file = tmp_path / "a.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=why):
        read_results([file])


def test_another_kind_of_file_is_refused_if_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"schema": "something else"}')
    assert read_results([tmp_path]) == ()
    with pytest.raises(UsageError):
        read_results([tmp_path / "a.json"])


def test_only_the_worst_samples_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    bad = Trial(1, SampleOutcome.FAILED, 0.0, "no")
    trials = [(GOOD,), *[(bad,)] * (MAX_SAMPLES + 2)]
    (found,) = read_results([write(tmp_path / "a.json", *trials)])
    assert (found.samples, found.passed) == (MAX_SAMPLES + 3, 1)
    assert (len(found.worst), found.others) == (MAX_SAMPLES, 2)
    assert found.cost_micros == 900


def test_a_sample_shows_its_first_bad_answer_and_each_fault_once(tmp_path: Path) -> None:
    checks = (
        CheckOutcome("contains: a", 0.0, False, "it does not"),
        CheckOutcome("equals: b", 1.0, True, ""),
        CheckOutcome("latency", 0.0, False, ""),
    )
    bad = Trial(1, SampleOutcome.FAILED, 0.0, "x" * 601, checks, error="broken")
    (found,) = read_results([write(tmp_path / "a.json", (bad._replace(answer=""), bad))])
    (sample,) = found.worst
    assert sample.answer == "x" * 600 + "…"
    assert sample.faults == ("contains: a: it does not", "latency", "broken")


def test_a_result_with_a_failed_sample_that_blocks_nothing_has_not_passed(tmp_path: Path) -> None:
    good = Trial(1, SampleOutcome.PASSED, 1.0, "yes")
    bad = Trial(1, SampleOutcome.FAILED, 0.0, "no")
    samples = tuple(
        SampleResult(name, "m", (), 1, (trial,), (trial,))
        for name, trial in (("a", good), ("b", bad))
    )
    state = TrialState("1.0.0", "1.0.0", "sha256:0")
    for name, held in (("both", samples), ("one", samples[:1])):
        suite = SuiteRunResult("evals/a.yaml", "", "a", state, held, state)
        data = json.dumps(result_to_json(EvalResult((suite,))))
        (tmp_path / f"{name}.json").write_text(data, "utf-8")

    (one,) = read_results([tmp_path / "one.json"])
    (both,) = read_results([tmp_path / "both.json"])

    assert (one.word, one.passed, one.tone) == ("passed", 1, "good")
    assert (both.word, both.passed, both.tone) == ("not blocked", 1, "good")
