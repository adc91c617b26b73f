"""`promptops eval nightly` on real repositories, with a scripted provider that changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.cli.runs import telling
from promptops.evals import opening
from promptops.evals.nightly import running
from promptops.evals.nightly.branch import BRANCH, HistoryBranch
from promptops.repository.repository import open_repository
from tests.cli.running import accept, run
from tests.evals.nightly.project import BAD, DOWN, GOOD, MODEL, SUITE, answer_with, make_project
from tests.hostile import silent_port
from tests.repositories import Repo
from tests.runtime.alerts.receiver import Receiver
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from promptops.evals.result import EvalResult


class Nights:
    """Runs nights, one after the other."""

    def __init__(self, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repo = repo
        self.number = 0
        self._patch = monkeypatch
        # Models that are down are tried again at once.
        monkeypatch.setattr("promptops.runtime.run.steps.delay_seconds", lambda *_: 0.0)

    def run(self, *args: str) -> Result:
        """Run the next night."""
        self.number += 1
        date = f"2026-01-{self.number:02}"
        self._patch.setattr(running, "name_night", lambda _seconds: date)
        result = run(self.repo, "eval", "nightly", "--env", "production", *args)
        assert "Traceback" not in result.output
        return result

    def as_json(self, *args: str) -> dict[str, Any]:
        """Run the next night; give its JSON."""
        result = self.run("--format", "json", *args)
        loaded: dict[str, Any] = json.loads(result.stdout)
        assert loaded["exit"] == result.exit_code
        return loaded


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    copy_template(build_project, tmp_path / "repo", tmp_path.parent)
    return Nights(Repo(tmp_path / "repo"), monkeypatch)


def build_project(folder: Path) -> None:
    make_project(Repo.init(folder))


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """The same project after its first night."""
    copy_template(build_first_night, tmp_path / "repo", tmp_path.parent)
    nights = Nights(Repo(tmp_path / "repo"), monkeypatch)
    nights.number = 1
    return nights


def build_first_night(folder: Path) -> None:
    build_project(folder)
    accept(Repo(folder), "eval", "nightly", "--env", "production", "--night", "2026-01-01")


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    """The same project with a remote beside it, `origin.git`."""
    copy_template(build_published, tmp_path, tmp_path.parent)
    return Nights(Repo(tmp_path / "repo"), monkeypatch)


def build_published(folder: Path) -> None:
    make_project(Repo.init(folder / "repo"), folder / "origin.git")


def records(repo: Repo) -> list[dict[str, Any]]:
    """What the branch holds, as any Git client reads it."""
    paths = repo.git("ls-tree", "-r", "--name-only", BRANCH).splitlines()
    return [
        json.loads(repo.git("show", f"{BRANCH}:{path}")) for path in paths if path.endswith(".json")
    ]


@pytest.mark.slow
def test_the_first_night_is_recorded_and_compares_nothing(nights: Nights) -> None:
    result = nights.run()
    assert result.exit_code == 0, result.output
    assert masked(result.stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  the first night of this version and suite: nothing to compare with
""")
    (record,) = records(nights.repo)
    assert (record["prompt"], record["night"], record["environment"]) == (
        "ask",
        "2026-01-01",
        "production",
    )
    assert record["models"][0]["shares"]["sample 1"] == [1, 1]
    assert "billing" not in json.dumps(record), "no answer is kept"


@pytest.mark.story
def test_a_quiet_night_passes(begun: Nights) -> None:
    found = begun.as_json()
    assert (found["exit"], found["suites"][0]["alarms"]) == (0, [])
    assert found["suites"][0]["reference"] == "2026-01-01"
    assert found["suites"][0]["verdict"]["finding"] == "no difference found"


