"""The checklist: each item holds and fails for its own reason, and attestations end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.evals.nightly.branch import HistoryBranch
from promptops.readiness.attestations import FILE, Attestation
from promptops.readiness.checklist import ITEMS, judge_readiness
from promptops.readiness.facts import ReadinessFacts
from promptops.readiness.item import ReadinessLevel, ReadinessOutcome
from promptops.repository.repository import open_repository
from tests.cli.running import accept, refuse, run
from tests.evals.nightly.pieces import RECORD
from tests.prompts import prompt_text
from tests.released import Press
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-proj-" + "a1B2" * 8
FULL = {
    "max_tokens": "50",
    "fallbacks": "[anthropic/claude-3-haiku]",
    "limitations": "[Knows no refunds.]",
    "review": "{when: low-confidence}",
}
CONFIG = """
[gate]
evals = "block"
[guards]
spend_per_hour = 5
per_user = {spend_per_day = 1}
per_tenant = {spend_per_day = 9}
[cache]
ttl = "1h"
[log]
retention = "90d"
encryption_key = "LOG_KEY"
[telemetry]
otel = true
[alerts.slack]
url_variable = "SLACK_URL"
[environments.production]
deployers = ["ann@example.com"]
"""
NIGHTLY = (
    "on:\n  schedule:\n    - cron: '0 3 * * *'\njobs: {a: {steps: [{run: promptops eval run}]}}\n"
)


def suite(prompt: str, count: int) -> str:
    samples = "".join(
        f"  - {{name: s{i}, tags: [edge], inputs: {{question: q{i}}}, expect: [{{contains: a}}]}}\n"
        for i in range(count)
    )
    return f"schema: promptops.suite/v1\nprompt: {prompt}\nsamples:\n{samples}"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A team with one released prompt and nothing else."""
    copy_template(build_repo, tmp_path / "team", tmp_path.parent)
    return Repo(tmp_path / "team")


def build_repo(folder: Path) -> None:
    press = Press(Repo.init(folder))
    press.release("support/triage", "1.0.0")
    press.release("support/triage", "1.1.0")
    press.deploy("staging", {"support/triage": "1.0.0"})
    press.deploy("production", {"support/triage": "1.0.0"})


def judge(repo: Repo, *, now: float | None = None) -> dict[str, tuple[str, str]]:
    facts = ReadinessFacts(open_repository(repo.path))
    if now is not None:
        facts.now = now
    found = judge_readiness(facts)
    return {one.item.id: (one.found.outcome.value, one.found.evidence) for one in found.judged}


def test_items_have_names_of_their_own() -> None:
    assert len({one.id for one in ITEMS}) == len(ITEMS) == 34
    assert {one.level for one in ITEMS} == set(ReadinessLevel)


def test_a_repository_with_everything_lacks_only_what_cannot_be_seen(repo: Repo) -> None:
    repo.write("promptops.toml", CONFIG)
    repo.write("CODEOWNERS", "* @team\n")
    repo.write("docs/incidents.md", "Call Ann.\n")
    repo.write(".github/workflows/nightly.yml", NIGHTLY)
    keys = dict(FULL)
    keys.pop("review")
    repo.write("prompts/support/triage.md", prompt_text("1.1.0", output="{type: object}", **keys))
    repo.write("evals/support/triage.yaml", suite("support/triage", 50))

    found = judge(repo)

    lacking = {name for name, (outcome, _) in found.items() if outcome == "missing"}
    assert lacking == {"logging", "runtime", "cost", "shares", "review"}
    unseen = {name for name, (outcome, _) in found.items() if outcome == "cannot be seen"}
    assert unseen == {"failover", "alerts", "audits", "quarter", "recovery"}


@pytest.mark.parametrize(
    ("path", "text", "item", "said"),
    [
        ("app/settings.py", f'KEY = "{KEY}"\n', "keys", "app/settings.py:1"),
        (
            "app/chat.py",
            "import openai\nopenai.OpenAI().chat.completions.create()\n",
            "errors",
            "app/chat.py:2",
        ),
        ("promptops.toml", '[log]\ncontent = "full"\n', "personal-data", "unredacted"),
        ("promptops.toml", '[log]\ncontent = "none"\n', "logging", "keeps no content"),
        ("prompts/broken.md", "---\nversion: [\n---\nHi\n", "files", "broken cannot be read"),
    ],
)
def test_what_is_wrong_is_named(repo: Repo, path: str, text: str, item: str, said: str) -> None:
    repo.write(path, text)

    outcome, evidence = judge(repo)[item]

    assert outcome == "missing"
    assert said in evidence
    assert KEY not in evidence


@pytest.mark.parametrize(
    ("nights", "outcome", "said"),
    [
        ([], "cannot be seen", "has no nightly results"),
        (["2026-11-20", "2026-11-28"], "met", "last on 2026-11-28"),
        (["2026-11-20"], "missing", "the last night on record is 2026-11-20"),
    ],
)
def test_nightly_evals_have_to_have_run_lately(
    repo: Repo, nights: list[str], outcome: str, said: str
) -> None:
    repo.write("promptops.toml", CONFIG)
    repo.write(".github/workflows/nightly.yml", NIGHTLY.replace("eval run", "eval nightly"))
    for night in nights:
        history = HistoryBranch(open_repository(repo.path))
        history.append([replace(RECORD, night=night)])
    now = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
    found, evidence = judge(repo, now=now)["nightly"]
    assert (found, said in evidence) == (outcome, True), evidence


def test_samples_are_counted_by_prompt(repo: Repo) -> None:
    repo.write("evals/support/triage.yaml", suite("support/triage", 7))

    found = judge(repo)

    assert found["five-samples"][0] == "met"
    assert masked(found["twenty-samples"]) == snapshot(
        ["missing", "fewer than 20 samples: support/triage (7)"]
    )


