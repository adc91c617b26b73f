"""Replays beside the recorded runs, as text and as a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from inline_snapshot import snapshot

from promptops.cli.runs.comparing import to_markdown, to_text
from promptops.errors import PromptopsError
from promptops.runtime.replay import Replay
from tests.runtime.log.pieces import START, end, make_run
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.runtime.run.result import Run


class FakePrompt:
    def __init__(self, version: str | None) -> None:
        self.version = version


class FakeAttempt:
    ms = 400.0


class FakeRun:
    """A new run, as far as it is shown."""

    def __init__(self, text: str, version: str | None = "1.3.0", cost: int | None = 2_000) -> None:
        self.text = text
        self.tool_calls: tuple[object, ...] = ()
        self.prompt = FakePrompt(version)
        self.cost_micros = cost
        self.attempts = (FakeAttempt(),)


def replay(text: str | None = None, **values: Any) -> Replay:
    """A replay with a new text, or one that failed."""
    before = end(make_run(START), **values)
    if text is None:
        return Replay(before, error=PromptopsError("the provider answered with an error (400)"))
    return Replay(before, cast("Run", FakeRun(text)))


SAME = '{"topic":  "billing"}'


def test_only_what_differs_is_shown_with_both_answers() -> None:
    ids = [f"01a1ee5{number}-f000-7000-8000-000000000000" for number in range(3)]
    answers = (SAME, "Hello.", None)
    replays = [replay(answer, id=one) for answer, one in zip(answers, ids, strict=True)]
    assert masked("\n".join(to_text(replays, "1.3.0"))) == snapshot("""\
same     <run>  support/triage@1.2.0 -> 1.3.0  $0.002
changed  <run>  support/triage@1.2.0 -> 1.3.0  $0.002
  before
    {"topic": "billing"}
  now
    Hello.

worse    <run>  support/triage@1.2.0 -> -
  before
    {"topic": "billing"}
  now
    (failed: the provider answered with an error (400))

3 runs at 1.3.0: 1 worse, 1 changed, 1 same
cost: $0.002468 before, $0.004 now
median latency: <duration> before, <duration> now\
""")


def test_a_run_of_the_work_tree_has_no_version_and_an_answer_may_be_missing() -> None:
    made = Replay(end(make_run(), answer=None), cast("Run", FakeRun("", None)))
    text = "\n".join(to_text([made], "working"))
    assert "support/triage@1.2.0 -> working" in text
    assert "(no text was kept)" in text
    assert "(no text)" in text


def test_calls_of_tools_are_part_of_an_answer() -> None:
    made = replay("Hello.", answer="", tool_calls=[{"name": "pay", "arguments": '{"n": 1}'}])
    assert 'calls pay({"n": 1})' in "\n".join(to_text([made], "1.3.0"))


def test_a_comment_begins_with_what_is_worst_and_has_a_bounded_size() -> None:
    replays = [replay(f"{number}") for number in range(60)]
    replays.append(replay())
    text = "\n".join(to_markdown(replays, "1.3.0"))
    assert text.startswith("### Replay: 61 runs at 1.3.0: 1 worse, 60 changed\n")
    assert text.index("<b>worse</b>") < text.index("<b>changed</b>")
    assert text.count("<details>") == 50
    assert text.endswith("\n11 more are not shown.")


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("```\n</details>\n```", "````text\n```\n</details>\n```\n````"),
        ("y" * 2_001, f"```text\n{'y' * 2_000}\n… 1 characters more\n```"),
        ("\x1b[8mhidden", "```text\n\\x1b[8mhidden\n```"),
    ],
    ids=["a fence", "a long text", "a colour"],
)
def test_an_answer_cannot_end_its_block(answer: str, shown: str) -> None:
    assert shown in "\n".join(to_markdown([replay(answer)], "1.3.0"))


def test_names_are_no_markup() -> None:
    text = "\n".join(to_markdown([replay("x", version="<img>")], "*bold*"))
    assert "<img>" not in text
    assert "*bold*" not in text
