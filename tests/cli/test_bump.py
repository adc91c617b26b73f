"""`promptops bump`: the version that the change needs, and not another byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text
from tests.repositories import Repo
from tests.screens import masked
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path

PATH = "prompts/a.md"


@pytest.fixture
def released(tmp_path: Path) -> Repo:
    """One prompt, released as 1.0.0."""
    copy_template(build_released, tmp_path / "repo", tmp_path.parent)
    return Repo(tmp_path / "repo")


def build_released(folder: Path) -> None:
    repo = Repo.init(folder)
    repo.commit({PATH: prompt_text()})
    accept(repo, "release", "a")


def version(repo: Repo) -> str:
    return (repo.path / PATH).read_text().split("version: ")[1].split("\n")[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (prompt_text(), (), "1.0.0"),
        (prompt_text(tags="[x]"), (), "1.0.1"),
        (prompt_text(body="New {{ question }}"), (), "1.1.0"),
        (prompt_text(inputs="{question: string, who: string}"), (), "2.0.0"),
        (prompt_text("1.1.0", "New {{ question }}"), (), "1.1.0"),
        (prompt_text("1.0.1", "New {{ question }}"), (), "1.1.0"),
        (prompt_text(), ("--level", "minor"), "1.1.0"),
        (prompt_text(tags="[x]"), ("--level", "major"), "2.0.0"),
    ],
)
def test_the_version_is_the_one_that_the_change_needs(
    released: Repo, text: str, options: tuple[str, ...], expected: str
) -> None:
    released.write(PATH, text)
    accept(released, "bump", "a", *options)
    assert version(released) == expected


def test_a_level_below_the_change_is_refused(released: Repo) -> None:
    released.write(PATH, prompt_text(body="New {{ question }}"))
    told = refuse(released, "bump", "a", "--level", "patch")
    assert told == snapshot("""\
error: a needs a minor step, not patch
 hint: run promptops diff a to see why\
""")


def test_nothing_but_the_value_is_written(released: Repo) -> None:
    text = prompt_text(body="New {{ question }}").replace("\n", "\r\n")
    text = text.replace("version: 1.0.0", "version:   '1.0.0'   # keep")
    file = released.write(PATH, text)
    file.chmod(0o640)
    accept(released, "bump", "a")
    assert file.read_bytes() == text.replace("'1.0.0'", "'1.1.0'").encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in file.parent.iterdir()) == ["a.md"]


def test_a_dry_run_writes_nothing(released: Repo) -> None:
    released.write(PATH, prompt_text(body="New {{ question }}"))
    out = accept(released, "bump", "--all", "--dry-run", "--format", "json")
    document = json.loads(out)
    assert document["dry_run"] is True
    assert document["bumps"] == [
        {"prompt": "a", "before": "1.0.0", "after": "1.1.0", "change": "minor", "base": "1.0.0"}
    ]
    assert version(released) == "1.0.0"


@pytest.mark.slow
def test_what_needs_no_bump_is_said(released: Repo) -> None:
    assert run(released, "bump", "a").stderr == snapshot(
        "a 1.0.0: nothing to write, its version fits the change\n"
    )
    released.commit({"prompts/b.md": prompt_text("0.1.0")})
    assert run(released, "bump", "b").stderr == snapshot(
        "b 0.1.0: nothing to write, not released yet\n"
    )
    assert run(released, "bump", "--all").stderr == snapshot(
        "nothing to write: every version fits its change\n"
    )


def test_an_invalid_prompt_is_refused_and_left_alone(released: Repo) -> None:
    for text in ("no frontmatter", prompt_text(body="{{ nope }}"), ""):
        file = released.write(PATH, text)
        assert "a is not valid" in refuse(released, "bump", "a")
        assert file.read_text() == text


_NONSENSE = (
    (("a", "--level", "huge"), "'huge' is not a level"),
    ((), "no prompt given"),
    (("a", "--all"), "names and --all cannot be combined"),
    (("nope",), "there is no prompt nope"),
    (("../a",), "is not a prompt name"),
)


def test_requests_that_make_no_sense(released: Repo) -> None:
    for words, told in _NONSENSE:
        assert told in refuse(released, "bump", *words, code=2)


def test_a_work_tree_is_needed(released: Repo) -> None:
    bare = released.clone(released.path.parent / "bare.git", "--bare")
    assert refuse(bare, "bump", "a", code=2) == snapshot("""\
error: this is a bare repository: there is no work tree here
 hint: run the command in a clone of it\
""")


def test_all_of_no_prompts_is_never_fine(repo: Repo) -> None:
    assert masked(refuse(repo, "bump", "--all", code=2)) == snapshot("""\
error: there are no prompts here
 hint: create one with promptops new NAME\
""")
    repo.commit({"README.md": "x"})
    assert masked(refuse(repo, "release", "--all", code=2)) == snapshot("""\
error: there are no prompts here
 hint: create one with promptops new NAME\
""")