@pytest.mark.story
def test_a_provider_that_answers_worse_is_an_alarm_each_night_until_it_is_accepted(
    begun: Nights,
) -> None:
    answer_with(begun.repo, BAD)
    for _ in range(2):
        result = begun.run()
        assert result.exit_code == 1, result.output
        assert "ask@1.0.0 with scripted/answers.yaml: alarm" in result.stdout
        assert "compared with the night of 2026-01-01: worse: 100.0% -> 0.0%" in result.stdout
        assert "first example: sample 1: equals: " in result.stdout
        assert "next: promptops rollback ask --env production --reason TEXT" in result.stdout
    accepted = begun.run("--accept")
    assert accepted.exit_code == 0
    assert masked(accepted.stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  0 of 8 samples pass, served by scripted/answers.yaml
  compared with the night of 2026-01-01: worse: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to -32.7), 8 of 8 samples differ, p = 0.0078; a loss of 80.2 points is found in 4 of 5 such suites
  accepted: compared with the night of 2026-01-01: worse: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to -32.7), 8 of 8 samples differ, p = 0.0078; a loss of 80.2 points is found in 4 of 5 such suites
""")
    assert begun.as_json()["suites"][0]["reference"] == "2026-01-04"


@pytest.mark.slow
def test_a_new_served_model_is_told_once(nights: Nights) -> None:
    answer_with(nights.repo, GOOD, "model-2026-01")
    nights.run()
    answer_with(nights.repo, GOOD, "model-2026-02")
    found = nights.as_json()
    assert found["exit"] == 1
    assert found["suites"][0]["alarms"] == [
        {"kind": "served", "text": "served model: model-2026-02, was model-2026-01"}
    ]
    assert nights.run().exit_code == 0


@pytest.mark.slow
def test_a_bad_result_that_a_second_run_does_not_confirm_is_no_alarm(
    begun: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(begun.repo, BAD)
    ask = opening.run

    def ask_once(*args: Any) -> EvalResult:
        try:
            return ask(*args)
        finally:
            answer_with(begun.repo, GOOD)

    monkeypatch.setattr(running, "run", ask_once)
    result = begun.run()
    assert result.exit_code == 0, result.output
    assert masked(result.stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  0 of 8 samples pass, served by scripted/answers.yaml
  compared with the night of 2026-01-01: worse: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to -32.7), 8 of 8 samples differ, p = 0.0078; a loss of 80.2 points is found in 4 of 5 such suites
  worse: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to -32.7), 8 of 8 samples differ, p = 0.0078; a loss of 80.2 points is found in 4 of 5 such suites; it passed when run again
""")


@pytest.mark.story
def test_a_slow_decline_is_seen_beside_the_first_night(begun: Nights) -> None:
    """Each night one sample more fails: no night is worse than the one before it."""
    codes = []
    for wrong in range(1, 7):
        rules = "".join(
            f"- {{when: {{role: user, text: 'Number {number}?'}}, answer: other}}\n"
            for number in range(1, wrong + 1)
        )
        answer_with(begun.repo, f"rules:\n{rules}- {{answer: billing}}\n")
        codes.append(begun.run().exit_code)
    assert codes == [0, 0, 0, 0, 0, 1]


@pytest.mark.slow
def test_a_provider_that_is_down_is_no_pass_and_no_reference(begun: Nights) -> None:
    answer_with(begun.repo, DOWN)
    found = begun.as_json()
    assert (found["exit"], found["suites"][0]["state"]) == (2, "could not judge")
    assert masked(found["suites"][0]["faults"]) == snapshot(
        ["8 of 8 trials ended in an error", "could not judge: no sample was judged on both sides"]
    )
    answer_with(begun.repo, GOOD)
    assert begun.as_json()["suites"][0]["reference"] == "2026-01-01"


