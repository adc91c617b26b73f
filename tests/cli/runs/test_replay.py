"""`promptops runs replay`, on runs that were really made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

import promptops
from tests.cli.running import accept, refuse, run, sit_at_terminal
from tests.runtime.test_redaction import CARD
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo

PROMPT = """---
version: {version}
description: Sort tickets.
author: jane@example.com
model: scripted/rules.yaml
max_tokens: 100
inputs: {{ticket: string}}
---
{style} {{{{ ticket }}}}
"""
RULES = """rules:
  - when: {regex: "Be brief.*refund"}
    answer: '{"topic": "refund", "urgent": true}'
  - when: {text: refund}
    answer: '{"urgent": true, "topic": "refund"}'
  - when: {regex: "Be brief.*card"}
    fault: 400
  - when: {regex: "Be brief.*late"}
    answer: "```\\n</details><b>bold</b>\\n"
  - when: {regex: "Sort.*broken"}
    fault: 400
  - answer: I cannot help.
"""
TICKETS = ("A refund, please.", "My card is blocked.", "It is late.", "It is broken.")


@pytest.fixture
def traffic(repo: Repo) -> list[str]:
    """Four recorded runs, the last of which failed; then the work tree gets another version."""
    repo.write("promptops.toml", "[models.scripted]\ninput_price = 10\noutput_price = 30\n")
    repo.write("rules.yaml", RULES)
    repo.write("prompts/triage.md", PROMPT.format(version="1.0.0", style="Sort:"))
    repo.commit()
    ids = []
    with promptops.open(repo.path) as registry:
        for ticket in TICKETS:
            if "broken" in ticket:
                with pytest.raises(promptops.PromptopsError) as caught:
                    registry.run("triage@working", {"ticket": ticket}, user="u-1")
                assert caught.value.run_id is not None
                ids.append(caught.value.run_id)
            else:
                ids.append(registry.run("triage@working", {"ticket": ticket}, user="u-1").id)
    repo.write("prompts/triage.md", PROMPT.format(version="1.1.0", style="Be brief:"))
    return ids


def replayed(repo: Repo, *args: str, code: int = 1) -> dict[str, Any]:
    result = run(repo, "runs", "replay", *args, "--format", "json")
    assert result.exit_code == code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    assert document["schema"] == "promptops.replay/v1"
    return document


@pytest.mark.slow
def test_real_traffic_meets_another_version(repo: Repo, traffic: list[str]) -> None:
    document = replayed(repo, "triage", "--since", "1d", "--at", "working")
    assert [one["run"] for one in document["runs"]] == traffic
    assert [one["result"] for one in document["runs"]] == ["same", "worse", "changed", "fixed"]
    assert document["counts"] == {"worse": 1, "failed": 0, "changed": 1, "fixed": 1, "same": 1}
    same, worse, changed, fixed = document["runs"]
    assert same["before"]["answer"] != same["now"]["answer"]
    assert (same["before"]["version"], same["now"]["version"]) == ("1.0.0", "1.1.0")
    assert (worse["now"]["stage"], worse["now"]["answer"]) == ("call", None)
    assert changed["before"]["answer"] == "I cannot help."
    assert fixed["before"]["stage"] == "call"
    assert same["inputs"] == {"ticket": TICKETS[0]}


@pytest.mark.slow
def test_replays_are_recorded_and_are_no_traffic(repo: Repo, traffic: list[str]) -> None:
    first = replayed(repo, "--last", "100")
    listed = json.loads(accept(repo, "runs", "list", "--env", "eval", "--format", "json"))["runs"]
    assert {one["id"] for one in listed} == {one["now"]["run"] for one in first["runs"]}
    assert {one["labels"]["replay_of"] for one in listed} == set(traffic)
    assert {one["user"] for one in listed} == {"u-1"}
    again = replayed(repo, "--last", "2", code=0)
    assert [one["run"] for one in again["runs"]] == traffic[2:]
    accept(repo, "runs", "erase", "--user", "u-1", "--reason", "asked")
    assert json.loads(accept(repo, "runs", "list", "--format", "json"))["runs"] == []


@pytest.mark.slow
def test_text_shows_both_answers(repo: Repo, traffic: list[str]) -> None:
    lines = run(repo, "runs", "replay").stdout.splitlines()
    assert lines[0].startswith("same     ")
    assert masked(lines[0]) == snapshot("same     <run>  triage@1.0.0 -> 1.1.0  $0.00039")
    start = next(number for number, line in enumerate(lines) if line.startswith("worse"))
    assert masked(lines[start + 1 : start + 5]) == snapshot(
        [
            "  before",
            "    I cannot help.",
            "  now",
            "    (failed at call: scripted/rules.yaml: the provider answered with an error (400))",
        ]
    )
    assert masked(lines) == snapshot(
        [
            "same     <run>  triage@1.0.0 -> 1.1.0  $0.00039",
            "worse    <run>  triage@1.0.0 -> -",
            "  before",
            "    I cannot help.",
            "  now",
            "    (failed at call: scripted/rules.yaml: the provider answered with an error (400))",
            "",
            "changed  <run>  triage@1.0.0 -> 1.1.0  $0.00032",
            "  before",
            "    I cannot help.",
            "  now",
            "    ```",
            "    </details><b>bold</b>",
            "",
            "fixed    <run>  triage@1.0.0 -> 1.1.0  $0.00023",
            "  before",
            "    (failed at call: scripted/rules.yaml: the provider answered with an error (400))",
            "  now",
            "    I cannot help.",
            "",
            "4 runs at working: 1 worse, 1 changed, 1 fixed, 1 same",
            "cost: $0.0006 before, $0.00094 now",
            "median latency: <duration> before, <duration> now",
        ]
    )
    assert lines[-2].startswith("cost: ")
    assert lines[-1].startswith("median latency: ")


@pytest.mark.slow
def test_one_run_by_its_id(repo: Repo, traffic: list[str]) -> None:
    document = replayed(repo, traffic[0][:23], code=0)
    assert [one["result"] for one in document["runs"]] == ["same"]
    said = refuse(repo, "runs", "replay", traffic[0], "--since", "1d", code=2)
    assert masked(said) == snapshot("""\
