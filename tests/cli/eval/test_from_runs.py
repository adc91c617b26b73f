"""`promptops eval from-runs`: recorded inputs as a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from inline_snapshot import snapshot

from promptops.runtime.log.record import Feedback
from tests.cli.running import accept, refuse, run
from tests.runtime.log.pieces import START, end, make_run, new_id
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from tests.repositories import Repo


def fill(log: RunLog) -> list[str]:
    """Three runs of two questions, one with other inputs, one that failed."""
    ids = []
    rows: list[tuple[dict[str, Any], str, str]] = [
        ({"question": "Where?"}, "succeeded", "At\nhome."),
        ({"question": "Where?"}, "succeeded", "There."),
        ({"question": "Why?"}, "failed", ""),
        ({"ticket": "old"}, "succeeded", "Old."),
    ]
    for at, (inputs, status, answer) in enumerate(rows):
        one = make_run(START + at, inputs=inputs)
        log.begin(one)
        log.finish(end(one, status=status, answer=answer))
        ids.append(one.id)
    log.feedback(Feedback(new_id(START), ids[1], START + 9, 1.0, "helpful", "thanks", "u-1"))
    return ids


def test_each_set_of_inputs_becomes_one_sample(
    repo: Repo, write_log: Callable[..., RunLog]
) -> None:
    ids = fill(write_log())
    accept(repo, "eval", "generate", "support/triage")  # another draft is not in the way

    said = run(repo, "eval", "from-runs", "support/triage")

    assert said.exit_code == 0, said.output
    assert masked(said.stderr) == snapshot("""\
left out: 1 repeated, 1 with other inputs
2 samples drafted in evals/_drafts/support/triage.runs.yaml; review them before they count
""")
    suite = yaml.safe_load(
        (repo.path / "evals/_drafts/support/triage.runs.yaml").read_text("utf-8")
    )
    found = {one["inputs"]["question"]: one for one in suite["samples"]}
    assert set(found) == {"Where?", "Why?"}
    where = found["Where?"]
    assert where["name"] == f"run {ids[1]}"
    assert where["tags"] == ["recorded", "succeeded"]
    assert where["description"] == snapshot(
        "1.2.0 by openai/gpt-4o-mini; answered: There.; feedback: helpful"
    )


def test_only_some_runs_are_taken_and_the_draft_is_a_valid_suite(
    repo: Repo, write_log: Callable[..., RunLog]
) -> None:
    fill(write_log())

    accept(
        repo, "eval", "from-runs", "support/triage", "--status", "failed", "-o", "evals/triage.yaml"
    )

    suite = yaml.safe_load((repo.path / "evals/triage.yaml").read_text("utf-8"))
    assert [one["inputs"] for one in suite["samples"]] == [{"question": "Why?"}]
    assert accept(repo, "validate", "--format", "json") == snapshot("""\
{
  "schema": "promptops.validate/v1",
  "summary": {
    "prompts": 1,
    "errors": 0,
    "warnings": 0,
    "notes": 1
  },
  "findings": [
    {
      "check": "missing-evals",
      "severity": "note",
      "message": "the prompt has no eval suite",
      "hint": "write evals/support/triage.yaml",
      "path": "prompts/support/triage.md",
      "line": null,
      "column": null,
      "end_line": null,
      "end_column": null,
      "fixable": false,
      "documentation": "docs/checks.md#missing-evals",
      "included_from": []
    }
  ]
}
""")


def test_what_was_redacted_stays_so(repo: Repo, write_log: Callable[..., RunLog]) -> None:
    log = write_log()
    one = make_run(START, inputs={"question": "Call +49 171 9234567"})
    log.begin(one)
    log.finish(end(one))

    accept(repo, "eval", "from-runs", "support/triage")

    text = (repo.path / "evals/_drafts/support/triage.runs.yaml").read_text("utf-8")
    assert "+49 171 9234567" not in text


def test_without_fitting_runs_nothing_is_written(
    repo: Repo, write_log: Callable[..., RunLog]
) -> None:
    write_log()

    said = refuse(repo, "eval", "from-runs", "support/triage", code=2)

    assert said == snapshot("""\
error: no run of support/triage has inputs that fit its current schema
 hint: run promptops runs list to see the runs; [log] sets what is kept\
""")
    assert not (repo.path / "evals/_drafts").exists()