def test_an_attestation_counts_until_it_ends(repo: Repo) -> None:
    accept(repo, "readiness", "--attest", "failover", "--evidence", "pulled the plug")
    [line] = (repo.path / FILE).read_text().splitlines()
    at = datetime.strptime(json.loads(line)["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    now = judge(repo)["failover"]
    later = judge(repo, now=at.timestamp() + 91 * 86400)["failover"]
    before = judge(repo, now=at.timestamp() - 86400)["failover"]

    assert now[0] == "attested"
    assert masked(now[1]) == snapshot(
        "pulled the plug (Jane Doe <jane@example.com>, <time>; until <time>)"
    )
    assert later[0] == "cannot be seen"
    assert masked(later[1]) == snapshot(
        "no drill has shown that a fallback answers; the attestation by Jane Doe <jane@example.com> ended on <time>"
    )
    assert before[0] == "cannot be seen"


def test_an_attestation_does_not_hide_what_is_seen(repo: Repo) -> None:
    repo.write("evals/support/triage.yaml", suite("support/triage", 7))
    accept(repo, "readiness", "--attest", "twenty-samples", "--evidence", "in another suite")

    outcome, evidence = judge(repo)["twenty-samples"]

    assert outcome == "attested"
    assert masked(evidence) == snapshot(
        "in another suite (Jane Doe <jane@example.com>, <time>; until <time>); seen here: fewer than 20 samples: support/triage (7)"
    )


def test_the_newest_attestation_counts(repo: Repo) -> None:
    lines = [
        Attestation("failover", datetime(2026, 1, 1, tzinfo=UTC), "a", "old", 90).write(),
        Attestation("failover", datetime(2026, 3, 1, tzinfo=UTC), "b", "new", 90).write(),
    ]
    repo.write(FILE, "".join(reversed(lines)))

    found = judge(repo, now=datetime(2026, 5, 1, tzinfo=UTC).timestamp())

    assert found["failover"][1].startswith("new (b")


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        '{"item": "failover"}',
        '{"item": "x", "at": "2026-13-01T00:00:00Z", "by": "a", "evidence": "e", "days": 1}',
        '{"item": "x", "at": "2026-01-01T00:00:00Z", "by": "", "evidence": "e", "days": 1}',
        '{"item": "x", "at": "2026-01-01T00:00:00Z", "by": "a", "evidence": "e", "days": 9999}',
        '{"item": "x", "at": "2026-01-01T00:00:00Z", "by": "a", "evidence": "e", "days": true}',
    ],
)
def test_a_broken_attestation_is_an_error(repo: Repo, line: str) -> None:
    repo.write(FILE, f"{line}\n")

    said = refuse(repo, "readiness", code=2)

    assert f"{FILE}:1 is not an attestation" in said


def test_the_exit_code_says_whether_the_level_is_reached(repo: Repo) -> None:
    repo.write("evals/support/triage.yaml", suite("support/triage", 5))
    keys: dict[str, Any] = {"limitations": "[Knows no refunds.]"}
    repo.write("prompts/support/triage.md", prompt_text("1.1.0", **keys))
    accept(repo, "readiness", "--attest", "logging", "--evidence", "elsewhere")

    good = run(repo, "readiness", "--level", "tool")
    more = run(repo, "readiness", "--level", "product")

    assert (good.exit_code, more.exit_code) == (0, 1)
    assert masked(good.output) == snapshot("""\
tool: 6 of 6
  ok    Keys are not in files: none of 3 files contains what looks like a provider's key
  ok    Errors of providers are handled: no code calls a model directly; the runtime retries and reports errors
  said  Runs are logged: elsewhere (Jane Doe <jane@example.com>, <time>; until <time>); seen here: no run of the last 30 days is in the log
  ok    Prompts are in files: 1 prompt in files, and none in Python code
  ok    Each prompt has five documented cases: the only prompt has at least 5 samples
  ok    Known limitations are written down: the only prompt says what it cannot do

Ready as a tool.
""")
    assert "left for the level product" in more.output


def test_the_other_formats_say_the_same(repo: Repo) -> None:
    document = json.loads(run(repo, "readiness", "--format", "json").stdout)
    text = run(repo, "readiness", "--format", "markdown").stdout

    assert document["schema"] == "promptops.readiness/v1"
    assert [one["id"] for one in document["items"]] == [one.id for one in ITEMS]
    assert text.count("- [") == len(ITEMS)
    assert {one["outcome"] for one in document["items"]} <= {one.value for one in ReadinessOutcome}


@pytest.mark.parametrize("option", ["--audit", "--quarter"])
def test_audits_are_written_once_and_attested(repo: Repo, option: str) -> None:
    repo.write("CODEOWNERS", "* @a|b\n")

    said = run(repo, "readiness", option)
    again = refuse(repo, "readiness", option, code=2)

    assert said.exit_code == 0, said.output
    [file] = (repo.path / "audits").iterdir()
    assert "support/triage" in file.read_text("utf-8") or option == "--quarter"
    assert "already exists" in again
    assert judge(repo)["audits" if option == "--audit" else "quarter"][0] == "attested"


@pytest.mark.parametrize(
    "words",
    [
        ("--attest", "failover"),
        ("--evidence", "x"),
        ("--attest", "failover", "--evidence", " "),
        ("--attest", "failovr", "--evidence", "x"),
        ("--audit", "--quarter"),
    ],
)
def test_wrong_use_is_an_error(repo: Repo, words: tuple[str, ...]) -> None:
    refuse(repo, "readiness", *words, code=2)
