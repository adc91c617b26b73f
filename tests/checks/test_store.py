"""What is remembered of a validation changes nothing but the time that the next one takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import promptops.checks.store
from promptops.checks.engine import validate
from promptops.checks.result import ValidationResult
from promptops.checks.store import ResultStore
from promptops.repository.config import load_config
from promptops.repository.repository import WorkTreeFiles
from tests.cli.running import accept, run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.checks.validation import Validation
    from tests.repositories import Repo

BODIES = {
    "plain": "Hello {{ question }}",
    "undeclared": "Hello {{ question }} {{ other }}",
    "partial": '{% include "_tone.md" %} {{ question }}',
    "missing": '{% include "_ton.md" %} {{ question }}',
    "broken": "{% if question %}",
    "left": "TODO: mend {{ question }}",
    "secret": "AKIA" + "QRSTUVWX23456723 {{ question }}",
}
FILES = st.fixed_dictionaries(
    {},
    optional={
        **{f"p/{name}.md": st.sampled_from([*BODIES]) for name in "abc"},
        "_tone.md": st.sampled_from(["plain", "undeclared", "partial", "left", "broken"]),
        "_ton.md": st.just("left"),
    },
)
ROUTED = {"routes": "[{when: question == 'a', prompt: p/b}]"}


def write(folder: Path, files: dict[str, str]) -> None:
    for old in sorted(folder.rglob("*.md")):
        old.unlink()
    for path, body in files.items():
        file = folder / "prompts" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        text = BODIES[body]
        if not path.startswith("_"):
            text = prompt_text(body=text, **(ROUTED if path == "p/c.md" else {}))
        file.write_text(text)


def judge(folder: Path, memory: ResultStore | None, settings: str = "") -> Validation:
    files = WorkTreeFiles(folder / "prompts", folder)
    config = load_config({"promptops.toml": settings.encode()}.get)
    return validate(files, config, store=memory)


@pytest.mark.story
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.tuples(FILES, st.sampled_from(["", '[checks]\nleftover-text = "off"'])),
                      min_size=2, max_size=4))  # fmt: skip
def test_a_remembered_validation_is_the_same_as_a_new_one(
    steps: list[tuple[dict[str, str], str]], tmp_path: Path
) -> None:
    for files, config in steps:
        write(tmp_path, files)
        assert judge(tmp_path, ResultStore(tmp_path / "kept"), config) == judge(
            tmp_path, None, config
        )


def test_owners_and_suites_are_part_of_what_is_remembered(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "kept")
    write(tmp_path, {"p/a.md": "plain"})
    for path, text in (
        ("CODEOWNERS", "/prompts/x/ @a/b\n"),
        ("evals/p/b.yaml", "prompt: p/b\n"),
        ("CODEOWNERS", "/prompts/ @a/b\n"),
        ("evals/p/a.yaml", "prompt: p/a\n"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        assert judge(tmp_path, store) == judge(tmp_path, None)


def test_a_prompt_that_is_as_it_was_is_not_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ResultStore(tmp_path / "kept")
    write(tmp_path, {"p/a.md": "plain", "p/b.md": "partial", "_tone.md": "left"})
    first = judge(tmp_path, store)
    monkeypatch.setattr("promptops.checks.sources.collect_closure", None)
    assert judge(tmp_path, store) == first
    (tmp_path / "prompts" / "_tone.md").write_text("changed")
    with pytest.raises(TypeError):
        judge(tmp_path, store)


def test_a_folder_that_is_as_it_was_is_not_compared_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ResultStore(tmp_path / "kept")
    write(tmp_path, {"p/a.md": "partial", "p/b.md": "broken", "_tone.md": "left"})
    first = judge(tmp_path, store)
    monkeypatch.setattr("promptops.checks.rules.duplicate_prompt.check", None)
    assert judge(tmp_path, store) == first
    assert first.included_from
    (tmp_path / "prompts" / "_more.md").touch()
    with pytest.raises(TypeError):
        judge(tmp_path, store)


@pytest.mark.slow
def test_what_a_folder_stands_on_beside_its_files_is_looked_at_again(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "kept")
    prompts = tmp_path / "prompts"
    write(tmp_path, {"p/a.md": "plain"})
    (prompts / "p" / "a.md").write_text(prompt_text(body="{% include '_h/.x.txt' %}{{ question }}"))
    (prompts / "_h").mkdir()
    hidden, link, suite = (
        prompts / "_h" / ".x.txt",
        prompts / "_l.md",
        tmp_path / "evals" / "b.yaml",
    )
    suite.parent.mkdir()
    changes = (
        lambda: hidden.write_text("x"),
        lambda: hidden.write_text("{{ y }}"),
        hidden.unlink,
        lambda: link.symlink_to("p/a.md"),
        link.unlink,
        link.touch,
        lambda: suite.write_text("prompt: p/b"),
        lambda: suite.write_text("prompt: p/a"),
    )
    for change in changes:
        change()
        for _ in range(2):
            assert judge(tmp_path, store) == judge(tmp_path, None)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b"prompts", b"prompt5", 1) + b" ",
        lambda data: b"",
        lambda data: data.partition(b"\n")[2],
        lambda data: b"promptops.judgements/v1" + data[len(b"promptops.judgements/v3") :],
    ],
)
def test_a_damaged_memory_is_none(tmp_path: Path, damage: object) -> None:
    write(tmp_path, {"p/a.md": "undeclared"})
    expected = judge(tmp_path, ResultStore(tmp_path / "kept"))
    file = tmp_path / "kept" / "judgements.json"
    good = file.read_bytes()
    file.write_bytes(damage(good))  # type: ignore[operator]
    assert judge(tmp_path, ResultStore(tmp_path / "kept")) == expected


def test_a_memory_that_cannot_be_written_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file where a folder should be")
    write(tmp_path, {"p/a.md": "plain"})
    assert judge(tmp_path, ResultStore(tmp_path / "kept")) == judge(tmp_path, None)


def test_another_program_remembers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ResultStore(tmp_path / "kept")
    store.begin("scope")
    store.keep(ValidationResult("a.md", {}, (), {}, 0, 1, "m", None, is_lasting=True))
    store.save()
    store.begin("scope")
    assert store.recall("a.md") is not None
    store.begin("another scope")
    assert store.recall("a.md") is None
    monkeypatch.setattr(promptops.checks.store, "__version__", "0.0.0")
    store.begin("scope")
    assert store.recall("a.md") is None


def test_secrets_are_not_remembered(tmp_path: Path) -> None:
    write(tmp_path, {"p/a.md": "secret", "p/b.md": "plain"})
    assert "exposed-secret" in {
        one.check for one in judge(tmp_path, ResultStore(tmp_path / "kept")).findings
    }
    assert b"QRSTUVWX23456723" not in (tmp_path / "kept" / "judgements.json").read_bytes()


@pytest.mark.slow
def test_the_command_line_remembers_in_the_repository_unless_told_not_to(repo: Repo) -> None:
    repo.write("prompts/a.md", prompt_text())
    repo.commit()
    file = repo.path / ".git" / "promptops" / "validate" / "judgements.json"
    accept(repo, "validate", "--no-cache")
    accept(repo, "validate", "--rev", "HEAD")
    accept(repo, "validate", "a")
    assert not file.exists()
    accept(repo, "validate")
    document = json.loads(file.read_bytes().partition(b"\n")[2])
    assert list(document["judgements"]) == ["a.md", ""]
    # What a revision holds is judged anew, whatever is remembered of it.
    assert run(repo, "validate", "--rev", "HEAD").exit_code == 0
    assert run(repo, "validate", "--staged").exit_code == 0
