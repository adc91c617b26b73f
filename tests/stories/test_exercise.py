"""docs/exercise.md, walked through with the services that it describes: every screen is a real one.

PROMPTOPS_WRITE_PAGES=1 python -m pytest tests/stories/test_exercise.py    writes the screens
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.repositories import Repo
from tests.screens import masked
from tests.stories.pages import DOCS, WRITES, Walk, run, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.story

PAGE = DOCS / "exercise.md"
SHOWN = "127.0.0.1:8765"
_FILE = re.compile(r"<!-- file: (\S+) -->\n\n```\w+\n(.*?)```\n", re.DOTALL)
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\b\d+(?:\.\d+)? m?s\b"), "SPAN"),
    (re.compile(r"\b\d(?:\.\d+)?e-\d+\b"), "CHANCE"),
    (re.compile(r"[ ]{2,}"), "  "),
    (re.compile(r"-{3,}"), "---"),
)


def mask(page: str) -> str:
    page = settle(page)
    for pattern, word in _VARYING:
        page = pattern.sub(word, page)
    return page


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """The repository that the page describes, with its files and a remote."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE", "PROMPTOPS_LOG"):
        monkeypatch.delenv(name, raising=False)
    repo = Repo.init(tmp_path / "shop")
    repo.config("user.name", "Jane Doe")
    repo.config("user.email", "jane@example.com")
    repo.publish(tmp_path / "origin.git")
    return repo


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def page(place: Repo, port: int) -> Iterator[str]:
    """The page for these services, which run."""
    text = PAGE.read_text("utf-8").replace(SHOWN, f"127.0.0.1:{port}")
    for path, content in _FILE.findall(text):
        place.write(path, content)
    place.write(".gitignore", "alerts.jsonl\nchanged\nnoon\n")
    command = [sys.executable, "services.py", str(port)]
    with subprocess.Popen(command, cwd=place.path, stderr=subprocess.PIPE) as services:
        try:
            _wait_for(port, services)
            yield text
        finally:
            services.kill()


def _wait_for(port: int, services: subprocess.Popen[bytes]) -> None:
    while services.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError("the services ended")


def test_the_exercise_goes_as_its_page_says(place: Repo, port: int, page: str) -> None:
    with Walk(place, is_apart=True) as walk:
        walked = walk.tell(page)
    if WRITES:
        PAGE.write_text(walked.replace(f"127.0.0.1:{port}", SHOWN), "utf-8")
    else:
        assert mask(walked) == mask(page)
    # What the page is about, said apart from how its screens look.
    alerts = [json.loads(line) for line in (place.path / "alerts.jsonl").read_text().splitlines()]
    assert [one["kind"] for one in alerts] == ["nightly", "drift"]
    nightly, drift = alerts
    assert masked(nightly["title"]) == snapshot(
        "support/triage@1.1.0 is worse in production than on earlier nights (latest)"
    )
    assert masked(nightly["detail"]) == snapshot("""\
served model: small-2026-11, was small-2026-08
system fingerprint: fp_11, was fp_08
compared with the night of <time>: worse: 100.0% -> 0.0%, -100.0 points (95%: -100.0 to -45.6), 10 of 10 samples differ, p = 0.002; a loss of 67.4 points is found in 4 of 5 such suites
first example: ticket 1: equals: it is 'I would say that this might be about I was charged twice.', not 'billing'
next: promptops eval trends support/triage --env production
next: promptops runs replay support/triage --at production --since 1d
next: promptops rollback support/triage --env production --reason TEXT\
""")
    assert "support/triage@1.1.0 drifts" in drift["title"]
    assert run(place, "promptops resolve support/triage@production").find("1.0.0") >= 0
    incident = walked.partition("## The page for the post-mortem")[2]
    for said in ("## Nightly evals", "## Alerts", "## Runs", "rollback", "small-2026-11"):
        assert said in incident
