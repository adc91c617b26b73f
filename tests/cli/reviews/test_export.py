"""`promptops reviews export`: answers become samples of a suite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
import yaml
from inline_snapshot import snapshot

from promptops.checks.editors import DraftKind, load_schema
from promptops.cli.reviews.export import make_sample
from promptops.runtime.log.record import LogEntry, RunReview
from tests.cli.reviews.pieces import listed
from tests.cli.running import accept, refuse, run
from tests.runtime.log.pieces import START, end, make_run, new_id
from tests.runtime.test_redaction import CARD
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from tests.repositories import Repo


@pytest.mark.slow
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
left out: 1 review without an answer or inputs
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


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"a": [1]}', {"json_equals": {"a": [1]}}),
        ("[1, 2]", {"json_equals": [1, 2]}),
        ("3", {"equals": "3"}),
        ('"yes"', {"equals": '"yes"'}),
        ("Hello.", {"equals": "Hello."}),
    ],
)
def test_only_an_object_or_a_list_is_compared_as_json(
    answer: str, expected: dict[str, object]
) -> None:
    entry = LogEntry(end(make_run(), answer=answer))
    sample = make_sample(RunReview("r", "x", START, is_accepted=True, note="so"), entry)
    assert sample is not None
    assert (sample["expect"], sample["description"]) == ([expected], "so")


@pytest.mark.parametrize(
    ("review", "run"),
    [
        ({"is_accepted": False}, {}),
        ({"is_accepted": True}, {"answer": ""}),
        ({"is_accepted": True}, {"answer": None}),
        ({"is_accepted": False, "answer": "better"}, {"inputs": None}),
    ],
    ids=["rejected", "an empty answer", "no answer was kept", "no inputs were kept"],
)
def test_what_expects_nothing_is_no_sample(review: dict[str, Any], run: dict[str, Any]) -> None:
    entry = LogEntry(end(make_run())._replace(**run))
    assert make_sample(RunReview("r", "x", START, **review), entry) is None
