from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.runtime.log.pieces import START, end, make_run
from tests.runtime.test_redaction import CARD
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo


def test_everything_about_a_run_is_shown(repo: Repo, runs: list[RunRecord]) -> None:
    text = accept(repo, "runs", "show", runs[0].id)
    attempt = (
        "  attempt 1    openai/gpt-4o-mini, served by gpt-4o-mini-2024-07-18,"
        " 800 ms, $0.001234, 200, stop"
    )
    for line in (
        attempt,
        "support/triage@1.2.0  succeeded",
        f"  run          {runs[0].id}",
        "  asked for    support/triage@production",
        "  cost         $0.001234",
        "  tokens       100 in, 20 out (measured)",
        "  environment  production, deployment 7",
        "  user         u-1",
        "  label page   help",
        "  decided by share 30 % of the keys",
        '  event        2026-11-18T11:06:41.000Z breaker_opened {"model": "m"}',
        "  feedback     helpful, 1, thanks, u-1",
        "message: system",
        "  I was charged twice.",
        '  {"topic": "billing"}',
    ):
        assert line in text.splitlines(), text
    failed = accept(repo, "runs", "show", runs[2].id)
    assert masked(failed) == snapshot("""\
support/triage@1.3.0  failed at call
  run          <uuid>
  asked for    support/triage@production
  started      <time>
  took         <duration>
  cost         unknown
  tokens       100 in, 20 out (measured)
  model        anthropic/claude-haiku-4-5
  finish       stop
  environment  production, deployment 7
  digest       <digest>
  commit       cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
  user         u-1
  tenant       acme
  key          k-1
  error        anthropic/claude-haiku-4-5: the provider answered with an error (529) (ModelError)
  label page   help
  decided by share 30 % of the keys
  attempt 1    openai/gpt-4o-mini, served by gpt-4o-mini-<time>, <duration>, $0.001234, 200, stop

inputs
  {
    "ticket": "I was charged twice."
  }

message: system
  You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. \n\

message: user
  I was charged twice.
""")
    assert masked(accept(repo, "runs", "show", runs[4].id)) == snapshot("""\
support/triage@1.2.0  succeeded (degraded)
  run          <uuid>
  within       <uuid>
  asked for    support/triage@production
  started      <time>
  took         <duration>
  cost         $0.001234
  tokens       100 in, 20 out (measured)
  model        openai/gpt-4o-mini
  finish       stop
  environment  staging, deployment 7
  digest       <digest>
  commit       cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
  user         u-1
  tenant       acme
  key          k-1
  label page   help
  decided by share 30 % of the keys
  attempt 1    openai/gpt-4o-mini, served by gpt-4o-mini-<time>, <duration>, $0.001234, 200, stop
  review       waits since <time>: urgency is high

inputs
  {
    "ticket": "I was charged twice."
  }

message: system
  You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. \n\

message: user
  I was charged twice.

answer
  {"topic": "billing"}
""")


def test_json_has_everything(repo: Repo, runs: list[RunRecord]) -> None:
    one = json.loads(accept(repo, "runs", "show", runs[0].id[:20], "--format", "json"))
    assert one["schema"] == "promptops.run/v1"
    assert one["id"] == runs[0].id
    assert one["inputs"] == {"ticket": "I was charged twice."}
    assert one["answer"] == '{"topic": "billing"}'
    assert one["decisions"] == [{"rule": "share", "why": "30 % of the keys"}]
    assert [attempt["number"] for attempt in one["attempts"]] == [1]
    assert one["events"][0]["kind"] == "breaker_opened"
    assert one["feedback"][0]["label"] == "helpful"


@pytest.mark.story
def test_what_a_model_wrote_cannot_pass_for_a_line_of_the_page(
    repo: Repo, write_log: Callable[..., RunLog]
) -> None:
    answer = "fine\n  cost         $0.00\n\nanswer\n\x1b[31mred \ud800 \0"
    made = end(make_run(START, user="u\ncost  $0"), answer=answer)
    write_log(content="full").finish(made)

    def show(*args: str) -> str:
        command = [sys.executable, "-m", "promptops", "runs", "show", made.id, *args]
        return subprocess.run(
            command, cwd=repo.path, check=True, stdout=subprocess.PIPE
        ).stdout.decode()

    text = show()
    assert text.count("\n  cost  ") == 1
    assert text.count("\nanswer\n") == 1
    assert masked(text.splitlines()) == snapshot(
        [
            "support/triage@1.2.0  succeeded",
            "  run          <uuid>",
            "  asked for    support/triage@production",
            "  started      <time>",
            "  took         <duration>",
            "  cost         $0.001234",
            "  tokens       100 in, 20 out (measured)",
            "  model        openai/gpt-4o-mini",
            "  finish       stop",
            "  environment  production, deployment 7",
            "  digest       <digest>",
            "  commit       cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd",
            "  user         u cost $0",
            "  tenant       acme",
            "  key          k-1",
            "  label page   help",
            "  decided by share 30 % of the keys",
            "",
            "inputs",
            "  {",
            '    "ticket": "I was charged twice."',
            "  }",
            "",
            "message: system",
            "  You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. ",
            "",
            "message: user",
            "  I was charged twice.",
            "",
            "answer",
            "  fine",
            "    cost         $0.00",
            "  ",
            "  answer",
            "  \x1b[31mred \\ud800 \x00",
        ]
    )
    assert json.loads(show("--format", "json"))["answer"] == answer


def test_a_redacted_run_says_so(repo: Repo, write_log: Callable[..., RunLog]) -> None:
    made = end(make_run(START), answer=f"My card is {CARD}.")
    write_log().finish(made)
    result = run(repo, "runs", "show", made.id)
    assert CARD not in result.stdout
    assert result.stderr == snapshot(
        "the messages of this run were redacted when they were logged\n"
    )


def test_a_run_that_is_not_there(repo: Repo, runs: list[RunRecord]) -> None:
    assert refuse(repo, "runs", "show", "ffffffff", code=2) == snapshot("""\
error: the log has no run 'ffffffff'
 hint: run 'promptops runs list' to see the runs\
""")
    assert refuse(repo, "runs", "show", "ff", code=2) == snapshot("""\
error: 'ff' is not the id of a run
 hint: use at least its first 4 digits; run 'promptops runs list' to see ids\
""")
    assert refuse(repo, "runs", "show", runs[0].id[:4], code=2) == snapshot("""\
error: several runs begin with '01a1'
 hint: use more characters of the id\
""")
