"""What an incident report says of alerts, nightly evals and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.cli.observations import as_markdown, list_observations
from promptops.cli.session import Session, current, start_session
from promptops.errors import RemoteError
from promptops.evals.nightly.branch import HistoryBranch
from promptops.evals.nightly.record import PASSED, NightModel, NightRecord
from promptops.runtime.log.record import Event
from tests.cli.pieces import DAY, log_place
from tests.runtime.log.pieces import START, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.log import RunLog
    from promptops.runtime.log.record import RunRecord
    from tests.repositories import Repo

DIGEST = "sha256:" + "ab" * 32


def observed(repo: Repo, oldest: float = START) -> str:
    start_session(Session(str(repo.path)))
    return "\n".join(
        list_observations(current().repository, "production", oldest, START + 10 * DAY)
    )


def night(day: int) -> NightRecord:
    result = NightModel("echo/any", PASSED, 1, 1, 1, 0, shares={"a": (1, 1)})
    name = f"2026-11-{day:02}"
    return NightRecord(
        *("production", name, int(START) + day, "evals/a.yaml", DIGEST),
        *("a|b", "1.0.0", DIGEST, None, (result,)),
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b - 1.0", "a_b - 1.0"),
        ("[x](y) `c` <b> | *d* \\", r"\[x\](y) \`c\` \<b\> \| \*d\* \\"),
        ("one\n# two\x1b[8m", r"one # two\\x1b\[8m"),
        (None, "None"),
    ],
)
def test_a_text_of_somebody_else_stays_a_text_on_its_line(text: object, shown: str) -> None:
    assert as_markdown(text) == shown


def test_without_a_log_and_nights_there_is_nothing_to_say(repo: Repo) -> None:
    repo.commit({"a": "x"})
    assert observed(repo) == ""
    assert not log_place(repo).exists()


def test_alerts_and_runs_of_the_time_are_listed(
    repo: Repo, runs: list[RunRecord], write_log: Callable[..., RunLog]
) -> None:
    log = write_log()
    for at, detail in (
        (START - 1, {"title": "too old"}),
        (START + 1, {"title": "*spent*", "detail": "all\n\nof it", "told": ["slack"]}),
        (START + 2, {"title": "down"}),
    ):
        log.event(Event(new_id(at), at, "alert", None, detail))
    assert observed(repo) == snapshot("""\
## Alerts, newest first

* 2026-11-18 11:06 +0000: down (told: nobody)
* 2026-11-18 11:06 +0000: \\*spent\\* (told: slack)
  * all
  * of it

## Runs

| Prompt | Version | Model | Runs | Errors | p95 |
| --- | --- | --- | --- | --- | --- |
| support/triage | 1.2.0 | openai/gpt-4o-mini | 2 | 0 | 812 ms |
| billing/refund | 1.2.0 | openai/gpt-4o-mini | 1 | 0 | \\<1 ms |
| support/triage | 1.3.0 | anthropic/claude-haiku-4-5 | 1 | 1 | 20.5 s |
""")


def test_a_log_that_cannot_be_read_is_said_and_hides_nothing_else(repo: Repo) -> None:
    repo.commit({"a": "x"})
    log_place(repo).parent.mkdir(parents=True)
    log_place(repo).write_text("no database")
    start_session(Session(str(repo.path)))
    HistoryBranch(current().repository).append([night(20)])
    text = observed(repo)
    assert "The run log cannot be read: " in text
    assert text.startswith("## Nightly evals, newest first\n")


@pytest.mark.slow
def test_a_night_of_the_time_has_the_two_before_it(repo: Repo) -> None:
    repo.commit({"a": "x"})
    start_session(Session(str(repo.path)))
    HistoryBranch(current().repository).append([night(day) for day in (1, 2, 3, 18, 19)])
    assert observed(repo) == snapshot("""\
## Nightly evals, newest first

| Prompt | Night | Version | Passed | State | Served by |
| --- | --- | --- | --- | --- | --- |
| a\\|b | 2026-11-19 | 1.0.0 | 100.0% (1/1) | passed | - |
| a\\|b | 2026-11-18 | 1.0.0 | 100.0% (1/1) | passed | - |
| a\\|b | 2026-11-03 | 1.0.0 | 100.0% (1/1) | passed | - |
| a\\|b | 2026-11-02 | 1.0.0 | 100.0% (1/1) | passed | - |
""")
    assert observed(repo, START + 30 * DAY) == ""


def test_nights_that_cannot_be_read_are_said(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise RemoteError("the *disk* is gone")

    repo.commit({"a": "x"})
    monkeypatch.setattr(HistoryBranch, "read", fail)
    assert observed(repo).startswith(r"The nightly evals cannot be read: the \*disk\* is gone.")
