"""Errors of the library: a hint is part of what a traceback shows."""

from __future__ import annotations

import importlib
import pickle
import pkgutil
import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

import promptops
from promptops.checks.catalogue import entries, find_page
from promptops.cli.doctor import PAGE
from promptops.cli.documentation import read_page, split_sections
from promptops.cli.session import report_error
from promptops.errors import NotFoundError, PausedError, PromptopsError, RefusedError
from tests.cli.running import accept, run
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.repositories import Repo

DOCS = Path(__file__).parents[1] / "docs"
# Their hint says all there is to say.
PLAIN = frozenset(
    {
        "GitError",
        "InputError",
        "NotAFileError",
        "NotARepositoryError",
        "NotFoundError",
        "PromptNotFoundError",
        "PromptopsError",
        "RefusedError",
        "RemoteError",
        "RemoteRefNotFoundError",
        "UsageError",
    }
)


def shown(error: BaseException) -> list[str]:
    return "".join(traceback.format_exception(error)).splitlines()


def test_a_traceback_shows_the_hint() -> None:
    error = RefusedError("it is paused", hint="promptops resume a")
    assert masked(shown(error)[-2:]) == snapshot(
        ["promptops.errors.RefusedError: it is paused", "hint: promptops resume a"]
    )
    assert str(error) == "it is paused"


def test_another_hint_takes_the_place_of_the_first() -> None:
    error = PromptopsError("no answer", hint="wait")
    error.hint = "check the address"
    error.add_note("seen at noon")
    assert masked(shown(error)[1:]) == snapshot(["hint: check the address", "seen at noon"])
    error.hint = None
    assert (error.hint, shown(error)[1:]) == (None, ["seen at noon"])
    assert shown(PromptopsError("no"))[1:] == []


def test_an_error_that_was_sent_to_another_process_has_its_hint_once() -> None:
    error: PromptopsError = pickle.loads(pickle.dumps(PromptopsError("no", hint="wait")))
    assert (error.hint, shown(error)[1:]) == ("wait", ["hint: wait"])


def kinds() -> Iterator[type[PromptopsError]]:
    for module in pkgutil.walk_packages(promptops.__path__, "promptops."):
        text = Path(DOCS.parent, *module.name.split(".")).with_suffix(".py")
        if text.is_file() and re.search(r"^class .*Error\(", text.read_text("utf-8"), re.MULTILINE):
            importlib.import_module(module.name)
    left = [PromptopsError]
    while left:
        kind = left.pop()
        yield kind
        left += kind.__subclasses__()


@pytest.mark.slow
def test_every_kind_of_error_can_be_sent_to_another_process() -> None:
    for kind in kinds():
        error = kind.__new__(kind, "no")
        # Not by its own arguments, which differ: what it holds is what matters.
        PromptopsError.__init__(error, "no", hint="wait")
        error.stage, error.run_id = "call", "run-1"
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), again.args, vars(again)) == (kind, ("no",), vars(error))


@pytest.mark.slow
def test_every_kind_of_error_has_its_page_or_needs_none() -> None:
    found = [kind for kind in kinds() if kind.__module__.startswith("promptops.")]
    without = {kind.__name__ for kind in found if kind.page is None}
    assert without == PLAIN
    for kind in found:
        if kind.page is not None:
            assert read_page(kind.page).startswith("#"), kind


@pytest.mark.slow
def test_every_check_and_the_doctor_have_a_section() -> None:
    for entry in entries():
        page = find_page(entry.id)
        assert page is not None
        assert entry.id in read_page(page)
    assert find_page("no-such-check") is None
    assert "`commit-hook`" in read_page(PAGE)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("docs/guard.md", "did you mean docs/guards.md?"),
        ("docs/guards.md#breaker", "did you mean breakers?"),
        ("docs/zzz", "promptops help docs lists them"),
    ],
)
def test_a_page_that_is_not_there_is_an_error(name: str, hint: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        read_page(name)
    assert caught.value.hint == hint


def test_a_section_ends_where_the_next_of_its_level_begins() -> None:
    text = "# A\n\n## B c\n\n```sh\n# no heading\n```\n\n### D\n\nd\n\n## E\n\ne\n"
    sections = split_sections(text)
    assert list(sections) == ["a", "b-c", "d", "e"]
    assert masked(sections["b-c"]) == snapshot("""\
## B c

```sh
# no heading
```

### D

d\
""")
    assert sections["e"] == "## E\n\ne"


def test_pages_are_shown_and_listed(tmp_path: Path) -> None:
    listed = accept(tmp_path, "help", "docs").splitlines()
    assert [line.split()[0] for line in listed] == [
        f"docs/{file.name}" for file in sorted(DOCS.glob("*.md"))
    ]
    shown = accept(tmp_path, "help", "docs/guards.md#breakers")
    assert shown.startswith("## Breakers\n")
    assert "## Alerts" not in shown
    assert "<!--" not in accept(tmp_path, "help", "docs/running.md")


def test_the_page_of_an_error_is_named_at_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = PausedError("a is paused", hint="wait")
    report_error(error)
    assert masked(capsys.readouterr().err) == snapshot("""\
error: a is paused
 hint: wait
""")
    monkeypatch.setattr("promptops.cli.session.is_terminal", lambda _: True)
    monkeypatch.setenv("NO_COLOR", "1")
    report_error(error)
    assert masked(capsys.readouterr().err) == snapshot("""\
error: a is paused
 hint: wait
  see: promptops help docs/deploying.md
""")
    report_error(PromptopsError("no", hint="x"))
    assert "see:" not in capsys.readouterr().err


@pytest.mark.slow
def test_what_finds_something_names_its_page(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    for verb in ("validate", "gate", "doctor"):
        monkeypatch.setattr(f"promptops.cli.{verb}.refer", named.append)
    repo.commit({"prompts/a.md": prompt_text(), "CODEOWNERS": "* @jane\n"})
    run(repo, "validate")
    assert named == []
    repo.git("switch", "--quiet", "--create", "change")
    repo.commit({"prompts/a.md": prompt_text(body="{{ tikcet }}")})
    for words in (["validate"], ["gate"], ["doctor"], ["validate", "--format", "json"]):
        run(repo, *words)
    assert named == ["docs/checks.md", "docs/gate.md#findings", PAGE]
    for page in named:
        assert read_page(page)