@pytest.mark.slow
def test_a_provider_that_is_down_on_the_first_night_is_no_pass(nights: Nights) -> None:
    answer_with(nights.repo, DOWN)
    assert nights.run().exit_code == 2
    answer_with(nights.repo, GOOD)
    assert masked(nights.run().stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  the first night of this version and suite: nothing to compare with
""")


def test_nothing_live_is_not_a_pass(repo: Repo) -> None:
    repo.commit({"prompts/ask.md": "---\nversion: 1.0.0\n---\n", "evals/ask.yaml": SUITE}, "Begin")
    result = run(repo, "eval", "nightly", "--env", "production")
    assert result.exit_code not in {0, 1}
    assert masked(result.output) == snapshot("""\
error: production has no deployments
 hint: create the first with promptops promote NAME --to production
""")


def test_a_suite_that_the_live_version_cannot_run_is_not_passed_over(nights: Nights) -> None:
    nights.repo.write("evals/ask.yaml", SUITE.replace("question", "text"))
    result = nights.run()
    assert result.exit_code == 2
    assert masked(result.stdout) == snapshot("""\
evals/ask.yaml: could not judge
  evals/ask.yaml:5:3: input 'question' is missing (and 15 more)
""")


@pytest.mark.slow
def test_a_prompt_that_is_not_live_is_named(nights: Nights) -> None:
    text = (nights.repo.path / "prompts/ask.md").read_text()
    nights.repo.write("prompts/other.md", text)
    nights.repo.write("evals/other.yaml", SUITE.replace("prompt: ask", "prompt: other"))
    assert nights.run().exit_code == 0
    result = nights.run("other")
    assert result.exit_code not in {0, 1}
    assert masked(result.output) == snapshot("""\
error: 'other' is not live in production
 hint: run promptops list --live to see what is live; create suites with promptops new
""")


@pytest.mark.slow
def test_a_check_that_cannot_be_made_leaves_its_suite_out_alone(nights: Nights) -> None:
    nights.repo.write("evals/more.yaml", SUITE.replace("{equals: billing}", "{similar: billing}"))
    ended = nights.run()
    assert ended.exit_code == 2
    assert masked(ended.output) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  the first night of this version and suite: nothing to compare with
evals/more.yaml: could not judge
  evals/more.yaml: sample 'sample 1': the scorer 'similar' needs an embedding model
1 suite, 8 samples, 8 trials: 8 calls, 744 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
""")


@pytest.mark.slow
def test_a_damaged_night_is_named_and_counts_as_missing(begun: Nights) -> None:
    begun.run()
    repo = begun.repo
    repo.git("checkout", "-q", "promptops-evals")
    repo.commit({"production/evals/ask.yaml/2026-01-02_1.0.0.json": "{"}, "Damage")
    repo.git("checkout", "-q", "main")
    result = begun.run()
    assert result.exit_code == 0, result.output
    assert "production/evals/ask.yaml/2026-01-02_1.0.0.json is damaged" in result.stderr
    assert "compared with the night of 2026-01-01" in result.stdout


@pytest.mark.slow
def test_a_missing_night_leaves_the_others(begun: Nights) -> None:
    begun.run()
    repo = begun.repo
    repo.git("checkout", "-q", "promptops-evals")
    repo.git("rm", "-q", "production/evals/ask.yaml/2026-01-02_1.0.0.json")
    repo.commit({}, "Remove a night")
    repo.git("checkout", "-q", "main")
    assert masked(begun.run().stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  compared with the night of 2026-01-01: no difference found: 100.0% -> 100.0%, +0.0 points (95%: -35.2 to +35.2), 0 of 8 samples differ, p = 1; a loss of 80.2 points is found in 4 of 5 such suites
""")


def test_a_second_run_that_could_not_be_judged_does_not_replace_the_first(
    begun: Nights,
) -> None:
    answer_with(begun.repo, DOWN)
    begun.number = 0
    assert begun.run().exit_code == 2
    (record,) = records(begun.repo)
    assert record["models"][0]["state"] == "passed"


@pytest.mark.story
def test_nights_are_pushed_and_read_by_another_clone(
    published: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert published.run().exit_code == 0
    remote = Repo(tmp_path / "origin.git")
    other = Nights(remote.clone(tmp_path / "other"), monkeypatch)
    other.number = 1
    assert masked(other.run().stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  compared with the night of 2026-01-01: no difference found: 100.0% -> 100.0%, +0.0 points (95%: -35.2 to +35.2), 0 of 8 samples differ, p = 1; a loss of 80.2 points is found in 4 of 5 such suites
""")
    assert published.repo.refs("refs/heads/promptops-evals") == {}
    found = HistoryBranch(open_repository(other.repo.path)).read()
    assert [one.night for one in found.records] == ["2026-01-01", "2026-01-02"]


