"""A named pipe, a folder or a device in the place of a file is an error at once, wherever."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import promptops
from promptops.errors import PromptopsError
from promptops.files import IrregularFileError, read_file, read_named
from tests.cli.running import run
from tests.prompts import prompt_text, suite_text
from tests.released import Press, publish_triage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.repositories import Repo

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")

INCLUDING = "{% include '_s/tone.md' %}\n{{ question }}"
FILES = {
    "prompts/a.md": prompt_text(body=INCLUDING, output="_s/answer.json"),
    "prompts/_s/tone.md": "Be brief.\n",
    "prompts/_s/answer.json": '{"type": "object"}',
    "evals/a.yaml": suite_text("a"),
    "CODEOWNERS": "* @jane\n",
    "promptops.toml": "",
    ".promptops/groups.toml": "",
}


class Place(NamedTuple):
    """A file, and commands that read it."""

    path: str
    commands: tuple[tuple[str, ...], ...]


PLACES = {
    "a prompt": Place("prompts/a.md", (("validate",), ("render", "a", "--var=question=x"))),
    "a partial": Place("prompts/_s/tone.md", (("validate",), ("render", "a"), ("diff", "a"))),
    "a schema": Place("prompts/_s/answer.json", (("validate",), ("show", "a"))),
    "a suite": Place("evals/a.yaml", (("validate",), ("eval", "plan", "a"))),
    "owners": Place("CODEOWNERS", (("owners", "prompts/a.md"), ("owners", "lint"))),
    "the configuration": Place("promptops.toml", (("validate",), ("list",), ("run", "a"))),
    "groups": Place(".promptops/groups.toml", (("owners", "lint"),)),
    "inputs": Place("named", (("render", "a", "--vars", "named"),)),
    "an input": Place("named", (("render", "a", "--var", "question=@named"),)),
    "a verdict": Place("named", (("release", "a", "--verdict", "named", "--dry-run"),)),
    "notes": Place("named", (("release", "a", "--notes", "@named"),)),
    "a result": Place("named", (("eval", "merge", "named"),)),
}


class Hung(BaseException):
    """Something waited for a pipe."""


@pytest.fixture(autouse=True)
def _bound() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def put_pipe(path: Path) -> None:
    os.mkfifo(path)


def put_folder(path: Path) -> None:
    path.mkdir()


def put_socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    try:  # the name of a socket is short
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{here}/{path.name}" if Path("/proc").is_dir() else str(path))
    finally:
        os.close(here)


def put_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


PUT = {"pipe": put_pipe, "folder": put_folder, "socket": put_socket, "device": put_device}


WORDS = {"pipe": "a named pipe", "folder": "director", "socket": "a socket"}
# Of a folder, Git sees what is in it, and no file is missed.
FAULTS = {"a prompt", "a partial", "a schema", "owners", "the configuration", "a suite"}
CASES = [
    (name, kind)
    for name in PLACES
    for kind in PUT
    if kind != "folder" or name not in {"a prompt", "a suite", "groups"}
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_command_ends_with_an_error(repo: Repo, name: str, kind: str) -> None:
    repo.commit(FILES)
    place = PLACES[name]
    file = repo.path / place.path
    file.unlink(missing_ok=True)
    PUT[kind](file)
    for command in place.commands:
        result = run(repo, *(one.replace("named", str(file)) for one in command))
        said = f"{command}: {result.exit_code} {result.output}"
        assert result.exit_code in {1, 2}, said
        assert "Traceback" not in result.output, said
        if name not in FAULTS and kind != "device":
            assert WORDS[kind] in result.output, said


@pytest.mark.parametrize("kind", PUT)
def test_the_library_ends_with_an_error(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "in.json"
    PUT[kind](file)
    with pytest.raises(PromptopsError):
        promptops.open(file, cache=tmp_path / "cache").get("a")
    with pytest.raises(PromptopsError):
        promptops.open(tmp_path, config=file)


@pytest.mark.story
@pytest.mark.parametrize("kind", PUT)
def test_a_cache_counts_as_none(repo: Repo, tmp_path: Path, kind: str) -> None:
    publish_triage(Press(repo))
    url = repo.publish(tmp_path / "remote.git").url
    cache = tmp_path / "cache"
    with promptops.open(url, cache=cache) as registry:
        wanted = registry.get("support/triage").digest
    [folder] = {one.parent for one in cache.rglob("state.json")}
    for name in ("state.json", "silence.json"):
        file = folder / name
        file.unlink(missing_ok=True)
        PUT[kind](file)
        if kind == "folder" and name == "state.json":
            with pytest.raises(PromptopsError, match="cache") as found:
                promptops.open(url, cache=cache).get("support/triage")
            assert str(folder) in (found.value.hint or "")
            file.rmdir()
            continue
        with promptops.open(url, cache=cache) as registry:
            assert registry.get("support/triage").digest == wanted


@pytest.mark.parametrize("kind", PUT)
def test_a_file_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file"
    PUT[kind](file)
    wanted = IsADirectoryError if kind == "folder" else IrregularFileError
    for read in (read_file, read_named):
        with pytest.raises(wanted):
            read(file)
    with pytest.raises(OSError, match=r"."):
        read_file(file, follow=False)


def test_what_a_shell_puts_in_the_place_of_a_file_is_read() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"text")
    os.close(writer)
    assert read_named(f"/dev/fd/{reader}") == b"text"
    os.close(reader)


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 200_000)
    assert len(read_file(file, limit=150_000)) == 150_000
    assert len(read_file(file)) == 200_000
