"""Work that is shared out to forks gives what one process gives."""

from __future__ import annotations

import os
import select
import threading
from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from promptops.checks.workers import count_workers, working
from tests.checks.pieces import config, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.story
def test_many_prompts_are_shared_out_and_judged_as_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = ["{{ question }}", "TODO: {{ asked }}", "{% if %}", '{% include "_t.md" %}']
    texts = {f"p{index}.md": prompt_text(body=bodies[index % 4]) for index in range(20)}
    files = write(tmp_path, {**texts, "_t.md": "{{ other }}"})
    alone = validate(files, config())
    for name, value in (("_MIN_TO_SHARE", 1), ("count_workers", lambda: 3)):
        monkeypatch.setattr(f"promptops.checks.workers.{name}", value)
    assert validate(files, config()) == alone
    # What a copy of the process cannot do is done here.
    monkeypatch.setattr("promptops.checks.result.ValidationResult.encode", None)
    assert validate(files, config()) == alone


@pytest.mark.slow
def test_a_fork_gives_back_what_its_work_returns() -> None:
    with working(lambda: b"x" * 100_000) as one, working(lambda: b"") as two:
        assert (two(), one()) == (b"", b"x" * 100_000)


@pytest.mark.slow
def test_work_that_fails_gives_nothing_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with working(lambda: b"a" + bytes(-1)) as collect:
        assert collect() is None
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_a_fork_does_not_outlive_the_block_that_fails() -> None:
    reader, writer = os.pipe()
    end, said = os.pipe()

    def wait_and_say() -> bytes:
        select.select([reader], [], [], 20)
        os.write(said, b"done")
        return b""

    with pytest.raises(KeyError), working(wait_and_say):
        raise KeyError
    os.close(said)
    assert os.read(end, 4) == b""
    for one in (reader, writer, end):
        os.close(one)


def test_a_process_with_threads_does_all_the_work_itself() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert count_workers() == 1
    finally:
        stop.set()
        thread.join()
