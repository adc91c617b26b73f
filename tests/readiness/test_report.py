"""The checklist as text, JSON and Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.readiness.checklist import ITEMS, Judged, Readiness
from promptops.readiness.item import (
    Evidence,
    ReadinessItem,
    ReadinessLevel,
    ReadinessOutcome,
    met,
    missing,
    unseen,
)
from promptops.readiness.report import (
    describe_reached,
    readiness_to_json,
    readiness_to_markdown,
    readiness_to_text,
)
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.readiness.pieces import (
    suite,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


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


@pytest.mark.slow
def test_the_other_formats_say_the_same(repo: Repo) -> None:
    document = json.loads(run(repo, "readiness", "--format", "json").stdout)
    text = run(repo, "readiness", "--format", "markdown").stdout

    assert document["schema"] == "promptops.readiness/v1"
    assert [one["id"] for one in document["items"]] == [one.id for one in ITEMS]
    assert text.count("- [") == len(ITEMS)
    assert {one["outcome"] for one in document["items"]} <= {one.value for one in ReadinessOutcome}


def judged(level: ReadinessLevel, found: Evidence, name: str = "an item") -> Judged:
    return Judged(ReadinessItem("x", level, name, lambda _: found), found)


GOOD, BAD = met("a *b*"), missing("nothing", "run `it`")
TOOL, PRODUCT, PRODUCTION = ReadinessLevel


@pytest.mark.parametrize(
    ("levels", "reached", "said"),
    [
        ((TOOL,), None, "No level is reached; 1 item is left for the level tool."),
        ((TOOL,), TOOL, "Ready as a tool."),
        ((TOOL, PRODUCT), TOOL, "Ready as a tool; 2 items are left for the level product."),
        ((TOOL, PRODUCT, PRODUCTION), PRODUCTION, "Ready for production."),
    ],
)
def test_a_sentence_says_which_level_is_reached(
    levels: tuple[ReadinessLevel, ...], reached: ReadinessLevel | None, said: str
) -> None:
    done = [] if reached is None else levels[: levels.index(reached) + 1]
    entries = [judged(one, GOOD if one in done else BAD) for one in levels]
    entries += [judged(PRODUCT, BAD)] if PRODUCT in levels and PRODUCT not in done else []
    assert describe_reached(Readiness(tuple(entries), reached)) == said


MIXED = Readiness(
    (judged(TOOL, GOOD), judged(TOOL, BAD), judged(PRODUCT, unseen("?", "look"))), None
)


def test_text_says_what_to_do_next() -> None:
    assert readiness_to_text(MIXED, lambda mark, outcome: f"{outcome.value[0]}{mark}") == snapshot("""\
tool: 1 of 2
  mok    an item: a *b*
  mno    an item: nothing
        next: run `it`

product: 0 of 1
  c?     an item: ?
        next: look
        or:   promptops readiness --attest x --evidence "..."

No level is reached; 1 item is left for the level tool.\
""")


def test_markdown_shows_evidence_as_it_is() -> None:
    assert readiness_to_markdown(MIXED) == snapshot("""\
# Readiness

**No level is reached; 1 item is left for the level tool.**

## Tool: 1 of 2

- [x] **an item** (met): a \\*b\\*
- [ ] **an item** (missing): nothing
  - next: `run it`

## Product: 0 of 1

- [ ] **an item** (cannot be seen): ?
  - next: `look`\
""")


def test_json_has_no_remedy_where_nothing_is_left_to_do() -> None:
    document = readiness_to_json(MIXED)
    assert document["reached"] is None
    assert [one["remedy"] for one in document["items"]] == [None, "run `it`", "look"]
