"""What evals ask is in the run log, apart from what users asked."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.evals.asking import Asker
from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import Filters, open_log
from tests.cli.running import accept, run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo

SUITE = """
schema: promptops.suite/v1
prompt: ask
defaults: {trials: 2}
samples:
- {name: a, inputs: {q: first}, expect: [{contains: answer}]}
- {name: b, inputs: {q: fault}, expect: [{contains: answer}]}
- {name: c, inputs: {q: again}, turns: [{user: More?, expect: [{contains: answer}]}]}
"""
ANSWERS = """
rules:
- {when: {role: user, text: fault}, fault: {status: 400}}
- {answer: The answer., usage: {input: 100, output: 50}}
"""


@pytest.fixture
def project(repo: Repo) -> Repo:
    text = prompt_text(body="{{ q }}", inputs="{q: string}", model="scripted/a.yaml")
    repo.write("prompts/ask.md", text)
    repo.write("evals/ask.yaml", SUITE)
    repo.write("a.yaml", ANSWERS)
    repo.write("promptops.toml", "[log]\ncontent = 'full'\n")
    return repo


def listed(project: Repo, *args: str) -> list[dict[str, Any]]:
    result = run(project, "runs", "list", "--format", "json", *args)
    if result.exit_code:
        assert "there is no run log" in result.stderr
        return []
    runs: list[dict[str, Any]] = json.loads(result.stdout)["runs"]
    return runs


@pytest.mark.slow
def test_each_question_of_a_trial_is_a_run_of_its_own(project: Repo) -> None:
    assert run(project, "eval", "run").exit_code == 2
    found = listed(project, "--evals", "-n", "50")
    # Two trials of a, of b, and of c with two turns each.
    assert len(found) == 8, [(one["labels"], one["status"]) for one in found]
    labels = sorted((one["labels"]["sample"], one["labels"]["trial"]) for one in found)
    asked = [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")]
    assert labels == [*asked, ("c", "1"), ("c", "1"), ("c", "2"), ("c", "2")]
    assert {one["environment"] for one in found} == {"eval"}
    failed = [one for one in found if one["status"] == "failed"]
    assert [one["labels"]["sample"] for one in failed] == ["b", "b"]
    good = next(one for one in found if one["status"] == "succeeded")
    entry = json.loads(accept(project, "runs", "show", good["id"], "--format", "json"))
    assert entry["answer"] == "The answer."
    assert entry["usage"]["input_tokens"] == 100
    assert len(entry["attempts"]) == 1


@pytest.mark.slow
def test_production_and_evals_are_counted_apart(project: Repo) -> None:
    with promptops.open(project.path) as registry:
        registry.run("ask@working", {"q": "a user's"})
    run(project, "eval", "run")
    assert len(listed(project)) == 1
    assert len(listed(project, "--evals")) == 8
    assert len(listed(project, "--env", "eval")) == 8

    def count(*args: str) -> int:
        groups = json.loads(accept(project, "runs", "stats", "--format", "json", *args))["groups"]
        return sum(one["runs"] for one in groups)

    assert (count(), count("--evals")) == (1, 8)
    exported = accept(project, "runs", "export").splitlines()
    assert len(exported) == 9


@pytest.mark.slow
def test_the_log_can_be_off(project: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("promptops.toml", "[log]\nevals = false\n")
    run(project, "eval", "run")
    assert listed(project, "--evals") == []
    (project.path / "promptops.toml").unlink()
    run(project, "eval", "run")
    assert listed(project, "--evals") == []
    monkeypatch.setenv("PROMPTOPS_LOG", str(project.path / "runs.db"))
    run(project, "eval", "run", "--sample", "a", "--record")
    assert len(listed(project, "--evals")) == 2
    assert run(project, "eval", "run", "--sample", "a", "--replay").exit_code == 0
    assert len(listed(project, "--evals")) == 2


def test_a_log_that_cannot_be_written_stops_nothing(
    project: Repo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PROMPTOPS_LOG", str(project.path))
    assert run(project, "eval", "run", "--sample", "a").exit_code == 0
    assert "recording of runs is paused" in caplog.text
    assert "2 records of runs were lost" in caplog.text


def test_records_that_cannot_be_made_stop_nothing(
    project: Repo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr("promptops.evals.trial_log.record_plain", fail)
    assert run(project, "eval", "run", "--sample", "a").exit_code == 0
    assert "recording of runs is paused: ZeroDivisionError('odd')" in caplog.text
    assert "2 records of runs were lost" in caplog.text


WAYS = """
schema: promptops.suite/v1
prompt: ask
samples:
- {name: good, inputs: {q: first}, expect: [{contains: said}]}
- {name: same, inputs: {q: first}, expect: [{contains: said}]}
- {name: refused, inputs: {q: refused}, expect: [{contains: said}]}
- {name: down, inputs: {q: down}, expect: [{contains: said}]}
- {name: odd, inputs: {q: odd}, expect: [{contains: said}]}
- {name: tools, inputs: {q: call}, expect: [{contains: said}]}
"""
WAYS_ANSWERS = """
rules:
- {when: {role: user, text: refused}, fault: {status: 400}}
- {when: {role: user, text: down}, fault: {status: 503}}
- {when: {role: user, text: odd}, answer: no JSON}
- {when: {role: user, text: call}, tools: [{name: find, arguments: {a: 1}}]}
- {answer: '{"said": "yes"}', usage: {input: 100, output: 50}}
"""
CHANGES: dict[str, dict[str, str]] = {
    "as it is": {"max_tokens": "100"},
    "a schema": {"output": "{type: object, properties: {said: {type: string}}, required: [said]}"},
    "a hidden input": {"inputs": "{q: {type: string, redact: true}}"},
    "fallbacks": {"fallbacks": "[scripted/b.yaml]"},
    "one that is not allowed": {"fallbacks": "[scripted/c.yaml, scripted/b.yaml]"},
    "a review": {"review": "{when: \"'yes' in output\"}"},
}


def describe_rows(project: Repo) -> list[dict[str, Any]]:
    """Return all runs of evals but for ids and times, in the order of the suite."""
    place = project.path / ".git" / "promptops-log" / "runs.db"
    with open_log(
        place, LogSettings(), clock=time.time, random=os.urandom, key=lambda _: None
    ) as log:
        entries = list(log.export(Filters(evals=True)))
    found = []
    for entry in entries:
        run, labels = entry.run, dict(entry.run.labels or {})
        del labels["eval"]
        assert run.ms is not None
        assert run.lease_until is not None
        own = run._replace(id="", started_at=0.0, lease_until=None, ms=None, labels=labels)
        assert all(one.run_id == run.id and one.ms is not None for one in entry.attempts)
        asked = [one._replace(run_id="", started_at=0.0, ms=None) for one in entry.attempts]
        found.append({"run": own, "attempts": asked})
    place.unlink()
    return sorted(found, key=lambda one: (one["run"].labels["sample"], one["run"].labels["side"]))


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("args", [(), ("--models", "scripted/b.yaml"), ("--max-cost", "1")])
def test_what_asks_once_makes_the_rows_of_a_full_run(
    project: Repo, monkeypatch: pytest.MonkeyPatch, change: str, args: tuple[str, ...]
) -> None:
    """A prompt without routes and the like is asked, and recorded, in a shorter way."""
    keys = {"inputs": "{q: string}", "model": "scripted/a.yaml", **CHANGES[change]}
    project.write("prompts/ask.md", prompt_text(body="{{ q }}", **keys))
    settings = "[models]\nallow = ['scripted/a.yaml', 'scripted/b.yaml']\n[log]\ncontent = 'full'\n"
    project.write("promptops.toml", settings)
    project.write("evals/ask.yaml", WAYS)
    for name in ("a.yaml", "b.yaml"):
        project.write(name, WAYS_ANSWERS)
    monkeypatch.setattr("promptops.runtime.run.retry._FIRST_DELAY_SECONDS", 0.0)
    found = []
    for is_plain in (True, False):
        with monkeypatch.context() as patch:
            if not is_plain:
                patch.setattr(Asker, "_find_plain", lambda *_, **__: None)
            result = run(project, "eval", "run", "--concurrency", "1", *args)
            found.append((result.exit_code, describe_rows(project)))
    assert found[0] == found[1]
    assert len(found[0][1]) >= 6 or "--max-cost" in args
