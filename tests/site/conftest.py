"""A team whose registry is made into a site."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from promptops.delivery.evidence import evidence_ref, write_evidence, write_trailer
from promptops.evals.nightly.branch import HistoryBranch
from promptops.evals.nightly.record import ALARM, PASSED, WORSE, NightModel, NightRecord
from promptops.evals.records import result_to_json
from promptops.evals.result import (
    CheckOutcome,
    EvalResult,
    SampleOutcome,
    SampleResult,
    SuiteRunResult,
    Trial,
    TrialState,
)
from promptops.readiness.attestations import Attestation
from promptops.repository.repository import open_repository
from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.log import open_log
from tests.cli.running import run
from tests.conftest import move_in
from tests.delivery.test_evidence import DIGEST, MODEL, RECORD
from tests.prompts import prompt_text
from tests.released import Press, digest_of
from tests.repositories import Repo
from tests.runtime.log.pieces import end, make_run
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(2)> {{ question }} & \u202e"


@dataclass
class SiteTeam:
    """A repository with releases and deployments, and where its site goes."""

    repo: Repo
    press: Press
    folder: Path
    options: tuple[str, ...] = ()

    def build(self, *options: str) -> str:
        """Make the site; give what the command said."""
        result = run(self.repo, "site", "-o", str(self.folder), *(options or self.options))
        assert result.exit_code == 0, result.output
        return result.stderr

    def read(self, path: str) -> str:
        """Return a page."""
        return (self.folder / path).read_text("utf-8")

    def words(self, path: str) -> str:
        """Return what a reader sees of a page, on one line."""
        text = re.sub(r"<[^>]*>", " ", self.read(path).partition("<main")[2])
        return " ".join(text.replace("&lt;", "<").replace("&gt;", ">").split())


# What was published in a template of `copy_template`, by the function that made it.
_PUBLISHED: dict[str, Press] = {}


def copy_team(make: Callable[[Path], SiteTeam], folder: Path, base: Path) -> SiteTeam:
    """A team as `make` makes it in a folder, which is done once in a process, then copied."""

    def build(template: Path) -> None:
        _PUBLISHED[make.__name__] = make(template).press

    copy_template(build, folder, base, make.__name__)
    repo, press = Repo(folder / "team"), _PUBLISHED[make.__name__]
    files, commits, numbers = dict(press.files), dict(press.commits), dict(press.numbers)
    copied = Press(repo, None, files, commits, numbers)
    log, results = folder / "runs.db", folder / "results"
    options = ("--log", str(log), "--evals", str(results)) if log.exists() else ()
    return SiteTeam(repo, copied, folder / "public" / "site", options)


def make_plain_team(folder: Path) -> SiteTeam:
    """support/triage has two releases, of which the older is paused; billing/dunning is hostile."""
    repo = Repo.init(folder / "team")
    repo.write("CODEOWNERS", "/prompts/support/ @support\n")
    press = Press(repo)
    press.release("support/triage", "1.0.0", "Sort this briefly: {{ question }}")
    press.release("support/triage", "1.1.0", "Sort this clearly: {{ question }}")
    press.release(
        "billing/dunning", "1.0.0", HOSTILE, description="'<b onclick=alert(3)>Remind</b>'"
    )
    live = {"support/triage": "1.0.0", "billing/dunning": "1.0.0"}
    press.deploy("production", live)
    reason = "<i>wrong</i> refunds"
    press.deploy("production", live, paused={"support/triage": reason}, action="pause")
    return SiteTeam(repo, press, folder / "public" / "site")


def make_built_team(folder: Path) -> SiteTeam:
    """The same with its site."""
    team = make_plain_team(folder)
    team.build()
    return team


def make_full_team(folder: Path) -> SiteTeam:
    """The plain team with evidence, results of evals, a log of runs and an attestation, all hostile."""
    team = make_plain_team(folder)
    with pytest.MonkeyPatch.context() as patch:
        for who in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
            patch.setenv(who, 'Eve" onmouseover="alert(4)\u202e')
        _add_evidence(team.repo, team.press)
        said = Attestation("alerts", datetime.now(UTC), "Eve <script>", HOSTILE, 90)
        team.repo.write(".promptops/attestations.jsonl", said.write())
        nights = [make_night(number) for number in range(5)]
        HistoryBranch(open_repository(team.repo.path)).append(nights)
        write_log(folder / "runs.db")
        write_results(folder)
    return team


def _add_evidence(repo: Repo, press: Press) -> None:
    """Release support/proven with eval evidence, and deploy it."""
    suite = "evals/<script>alert(5)</script>.yaml"
    name, version = "support/proven", "1.0.0"
    text = prompt_text(version, "Prove this: {{ question }}")
    record = {**RECORD, "prompt": name, "suite": suite, "version": version}
    record["digest"] = digest_of({f"{name}.md": text})
    record["models"] = [{**MODEL, "model": HOSTILE, "verdict": "better", "difference": 0.125}]
    blob = repo.git("hash-object", "-w", "--stdin", stdin=write_evidence([record]))
    repo.git("update-ref", evidence_ref(blob), blob)
    trailer = "{}: {}\n".format(*write_trailer(suite, blob))
    press.release(
        name, version, "Prove this: {{ question }}", notes=f"Notes {HOSTILE}", trailers=trailer
    )
    live = {"support/triage": "1.0.0", "billing/dunning": "1.0.0", name: "1.0.0"}
    press.deploy(
        "production", live, paused={"support/triage": HOSTILE}, reason=f"because {HOSTILE}"
    )


@pytest.fixture
def site_team(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> SiteTeam:
    """A plain team of the test's own."""
    return copy_team(make_plain_team, tmp_path, tmp_path_factory.getbasetemp())


