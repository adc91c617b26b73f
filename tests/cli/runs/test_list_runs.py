from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import log_place
from tests.cli.running import accept, refuse, run
from tests.runtime.log.pieces import START
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo


def listed(repo: Repo, *args: str) -> list[str]:
    document = json.loads(accept(repo, "runs", "list", "--format", "json", *args))
    assert document["schema"] == "promptops.runs/v1"
    return [one["id"] for one in document["runs"]]


def test_runs_are_listed_the_newest_first(repo: Repo, runs: list[RunRecord]) -> None:
    lines = accept(repo, "runs", "list").splitlines()
    assert lines[0].split() == ["RUN", "STARTED", "PROMPT", "MODEL", "TIME", "COST", "STATUS"]
    assert len(lines) == 6
    assert masked(lines[1]) == snapshot(
        "<run>  <time>  support/triage@1.2.0  openai/gpt-4o-mini          <duration>  $0.001234  succeeded (degraded)"
    )
    assert lines[1].endswith("succeeded (degraded)")
    assert masked(lines[2]) == snapshot(
        "<run>  <time>  billing/refund@1.2.0  openai/gpt-4o-mini          <duration>   $0.00      refused at guard"
    )
    assert lines[2].endswith("<1 ms   $0.00      refused at guard")
    assert masked(lines[3]) == snapshot(
        "<run>  <time>  support/triage@1.3.0  anthropic/claude-haiku-4-5  <duration>  unknown    failed at call"
    )
    assert masked(lines[4]) == snapshot(
        "<run>  <time>  support/triage@1.2.0  openai/gpt-4o-mini          <duration>  $2.00      succeeded"
    )
    assert lines[5].startswith(runs[0].id[:13])
    assert masked(lines[5]) == snapshot(
        "<run>  <time>  support/triage@1.2.0  openai/gpt-4o-mini          <duration>  $0.001234  succeeded"
    )


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["support/triage"], [4, 2, 1, 0]),
        (["support/*"], [4, 2, 1, 0]),
        (["support/triage@1.3.0"], [2]),
        (["support/triage@staging"], [4]),
        (["--env", "production"], [3, 2, 1, 0]),
        (["--model", "anthropic/claude-haiku-4-5"], [2]),
        (["--user", "u-2"], [1]),
        (["--tenant", "acme", "--status", "refused"], [3]),
        (["--stage", "call"], [2]),
        (["--since", "2026-11-19T11:06:40Z", "--until", "2026-11-21"], [2, 1]),
        (["-n", "2"], [4, 3]),
        (["nothing/here"], []),
    ],
)
def test_filters(repo: Repo, runs: list[RunRecord], args: list[str], expected: list[int]) -> None:
    assert listed(repo, *args) == [runs[number].id for number in expected]


def test_runs_within_a_run(repo: Repo, runs: list[RunRecord]) -> None:
    assert listed(repo, "--parent", runs[0].id) == [runs[4].id]


def test_pages_follow_one_another(repo: Repo, runs: list[RunRecord]) -> None:
    result = run(repo, "runs", "list", "-n", "2")
    assert f"there are more: --before {runs[3].id}, or -n" in result.stderr
    assert listed(repo, "-n", "2", "--before", runs[3].id) == [runs[2].id, runs[1].id]
    last = run(repo, "runs", "list", "-n", "2", "--before", runs[1].id)
    assert last.stderr == ""


def test_json_has_no_content(repo: Repo, runs: list[RunRecord]) -> None:
    (one,) = json.loads(accept(repo, "runs", "list", "-n", "1", "--format", "json"))["runs"]
    assert not {"inputs", "messages", "answer", "tool_calls"} & set(one)
    assert one["started_at"] == "2026-11-22T11:06:40.000Z"
    assert one["usage"] == {
        "input_tokens": 100,
        "output_tokens": 20,
        "cached_tokens": 0,
        "source": "measured",
    }


def test_a_short_id_tells_runs_apart(repo: Repo, runs: list[RunRecord]) -> None:
    from promptops.cli.runs.view import shorten

    same = ["019a8f0c-1234-7abc-8def-0123456789ab", "019a8f0c-1234-7abc-8def-0123456789ff"]
    assert shorten(same) == {one: one[:-1] for one in same}
    assert shorten([same[0], "019a9f0c-1234-7abc-8def-0123456789ff"])[same[0]] == same[0][:13]
    assert shorten(same[:1]) == {same[0]: same[0][:13]}
    short = accept(repo, "runs", "list").splitlines()[1].split()[0]
    assert accept(repo, "runs", "show", short)


def test_no_runs_is_said(repo: Repo, runs: list[RunRecord]) -> None:
    result = run(repo, "runs", "list", "--user", "nobody")
    assert masked((result.stdout, result.stderr)) == snapshot(["", "there are no such runs\n"])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--status", "suceeded"], "did you mean 'succeeded'?"),
        (["--stage", "model"], "one of: resolve"),
        (["--since", "yesterday"], "'yesterday' is not a time"),
        (
            ["x@staging", "--env", "production"],
            "'@staging' and --env production cannot be combined",
        ),
        (["--before", "xyz"], "not the id of a run"),
    ],
)
def test_words_that_mean_nothing(
    repo: Repo, runs: list[RunRecord], args: list[str], message: str
) -> None:
    assert message in refuse(repo, "runs", "list", *args, code=2)


def test_without_a_log_nothing_is_made(repo: Repo) -> None:
    assert f"there is no run log at {log_place(repo)}" in refuse(repo, "runs", "list", code=2)
    assert not log_place(repo).parent.exists()


def test_the_configuration_and_the_environment_say_where_the_log_is(
    repo: Repo, runs: list[RunRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("promptops.toml", "[log]\nurl = 'logs/runs.db'\n")
    assert f"at {repo.path / 'logs' / 'runs.db'}" in refuse(repo, "runs", "list", code=2)
    monkeypatch.setenv("PROMPTOPS_LOG", str(log_place(repo)))
    assert len(listed(repo)) == 5
    assert len(listed(repo.path / "prompts")) == 5  # type: ignore[arg-type]
    (tmp_path / "elsewhere").mkdir()
    assert len(listed(tmp_path / "elsewhere")) == 5  # type: ignore[arg-type]


def test_a_time_span_counts_from_now(repo: Repo, runs: list[RunRecord]) -> None:
    from promptops.cli.times import parse_moment

    assert parse_moment("1d", START) == START - 86_400
    assert parse_moment("2026-11-18T11:06:40Z", 0) == START