@pytest.mark.slow
def test_local_nights_are_not_pushed(published: Nights) -> None:
    published.run("--local")
    assert masked(published.run("--local").stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  compared with the night of 2026-01-01: no difference found: 100.0% -> 100.0%, +0.0 points (95%: -35.2 to +35.2), 0 of 8 samples differ, p = 1; a loss of 80.2 points is found in 4 of 5 such suites
""")
    assert "promptops-evals" not in published.repo.git("ls-remote", "origin")


@pytest.mark.slow
def test_a_remote_that_refuses_is_an_error_after_the_result(
    published: Nights, tmp_path: Path
) -> None:
    Repo(tmp_path / "origin.git").hook("pre-receive", "echo no >&2; exit 1")
    result = published.run()
    assert result.exit_code == 2
    assert masked(result.stdout) == snapshot("""\
ask@1.0.0 with scripted/answers.yaml: passed
  8 of 8 samples pass, served by scripted/answers.yaml
  the first night of this version and suite: nothing to compare with
""")
    assert masked(result.stderr) == snapshot("""\
1 suite, 8 samples, 8 trials: 8 calls, 744 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
error: origin refused the results of tonight: no (pre-receive hook declined)
 hint: allow the account that runs this to push to promptops-evals
""")


@pytest.mark.slow
def test_a_dry_run_asks_nobody(nights: Nights) -> None:
    answer_with(nights.repo, DOWN)
    assert nights.run("--dry-run").exit_code == 0
    assert accept(nights.repo, "status")
    assert nights.repo.refs(BRANCH) == {}


@pytest.mark.story
def test_an_alarm_is_told_with_version_example_and_what_to_do(nights: Nights) -> None:
    with Receiver() as receiver:
        config = (nights.repo.path / "promptops.toml").read_text()
        nights.repo.write(
            "promptops.toml", f'{config}[alerts.webhook]\nurl = "{receiver.url}/alert"\n'
        )
        nights.run("--alert")
        answer_with(nights.repo, BAD, "model-2026-02")
        nights.run("--alert")
        answer_with(nights.repo, DOWN)
        assert "cannot be sent" not in nights.run("--alert").stderr
        bad, down = (one.json for one in receiver.requests)
    assert (bad["kind"], bad["severity"]) == ("nightly", "error")
    assert masked(bad["title"]) == snapshot(
        "ask@1.0.0 is worse in production than on earlier nights (scripted/answers.yaml)"
    )
    lines = bad["detail"].splitlines()
    assert masked(lines[0]) == snapshot("served model: model-2026-02, was scripted/answers.yaml")
    assert masked(lines[1]) == snapshot(
        "compared with the night of 2026-01-01: worse: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to -32.7), 8 of 8 samples differ, p = 0.0078; a loss of 80.2 points is found in 4 of 5 such suites"
    )
    assert masked(lines[2:]) == snapshot(
        [
            "first example: sample 1: equals: it is 'other', not 'billing'",
            "next: promptops eval trends ask --env production",
            "next: promptops runs replay ask --at production --since 1d",
            "next: promptops rollback ask --env production --reason TEXT",
        ]
    )
    assert down["severity"] == "warning"
    assert masked(down["title"]) == snapshot(
        "ask@1.0.0 could not be judged in production tonight (scripted/answers.yaml)"
    )
    assert masked(down["detail"]) == snapshot("""\
could not be judged: 8 of 8 trials ended in an error
could not be judged: could not judge: no sample was judged on both sides
next: promptops eval nightly ask --env production\
""")
    page = accept(nights.repo, "incident", "--since", "2020-01-01")
    assert f"{down['title']} (told: webhook)" in page
    assert "  * first example: sample 1: equals: it is 'other', not 'billing'" in page
    assert (
        "| ask | 2026-01-02 | 1.0.0 | 0.0% (0/8) | alarm: served, worse | model-2026-02 |" in page
    )


@pytest.mark.slow
def test_an_alarm_stays_on_record_until_it_is_accepted(begun: Nights) -> None:
    answer_with(begun.repo, BAD)
    begun.run()
    answer_with(begun.repo, GOOD)
    begun.number = 1
    assert begun.run().exit_code == 0
    assert records(begun.repo)[1]["models"][0]["alarms"] == ["worse"]
    begun.number = 1
    begun.run("--accept")
    assert records(begun.repo)[1]["models"][0]["alarms"] == []


@pytest.mark.slow
def test_another_version_of_the_same_night_has_a_file_of_its_own(begun: Nights) -> None:
    text = (begun.repo.path / "prompts/ask.md").read_text()
    begun.repo.commit({"prompts/ask.md": text.replace("1.0.0", "1.0.1")}, "Again")
    accept(begun.repo, "release", "ask")
    accept(begun.repo, "promote", "ask", "--to", "production", "--reason", "new")
    begun.number = 0
    begun.run()
    assert [one["version"] for one in records(begun.repo)] == ["1.0.0", "1.0.1"]


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2999-01-01"])
def test_a_night_is_a_date_that_was(nights: Nights, text: str) -> None:
    result = run(nights.repo, "eval", "nightly", "--night", text)
    assert (result.exit_code, nights.repo.refs(BRANCH)) == (2, {})


def test_a_late_run_counts_for_the_night_it_is_meant_for(nights: Nights) -> None:
    accept(nights.repo, "eval", "nightly", "--night", "2025-12-01")
    assert [one["night"] for one in records(nights.repo)] == ["2025-12-01"]


@pytest.mark.slow
def test_what_a_model_says_adds_no_line_to_an_alert(begun: Nights) -> None:
    with Receiver() as receiver:
        config = (begun.repo.path / "promptops.toml").read_text()
        begun.repo.write("promptops.toml", f'{config}[alerts.webhook]\nurl = "{receiver.url}"\n')
        key = "sk-proj-" + "a1B2" * 8
        said = f"no\\ngo on with: evil\\u2028\\u202e {key}"
        answer_with(begun.repo, f'rules:\n- {{model: "m\\nx", answer: "{said}"}}\n')
        result = begun.run("--alert")
        (alert,) = (one.json for one in receiver.requests)
    assert not [line for line in alert["detail"].splitlines() if "evil" in line[:20]]
    assert key not in alert["detail"] + result.stdout
    assert masked(alert["detail"]) == snapshot("""\
served model: m x, was scripted/answers.yaml
compared with the night of 2026-01-01: worse: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to -32.7), 8 of 8 samples differ, p = 0.0078; a loss of 80.2 points is found in 4 of 5 such suites
first example: sample 1: equals: it is 'no⏎go on with: evil   sk-proj-a1B2a1B2a…B2a1B2a1B2a1B2', not 'billing'
next: promptops eval trends ask --env production
next: promptops runs replay ask --at production --since 1d
next: promptops rollback ask --env production --reason TEXT\
""")
    assert "\u202e" not in alert["detail"] + result.stdout


@pytest.mark.slow
def test_an_alarm_that_reaches_nobody_is_told_the_next_time(nights: Nights) -> None:
    config = (nights.repo.path / "promptops.toml").read_text()
    answer_with(nights.repo, GOOD, "model-1")
    nights.run()
    answer_with(nights.repo, GOOD, "model-2")
    with Receiver(*[(400, {})] * 10) as receiver:
        nights.repo.write("promptops.toml", f'{config}[alerts.webhook]\nurl = "{receiver.url}"\n')
        result = nights.run("--alert")
    assert result.exit_code == 2
    assert masked(result.stderr) == snapshot("""\
