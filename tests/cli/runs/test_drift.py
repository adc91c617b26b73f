"""`promptops runs stats --drift`."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import log_place
from tests.cli.running import accept, refuse
from tests.cli.running import run as ask
from tests.runtime.drift.pieces import make_runs
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptops.runtime.log.log import RunLog
    from tests.repositories import Repo


def refusing(values: dict[str, Any], chance: random.Random) -> None:
    if chance.random() < 0.3:
        values["answer"] = "I'm sorry, but I can't help with that."


@pytest.fixture
def drifted(write_log: Callable[..., RunLog]) -> list[str]:
    """Runs of eight days, of which the last one refuses more often."""
    chance = random.Random(2)
    log = write_log(content="full")
    start = min(run.started_at for run in make_runs(random.Random(2), 1))
    runs = [*make_runs(chance, 80, day=2), *make_runs(chance, 80, refusing, day=7)]
    for run in runs:
        log.finish(run)
    assert start
    return [run.id for run in runs]


@pytest.mark.story
def test_drift_is_shown_with_an_example_and_what_to_do(repo: Repo, drifted: list[str]) -> None:
    text = accept(repo, "runs", "stats", "--drift", "--until", "2026-11-26T01:00Z")
    assert masked(text) == snapshot("""\
support/triage (1.2.0): 80 recent runs compared with 80 earlier ones; 8 measures
        MEASURE        RECENT         BEFORE      CHANCE   FIRST EXAMPLE
DRIFTS  refusals       31.2% refuses  1.2%        2.7e-07  <uuid>
        output length  median 85      median 153  0.0003   <uuid>
""")
    line = next(line for line in text.splitlines() if "refusals" in line)
    assert line.split()[0] == "DRIFTS"
    assert line.split()[-1] in drifted[80:]
    document = json.loads(
        accept(repo, "runs", "stats", "--drift", "--until", "2026-11-26T01:00Z", "--format", "json")
    )
    embedded = ("--embedding", "echo/any", "--format", "json", "--until", "2026-11-26T01:00Z")
    more = json.loads(accept(repo, "runs", "stats", "--drift", *embedded))
    measures = {one["measure"] for one in more["prompts"][0]["measures"]}
    assert "output meaning" in measures
    [prompt] = document["prompts"]
    assert document["schema"] == "promptops.drift/v1"
    assert "refusals" in [one["measure"] for one in prompt["measures"] if one["alarm"]]


@pytest.mark.story
def test_people_are_told_once_and_metrics_say_it(
    repo: Repo, drifted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    monkeypatch.setenv("TELL", f"sh -c 'cat >> {told}'")
    repo.write(
        "promptops.toml",
        "[telemetry]\nprometheus = true\n[alerts.command]\nrun_variable = 'TELL'\n",
    )
    for _ in range(2):
        accept(repo, "runs", "stats", "--drift", "--alert", "--until", "2026-11-26T01:00Z")
    document = json.loads(told.read_text())
    assert document["kind"] == "drift"
    assert document["title"].startswith("support/triage@1.2.0 drifts: ")
    assert "promptops runs show " in document["detail"]
    assert masked(document["detail"]) == snapshot("""\
refusals: 31.2% refuses, was 1.2%
first example: promptops runs show <uuid>
next: promptops runs stats support/triage --drift\
""")
    text = accept(repo, "metrics")
    labels = 'prompt="support/triage",version="1.2.0",measure="refusals"'
    assert f"promptops_drift_alarm{{{labels}}} 1\n" in text


def test_nothing_to_compare(repo: Repo, write_log: Callable[..., RunLog]) -> None:
    log = write_log()
    for run in make_runs(random.Random(1), 3, day=7):
        log.finish(run)
    text = accept(repo, "runs", "stats", "--drift", "--until", "2026-11-26T01:00Z")
    assert text == snapshot(
        "support/triage (1.2.0): 3 recent runs compared with 0 earlier ones; 0 measures\n"
    )
    assert log_place(repo).exists()


def test_options_that_exclude_one_another(repo: Repo, write_log: Callable[..., RunLog]) -> None:
    write_log()
    assert refuse(repo, "runs", "stats", "--alert", code=2) == snapshot("""\
error: --alert needs --drift
 hint: add --drift\
""")
    assert refuse(repo, "runs", "stats", "--drift", "--by", "day", code=2) == snapshot("""\
error: --drift cannot be combined with --by, --compare or CSV
 hint: use --drift alone or with --format json\
""")


def test_a_run_whose_prompt_was_not_found_is_none_of_a_prompt(
    repo: Repo, write_log: Callable[..., RunLog]
) -> None:
    lone = make_runs(random.Random(2), 1, day=7)[0]
    lost = lone._replace(prompt=None, version=None, digest=None, status="failed", stage="resolve")
    write_log().finish(lost)
    said = ask(repo, "runs", "stats", "--drift", "--until", "2026-11-26T01:00Z")
    assert masked((said.stdout, said.stderr)) == snapshot(["", "there are no such runs\n"])
