"""`promptops adopt`: the plan, what is written of it, and code that still has prompts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run

if TYPE_CHECKING:
    from tests.repositories import Repo

CODE = '''\
from openai import OpenAI

TRIAGE_PROMPT = """You triage support tickets for a shop.
Answer with a topic and an urgency, and with nothing else."""


def ask(ticket):
    return OpenAI().chat.completions.create(model="gpt-4o", messages=[])
'''


@pytest.fixture
def project(repo: Repo) -> Repo:
    """A text file with a prompt, and code with another."""
    repo.commit({"old/triage.md": "Sort this ticket: {{ ticket }}\n", "app.py": CODE})
    return repo


def test_a_plan_is_shown_and_nothing_is_written(project: Repo) -> None:
    result = run(project, "adopt", "old")
    assert result.exit_code == 0
    assert result.stdout == snapshot("""\
old/triage.md -> prompts/triage.md (Markdown, would be written)
  line 1: {{ ticket }} was taken for the input 'ticket'
""")
    assert result.stderr == snapshot("""\
1 name no model and get openai/gpt-4o-mini; use --model NAME to choose another
user.email is not set, so their author is you@example.com: git config user.email ADDRESS before --write, or change the line author
code that opens triage.md has to read the prompt instead: the file would move
1 prompt found; nothing was written; add --write to write them
""")
    assert project.git("status", "--porcelain") == ""


def test_what_is_written_is_what_was_planned(project: Repo) -> None:
    planned = json.loads(accept(project, "adopt", "old", "--format", "json"))
    written = json.loads(accept(project, "adopt", "old", "--format", "json", "--write"))
    assert (planned["schema"], planned["written"], written["written"]) == (
        "promptops.adopt/v1",
        False,
        True,
    )
    assert planned["prompts"] == written["prompts"]
    (one,) = written["prompts"]
    assert (project.path / one["path"]).exists()
    assert not (project.path / "old/triage.md").exists()


def test_who_reads_the_moved_file_and_its_history_are_thought_of(project: Repo) -> None:
    project.config("user.email", "jane@example.com")
    told = run(project, "adopt", "old", "--write").stderr
    assert "user.email" not in told
    assert "code that opens triage.md has to read the prompt instead: the file moved" in told
    assert 'commit the moves first: git commit --no-verify -m "Move prompts"' in told


def test_without_a_prompt_the_answer_is_no(project: Repo) -> None:
    project.write("empty/readme.bin", b"\x00")
    result = run(project, "adopt", "empty")
    assert result.exit_code == 1
    assert "no prompts found" in result.stderr


def test_code_with_prompts_fails_until_they_are_accepted(project: Repo) -> None:
    scan = ("adopt", "--scan", "app.py")
    shown = run(project, *scan)
    assert (shown.exit_code, shown.stdout) == (
        0,
        snapshot("""\
app.py:3: the text TRIAGE_PROMPT
app.py:8: a call of OpenAI().chat.completions.create
"""),
    )
    assert run(project, *scan, "--check").exit_code == 1
    assert "2 kept in " in run(project, *scan, "--write").stderr
    checked = run(project, *scan, "--check")
    assert (checked.exit_code, checked.stdout) == (0, "")
    text, call = CODE.split("\n\n\n")
    other = text.replace("TRIAGE", "OTHER").replace("tickets", "mails")
    project.write("app.py", f"{text}\n{other}\n\n\n{call}")
    again = json.loads(run(project, *scan, "--format", "json").stdout)["found"]
    assert [one["name"] for one in again if one["new"]] == ["OTHER_PROMPT"]


def test_a_check_is_of_a_scan(project: Repo) -> None:
    assert "--check needs --scan" in refuse(project, "adopt", "old", "--check", code=2)