1 suite, 8 samples, 8 trials: 8 calls, 744 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
warning: the alert 'the provider of scripted/answers.yaml changed under ask@1.0.0 in production' did not reach webhook: 127.0.0.1 answered 400
warning: tonight's results are not stored, so the next run sends these alerts again
   hint: run promptops alerts test to see which channels work
""")
    assert len(records(nights.repo)) == 1
    with Receiver() as receiver:
        nights.repo.write("promptops.toml", f'{config}[alerts.webhook]\nurl = "{receiver.url}"\n')
        assert nights.run("--alert").exit_code == 1
        assert len(receiver.requests) == 1


@pytest.mark.slow
def test_channels_that_take_other_alerts_only_are_named(begun: Nights) -> None:
    config = (begun.repo.path / "promptops.toml").read_text()
    more = '[alerts.webhook]\nurl = "http://127.0.0.1:9"\nkinds = ["drift"]\n'
    begun.repo.write("promptops.toml", config + more)
    answer_with(begun.repo, BAD)
    result = begun.run("--alert")
    assert result.exit_code == 1
    assert masked(result.stderr) == snapshot("""\
1 suite, 8 samples, 8 trials: 8 calls, 744 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
warning: no alert is sent: no channel in [alerts] has the kind nightly
   hint: write "nightly" to the kinds of a channel, such as [alerts.slack]
