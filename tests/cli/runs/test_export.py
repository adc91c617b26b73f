from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.runtime.log.pieces import START, end, make_run
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo


def test_every_line_is_a_whole_run(repo: Repo, runs: list[RunRecord]) -> None:
    lines = accept(repo, "runs", "export").splitlines()
    documents = [json.loads(line) for line in lines]
    assert [one["id"] for one in documents] == [one.id for one in runs]
    assert {one["schema"] for one in documents} == {"promptops.run/v1"}
    assert documents[0]["inputs"] == {"ticket": "I was charged twice."}
    assert documents[0]["feedback"][0]["score"] == 1.0
    assert documents[4]["reviews"][0]["status"] == "open"
    (one,) = accept(repo, "runs", "export", "--stage", "call", "--no-content").splitlines()
    assert "answer" not in json.loads(one)


def test_csv_is_harmless_for_spreadsheets(
    repo: Repo, runs: list[RunRecord], write_log: Callable[..., RunLog]
) -> None:
    answer = '=HYPERLINK("http://attacker.example","x")\nsecond line, "quoted"'
    write_log(content="full").finish(end(make_run(START + 10**6, user="@sum"), answer=answer))
    text = accept(repo, "runs", "export", "--format", "csv")
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert len(rows) == 6
    assert rows[5]["answer"] == f"'{answer}"
    assert rows[5]["user"] == "'@sum"
    assert rows[0]["feedback_score"] == "1.0"
    assert rows[0]["feedback_label"] == "helpful"
    assert rows[0]["attempts"] == "1"
    assert rows[0]["decisions"] == snapshot("share: 30 % of the keys")
    assert rows[2]["cost_micros"] == ""
    assert (rows[4]["degraded"], rows[0]["degraded"]) == ("true", "false")
    assert json.loads(rows[0]["inputs"]) == {"ticket": "I was charged twice."}
    short = accept(repo, "runs", "export", "--format", "csv", "--no-content")
    assert "answer" not in short.splitlines()[0].split(",")


def test_a_file_keeps_what_no_text_file_can_hold(
    repo: Repo, write_log: Callable[..., RunLog]
) -> None:
    log = write_log(content="full")
    for number in range(3):
        log.finish(end(make_run(START + number), answer="lone \ud800 nul \0 \U0001f600"))
    result = run(repo, "runs", "export", "-o", "runs.jsonl")
    assert masked((result.stdout, result.stderr)) == snapshot(
        ["", "3 runs written to runs.jsonl\n"]
    )
    lines = (repo.path / "runs.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["answer"] for line in lines] == ["lone \ud800 nul \0 \U0001f600"] * 3
    assert masked(refuse(repo, "runs", "export", "-o", "no/such/file", code=2)) == snapshot("""\
error: <folder>/repo/no/such/file: no such file or directory
 hint: check that the file exists and is accessible, and that the disk is not full\
""")
