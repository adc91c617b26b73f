"""`promptops reviews`: from a run that waits to a sample of a suite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest
import yaml
from inline_snapshot import snapshot

from promptops.checks.editors import DraftKind, load_schema
from promptops.runtime.log.record import RunReview
from tests.cli.running import accept, refuse, run
from tests.runtime.log.pieces import START, end, make_run, new_id
from tests.runtime.test_redaction import CARD
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo


@pytest.fixture
def reviews(write_log: Callable[..., RunLog]) -> list[RunReview]:
    """Three runs that wait: the longest waiting first; the second one's answer is no JSON."""
    log = write_log(content="full")
    made = []
    for number, answer in enumerate(('{"topic": "billing"}', "We will\ncall you.", "Nonsense.")):
        ended = end(make_run(START + number), answer=answer)
        log.finish(ended)
        made.append(
            RunReview(new_id(START + number), ended.id, START + 60 + number, "urgency is high")
        )
        log.review(made[-1])
    return made


def listed(repo: Repo, *args: str) -> list[str]:
    document = json.loads(accept(repo, "reviews", "list", "--format", "json", *args))
    assert document["schema"] == "promptops.reviews/v1"
    return [one["id"] for one in document["reviews"]]


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


def test_answers_become_samples(repo: Repo, reviews: list[RunReview]) -> None:
    assert (
        accept(repo, "reviews", "answer", reviews[0].id, "--accept", "--note", "just so")
        == f"{reviews[0].id}: accepted by Jane Doe <jane@example.com>: just so\n"
    )
    better = "We will call you by Friday.\n\n"
    args = ("reviews", "answer", reviews[1].run_id, "--answer", "@-", "--format", "json")
    document = json.loads(accept(repo, *args, stdin=better))
    assert (document["accepted"], document["answer"]) == (False, better.removesuffix("\n"))
    assert masked(accept(repo, "reviews", "answer", reviews[2].id, "--reject")) == snapshot(
        "<uuid>: rejected by Jane Doe <jane@example.com>\n"
    )
    assert listed(repo) == []
    assert listed(repo, "--answered") == listed(repo, "--all") == [one.id for one in reviews]
    assert masked(accept(repo, "reviews", "list", "--answered")) == snapshot("""\
REVIEW         SINCE                 PROMPT                RESULT
<run>  <time>  support/triage@1.2.0  accepted by Jane Doe <jane@example.com>: just so
<run>  <time>  support/triage@1.2.0  corrected by Jane Doe <jane@example.com>
<run>  <time>  support/triage@1.2.0  rejected by Jane Doe <jane@example.com>
""")

    result = run(repo, "reviews", "export", "-o", "suite.yaml")
    assert result.exit_code == 0
    assert result.stderr == snapshot("""\
1 reviews left out: they have no answer or no inputs
written: suite.yaml
""")
    suite = yaml.safe_load((repo.path / "suite.yaml").read_text("utf-8"))
    assert jsonschema_rs.is_valid(load_schema(DraftKind.EVALS), suite)
    assert suite["prompt"] == "support/triage"
    assert suite["samples"] == [
        {
            "name": f"review {reviews[0].id}",
            "tags": ["review"],
            "description": "just so",
            "inputs": {"ticket": "I was charged twice."},
            "expect": [{"json_equals": {"topic": "billing"}}],
        },
        {
            "name": f"review {reviews[1].id}",
            "tags": ["review"],
            "inputs": {"ticket": "I was charged twice."},
            "expect": [{"equals": better.removesuffix("\n")}],
        },
    ]
    lines = accept(repo, "reviews", "export", "--format", "json").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [one.id for one in reviews]


def test_a_review_is_answered_once(repo: Repo, reviews: list[RunReview]) -> None:
    accept(repo, "reviews", "answer", reviews[0].id, "--accept")
    said = refuse(repo, "reviews", "answer", reviews[0].id, "--reject")
    assert said == snapshot("""\
error: the review was answered before: accepted by Jane Doe <jane@example.com>
 hint: use --again to replace the answer\
""")
    again = accept(repo, "reviews", "answer", reviews[0].id, "--answer", "no", "--again")
    assert masked(again) == snapshot("<uuid>: corrected by Jane Doe <jane@example.com>\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["answer", "ffffffff", "--accept"], "has no review 'ffffffff'"),
        (["answer", "x"], "no review given"),
        (["answer", "x", "--accept", "--reject"], "no review given"),
        (["show", "zzzz"], "'zzzz' is not the id of a review"),
        (["answer", "ffffffff", "--answer", "@nothing"], "no such file"),
        (["export"], "there are no answered reviews"),
    ],
)
def test_requests_that_cannot_be_met(
    repo: Repo, reviews: list[RunReview], args: list[str], message: str
) -> None:
    assert message in refuse(repo, "reviews", *args, code=2)


def test_an_id_that_is_too_short_is_refused(repo: Repo, reviews: list[RunReview]) -> None:
    assert refuse(repo, "reviews", "show", reviews[0].id[:8], code=2) == snapshot("""\
error: several reviews begin with '01a1ee56'
 hint: use more characters of the id\
""")


def test_of_several_reviews_of_a_run_the_open_one_is_meant(
    repo: Repo, reviews: list[RunReview], write_log: Callable[..., RunLog]
) -> None:
    accept(repo, "reviews", "answer", reviews[0].id, "--accept")
    second = RunReview(new_id(START + 99), reviews[0].run_id, START + 99, "asked again")
    write_log().review(second)
    args = ("reviews", "show", reviews[0].run_id, "--format", "json")
    assert json.loads(accept(repo, *args))["id"] == second.id


def test_a_suite_is_about_one_prompt(
    repo: Repo, reviews: list[RunReview], write_log: Callable[..., RunLog]
) -> None:
    log = write_log()
    other = end(make_run(START, prompt="billing/refund"), answer=f"Card {CARD}.")
    log.finish(other)
    log.review(RunReview(new_id(START), other.id, START))
    for one in (reviews[0].id, other.id):
        accept(repo, "reviews", "answer", one, "--accept")
    said = refuse(repo, "reviews", "export", code=2)
    assert said == snapshot("""\
error: a suite has one prompt, and the reviews are of several
 hint: name one of: billing/refund, support/triage\
""")
    result = run(repo, "reviews", "export", "billing/refund")
    assert result.exit_code == 0
    assert CARD not in result.stdout
    assert result.stderr == snapshot("""\
warning: inputs or answers were redacted when they were logged
   hint: search for '[redacted' and replace it
""")


def test_nothing_waits(repo: Repo, runs: list[RunRecord]) -> None:
    accept(repo, "reviews", "answer", runs[4].id, "--accept")
    assert run(repo, "reviews", "list").stderr == snapshot("there are no open reviews\n")