""")


def test_a_cap_that_ends_the_night_is_no_pass(nights: Nights) -> None:
    nights.repo.write(
        "promptops.toml",
        'environments = ["production"]\ndefault_environment = "production"\n'
        f'[models."{MODEL}"]\ninput = 1000\noutput = 1000\n',
    )
    nights.run()
    result = nights.run("--max-cost", "0.0001")
    assert result.exit_code == 2, result.output


@pytest.mark.story
def test_where_traffic_is_split_each_version_has_its_nights(nights: Nights) -> None:
    repo = nights.repo
    text = (repo.path / "prompts/ask.md").read_text()
    text = text.replace("1.0.0", "1.1.0").replace("{{ question }}", "New: {{ question }}")
    repo.commit({"prompts/ask.md": text}, "Better")
    accept(repo, "release", "ask")
    accept(repo, "promote", "ask", "--to", "production", "--reason", "try", "--share", "10")
    nights.run()
    answer_with(repo, "rules:\n- {when: {text: New}, answer: other}\n- {answer: billing}\n")
    found = nights.as_json()
    assert [(one["version"], one["state"]) for one in found["suites"]] == [
        ("1.0.0", "passed"),
        ("1.1.0", "alarm"),
    ]
    assert [(one["night"], one["version"]) for one in records(repo)] == [
        *(("2026-01-01", "1.0.0"), ("2026-01-01", "1.1.0")),
        *(("2026-01-02", "1.0.0"), ("2026-01-02", "1.1.0")),
    ]


@pytest.mark.slow
def test_a_paused_prompt_is_watched_as_well(nights: Nights) -> None:
    accept(nights.repo, "pause", "ask", "--env", "production", "--reason", "wrong answers")
    assert nights.run().exit_code == 0


@pytest.mark.story
def test_a_channel_that_never_answers_has_told_nobody(
    begun: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "_CLOSE_SECONDS", 0.2)
    config = (begun.repo.path / "promptops.toml").read_text()
    answer_with(begun.repo, BAD)
    with silent_port() as port:
        url = f"http://127.0.0.1:{port}"
        begun.repo.write("promptops.toml", f'{config}[alerts.webhook]\nurl = "{url}"\n')
        found = begun.as_json("--alert")
    assert (found["exit"], found["kept"], found["suites"][0]["state"]) == (2, False, "alarm")
    assert len(records(begun.repo)) == 1


@pytest.mark.slow
def test_the_page_shows_all_alarms_and_only_alarms_block(begun: Nights, tmp_path: Path) -> None:
    page = tmp_path / "night.html"
    answer_with(begun.repo, GOOD, "model-2")
    begun.run("--html", str(page))
    text = page.read_text()
    assert "served model: model-2, was scripted/answers.yaml" in text
    assert "From night to night" in text
    assert '<span class="bad">blocked</span>' in text
    begun.run("--html", str(page))
    assert '<span class="bad">' not in page.read_text()