@pytest.fixture
def built_team(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> SiteTeam:
    """A plain team of the test's own, whose site is made already."""
    return copy_team(make_built_team, tmp_path, tmp_path_factory.getbasetemp())


@pytest.fixture
def full_team(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> SiteTeam:
    """A full team of the test's own."""
    return copy_team(make_full_team, tmp_path, tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def plain_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteTeam]:
    """A plain team whose site is made, for tests that only read."""
    yield from _build(make_plain_team, tmp_path_factory)


@pytest.fixture(scope="module")
def full_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteTeam]:
    """A full team whose site is made, for tests that only read."""
    yield from _build(make_full_team, tmp_path_factory)


def _build(make: Callable[[Path], SiteTeam], factory: pytest.TempPathFactory) -> Iterator[SiteTeam]:
    with pytest.MonkeyPatch.context() as patch:
        move_in(factory, patch)
        team = copy_team(make, factory.mktemp("site"), factory.getbasetemp())
        team.build()
        yield team


def make_night(number: int) -> NightRecord:
    """One of five nights, of which the last raised an alarm."""
    state, alarms = (ALARM, (WORSE,)) if number == 4 else (PASSED, ())
    shares = {HOSTILE: (3 if state == PASSED else 1, 4)}
    result = NightModel(f"model {HOSTILE}", state, 1, 1, 4, 0, 900, (HOSTILE,), (), alarms, shares)
    night, at = f"2026-11-{10 + number}", 1_795_000_000 + number
    named = ("support/triage", "1.0.0", DIGEST)
    record = NightRecord("production", night, at, "evals/a.yaml", DIGEST, *named, None, (result,))
    return replace(record, cost_micros=4_000)


def write_log(path: Path) -> str:
    """Write a log with runs of the last days: of two versions, and of strange names."""
    now = time.time()
    settings = LogSettings()
    with open_log(path, settings, clock=time.time, random=os.urandom, key=os.environ.get) as log:
        for number in range(12):
            started = now - number * 80_000
            known: dict[str, Any] = {
                "version": f"1.{number % 2}.0",
                "ms": 100.0 * number,
                "cost_micros": 1_500,
            }
            if number == 5:
                known |= {"status": "failed", "stage": "call", "cost_micros": None, "answer": None}
            log.begin(one := make_run(started))
            log.finish(end(one._replace(version=str(known.pop("version"))), **known))
        for hostile in ("<img src=x onerror=alert(6)>", '"><script>alert(7)</script>'):
            log.begin(one := make_run(now - 60, prompt=hostile, version=hostile, ref=hostile))
            log.finish(end(one))
        log.begin(one := make_run(now - 60, prompt=None, version=None, ref=HOSTILE))
        log.finish(end(one, status="refused", stage="resolve"))
    return str(path)


def write_results(folder: Path) -> str:
    """Write results of eval runs: an older that passed, and a newer that did not."""
    place = folder / "results"
    place.mkdir()
    check = CheckOutcome(HOSTILE, 0.0, False, f"it is {HOSTILE}")
    good = Trial(1, SampleOutcome.PASSED, 1.0, "yes", cost_micros=900)
    bad = Trial(1, SampleOutcome.FAILED, 0.0, HOSTILE * 20, (check,), error=HOSTILE)
    state = TrialState("1.1.0", "1.1.0", "sha256:0")
    for number, trial in enumerate((good, bad)):
        samples = tuple(
            SampleResult(f"{HOSTILE} {one}", f"model {HOSTILE}", (HOSTILE,), 1, (trial,), (good,))
            for one in range(12)
        )
        suite = SuiteRunResult(f"evals/{HOSTILE}.yaml", "", "support/triage", state, samples, state)
        data = json.dumps(result_to_json(EvalResult((suite,))))
        (place / f"{number}.json").write_text(data, "utf-8")
    (place / "other.json").write_text('{"schema": "something else"}')
    return str(place)
