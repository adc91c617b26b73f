"""The README's second example, against a server on loopback: what it shows is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from promptops.cli import demo
from tests.cli.running import accept, run
from tests.runtime.provider import Provider

pytestmark = pytest.mark.story

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
# What differs each time: ids of runs and objects, and times.
_CHANGING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{12}\b|2\d{3}-\d\d-\d\d( \d\d:\d\d)?")
USAGE = {"prompt_tokens": 41, "completion_tokens": 5}


def mask(text: str) -> str:
    return _CHANGING.sub("#", text).strip()


def test_the_second_example_is_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROMPTOPS_LOG", raising=False)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "You")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "you@example.com")
    example = README.split("```console\n")[2].partition("\n```")[0]
    shown = dict(part.split("\n", 1) for part in f"\n{example}".split("\n$ ")[1:])
    (_, config), (asking, said), (tracing, chain) = shown.items()
    repository = demo._make_repository(tmp_path)
    for step in demo._BEFORE_CHANGE:
        program, *words = step.command
        if program == "git":
            demo._git(repository, *words)
        elif words[0] == "release":
            accept(repository, *words)
    version = "support/triage@1.0.0"
    accept(repository, "promote", version, "--to", "production", "--reason", "launch")
    with Provider() as provider:
        provider.always(text="Billing, urgent.", usage=USAGE)
        url = "http://127.0.0.1:8000/v1"
        assert url in config
        (repository / "promptops.toml").write_text(config.replace(url, provider.base_url))
        _, *words = shlex.split(asking.partition(" > ")[0])
        done = run(repository, *words)
    assert (done.exit_code, done.stdout) == (0, "Billing, urgent.\n")
    assert mask(done.stderr) == mask(said)
    answer = tmp_path / "answer.txt"
    answer.write_text(done.stdout)
    _, *words = shlex.split(tracing)
    assert mask(accept(repository, *words[:-1], str(answer))) == mask(chain)


def test_the_first_example_is_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "You")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "you@example.com")
    example = README.split("```console\n")[1].partition("\n```")[0]
    shown = dict(part.split("\n", 1) for part in f"\n{example}".split("\n$ ")[1:])
    repository = demo._make_repository(tmp_path)
    for step in (*demo._BEFORE_CHANGE, None, *demo._AFTER_CHANGE):
        if step is None:
            file = repository / "prompts" / "_shared" / "tone.md"
            file.write_text(file.read_text().replace(*demo._CHANGE))
            continue
        program, *words = step.command
        if program == "git":
            demo._git(repository, *words)
            continue
        done = run(repository, *words)
        assert done.exit_code == step.code, done.output
        said = shown.pop(shlex.join(step.command).replace("'", '"'), None)
        assert said is None or mask(done.stdout) == mask(said)
    assert shown == {}


def test_the_tour_never_waits_for_a_pager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "less")
    assert demo._environment()["PAGER"] == ""