error: a run id cannot be combined with filters
 hint: give one or the other\
""")


@pytest.mark.slow
def test_a_comment_shows_what_differs_and_nothing_else_happens_in_it(
    repo: Repo, traffic: list[str]
) -> None:
    text = run(repo, "runs", "replay", "--format", "markdown").stdout
    assert text.startswith("### Replay: 4 runs at working: 1 worse, 1 changed, 1 fixed, 1 same\n")
    assert text.count("<details>") == 3
    assert text.index("<b>worse</b>") < text.index("<b>changed</b>") < text.index("<b>fixed</b>")
    assert masked(text) == snapshot("""\
### Replay: 4 runs at working: 1 worse, 1 changed, 1 fixed, 1 same

cost: $0.0006 before, $0.00094 now  \n\
median latency: <duration> before, <duration> now  \n\

<details><summary><b>worse</b> triage@1.0.0 <code><uuid></code></summary>

Inputs:

```text
{
  "ticket": "My card is blocked."
}
```

Before:

```text
I cannot help.
```

Now:

```text
(failed at call: scripted/rules.yaml: the provider answered with an error (400))
```

</details>

<details><summary><b>changed</b> triage@1.0.0 <code><uuid></code></summary>

Inputs:

```text
{
  "ticket": "It is late."
}
```

Before:

```text
I cannot help.
```

Now:

