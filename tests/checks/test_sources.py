"""The files of a prompts folder, read once, links included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from promptops.checks.sources import Sources
from tests.checks.pieces import config, found, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("where", ["a.md", "_p.md", "tone"])
def test_a_link_is_a_finding_and_never_followed(tmp_path: Path, where: str) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "prompts"
    files = write(folder, {"b.md": prompt_text(body="{{ question }} {% include '_p.md' %}")})
    write(folder, {"_p.md": "x"})
    (folder / where).unlink(missing_ok=True)
    (folder / where).symlink_to(tmp_path / "secret")
    result = validate(files, config())
    assert found(result) == [f"prompts/{where} error unreadable-file"]


class Counted:
    """Files in memory; every read is counted."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files
        self.reads: list[str] = []

    def read(self, path: str) -> bytes | None:
        self.reads.append(path)
        text = self._files.get(path)
        return None if text is None else text.encode()

    def paths(self) -> list[str]:
        return sorted(self._files)


BODY = '{% include "_p.md" %}{{ question }}'


def test_a_partial_is_read_and_analyzed_once_for_all_prompts() -> None:
    text = prompt_text(body=BODY)
    files = Counted({"a.md": text, "b.md": text, "_p.md": "p"})
    sources = Sources(files)
    closures = [sources.collect(name) for name in sources.names]
    analyses = [sources.analyze(one, "_p.md") for one in closures if one is not None]
    assert analyses[0] is analyses[1]
    assert sorted(files.reads) == ["_p.md", "a.md", "b.md"]


def test_a_released_prompt_is_read_again_and_not_kept() -> None:
    files = Counted({"a.md": prompt_text()})
    sources = Sources(files)
    first = sources.read("a.md")
    sources.release("a.md")
    assert [sources.read("a.md"), sources.read("a.md")] == [first, first]
    assert files.reads == ["a.md"] * 3


def test_hidden_files_and_odd_names_are_no_prompts() -> None:
    files = {"a.md": "", ".#a.md": "", "team/.DS_Store": "", "Bad Name.md": "", "_p.md": ""}
    sources = Sources(Counted(files))
    assert sources.paths == ("Bad Name.md", "_p.md", "a.md")
    assert sources.names == ["a"]


def test_a_missing_partial_is_suggested_from_all_files() -> None:
    body = '{% include "_shard/tone.md" %}'
    files = Counted({"a.md": prompt_text(body=body), "_shared/tone.md": "x"})
    closure = Sources(files).collect("a")
    assert closure is not None
    assert "_shared/tone.md" in str([one.hint for one in closure.faults])


def test_a_missing_file_has_no_fingerprint() -> None:
    sources = Sources(Counted({"a.md": "x"}))
    assert sources.fingerprint("none.md") == ""
    assert len(sources.fingerprint("a.md")) == 64
