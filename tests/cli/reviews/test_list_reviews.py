"""`promptops reviews list`: the runs that wait for a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.reviews.pieces import listed
from tests.cli.running import accept, run
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.runtime.log.record import RunRecord, RunReview
    from tests.repositories import Repo


def test_what_waits_is_listed_and_shown(repo: Repo, reviews: list[RunReview]) -> None:
    lines = accept(repo, "reviews", "list").splitlines()
    assert lines[0].split() == ["REVIEW", "SINCE", "PROMPT", "WHY"]
    assert lines[1].startswith(reviews[0].id[:13])
    assert masked(lines[1]) == snapshot("<run>  <time>  support/triage@1.2.0  urgency is high")
    assert listed(repo, "-n", "2") == [one.id for one in reviews[:2]]
    result = run(repo, "reviews", "show", reviews[1].id)
    assert masked(result.stdout) == snapshot("""\
support/triage@1.2.0  succeeded
  run          <uuid>
  asked for    support/triage@production
  started      <time>
  took         <duration>
  cost         $0.001234
  tokens       100 in, 20 out (measured)
  model        openai/gpt-4o-mini
  finish       stop
  environment  production, deployment 7
  digest       <digest>
  commit       cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
  user         u-1
  tenant       acme
  key          k-1
  label page   help
  decided by share 30 % of the keys
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
  We will
  call you.
""")
    assert f"promptops reviews answer {reviews[1].id} --accept" in result.stderr
    document = json.loads(accept(repo, "reviews", "show", reviews[0].run_id, "--format", "json"))
    assert document["schema"] == "promptops.review/v1"
    assert (document["id"], document["status"]) == (reviews[0].id, "open")
    assert document["run"]["answer"] == '{"topic": "billing"}'


def test_nothing_waits(repo: Repo, runs: list[RunRecord]) -> None:
    accept(repo, "reviews", "answer", runs[4].id, "--accept")
    assert run(repo, "reviews", "list").stderr == snapshot("there are no open reviews\n")