````text
```
</details><b>bold</b>
````

</details>

<details><summary><b>fixed</b> triage@1.0.0 <code><uuid></code></summary>

Inputs:

```text
{
  "ticket": "It is broken."
}
```

Before:

```text
(failed at call: scripted/rules.yaml: the provider answered with an error (400))
```

Now:

```text
I cannot help.
```

</details>
""")


@pytest.mark.slow
def test_a_cap_stops_before_money_is_spent(repo: Repo, traffic: list[str]) -> None:
    document = replayed(repo, "--max-cost", "0.0001", code=0)
    assert document["counts"]["failed"] == 4
    assert masked(document["runs"][0]["now"]["error"]) == snapshot("the cap on costs is reached")
    listed = accept(repo, "runs", "list", "--env", "eval", "--format", "json")
    assert json.loads(listed)["runs"] == []
    assert replayed(repo, "--max-cost", "1")["counts"]["same"] == 1
    repo.write("promptops.toml", "")
    repo.write("prompts/triage.md", PROMPT.format(version="1.1.0", style="Be brief:"))
    assert replayed(repo, "--max-cost", "0", code=1)["counts"]["same"] == 1


def test_a_cap_needs_a_price(repo: Repo, traffic: list[str]) -> None:
    document = replayed(repo, "--model", "near/unpriced", "--max-cost", "1", code=0)
    assert {one["now"]["error"] for one in document["runs"]} == {
        "the cost of the run is unknown, and a cap is set"
    }


@pytest.mark.slow
def test_a_version_that_wants_other_inputs(repo: Repo, traffic: list[str]) -> None:
    text = PROMPT.format(version="2.0.0", style="{{ tone }}").replace(
        "string}", "string, tone: string}"
    )
    repo.write("prompts/triage.md", text)
    document = replayed(repo)
    assert document["counts"] == {"worse": 3, "failed": 1, "changed": 0, "fixed": 0, "same": 0}
    assert {one["now"]["stage"] for one in document["runs"]} == {"inputs"}


@pytest.mark.slow
def test_inputs_that_were_redacted_are_said(repo: Repo, traffic: list[str]) -> None:
    with promptops.open(repo.path) as registry:
        registry.run("triage@working", {"ticket": f"Pay with {CARD}"})
    result = run(repo, "runs", "replay", "--last", "1")
    assert masked(result.stderr) == snapshot("""\
warning: the inputs of 1 of 1 runs were redacted when they were logged
   hint: their answers may differ for this reason alone
""")
    assert CARD not in result.output


@pytest.mark.slow
def test_inputs_that_were_not_kept_cannot_be_replayed(repo: Repo, traffic: list[str]) -> None:
    repo.write("promptops.toml", "[log]\ncontent = 'none'\n")
    with promptops.open(repo.path) as registry:
        done = registry.run(
            "triage@working",
            {
                "ticket": "again",
            },
            user="u-2",
        )
    result = run(repo, "runs", "replay", "--user", "u-2")
    assert result.exit_code == 2
    assert masked(result.stderr) == snapshot("""\
1 runs left out: their inputs were not kept
error: there are no such runs to replay
 hint: run 'promptops runs list' to see the runs
""")
    assert masked(refuse(repo, "runs", "replay", done.id, code=2)) == snapshot("""\
error: the inputs of run <uuid> were not kept
 hint: [log] content = 'none' keeps no inputs, and a run without a prompt has none\
""")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--user", "nobody"], "no such runs to replay"),
        (["--at", "triage@1.0.0"], "'triage@1.0.0' is not a version"),
        (["ffffffff"], "has no run 'ffffffff'"),
    ],
)
def test_requests_that_cannot_be_met(
    repo: Repo, traffic: list[str], args: list[str], message: str
) -> None:
    assert message in refuse(repo, "runs", "replay", *args, code=2)


def test_a_person_is_asked_before_models_are_called(
    repo: Repo, traffic: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sit_at_terminal(monkeypatch)
    result = run(repo, "runs", "replay", stdin="n\n")
    assert result.exit_code == 1
    assert masked(result.stderr) == snapshot(
        "replay 4 runs at working, with calls to models? [y/N] nothing changed\n"
    )
