"""Validation as a whole: what is judged, how findings are weighed, kept quiet and placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate, validate_prompts
from promptops.errors import ConfigurationError
from promptops.prompt.finding import Severity
from promptops.repository.config import load_config
from promptops.repository.repository import WorkTreeFiles, open_repository
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.checks.validation import Validation
    from promptops.repository.config import Config
    from tests.repositories import Repo


def config(text: str = "") -> Config:
    return load_config({"promptops.toml": text.encode()}.get)


def write(folder: Path, files: Mapping[str, str | bytes]) -> WorkTreeFiles:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    return WorkTreeFiles(folder)


def found(result: Validation) -> list[str]:
    return [f"{one.place} {one.severity.value} {one.check}" for one in result.findings]


UNUSED = prompt_text(body="Hello")


def test_an_empty_folder_and_one_that_is_not_there_pass(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        result = validate(WorkTreeFiles(folder), config())
        assert (result.findings, result.prompts, result.is_passed) == ((), (), True)


def test_paths_are_those_of_the_repository(tmp_path: Path) -> None:
    files = write(tmp_path, {"team/a.md": UNUSED})
    result = validate(files, config('prompts = "ai/prompts"'))
    assert found(result) == ["ai/prompts/team/a.md:6:10 warning unused-input"]
    assert list(result.texts) == ["ai/prompts/team/a.md"]
    assert result.is_passed


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("", "warning"),
        ('unused-input = "error"', "error"),
        ('unused-input = "note"', "note"),
        ('unused-input = "off"', None),
        ('unused-input = "off"\n[checks."prompts/team"]\nunused-input = "error"', "error"),
        ('[checks."prompts/team/"]\nunused-input = "error"', "error"),
        ('[checks."prompts/*.md"]\nunused-input = "error"', "error"),
        ('[checks."prompts/teams"]\nunused-input = "error"', "warning"),
        (
            (
                '[checks."prompts/team"]\nunused-input = "error"\n'
                '[checks."prompts/team/a.md"]\nunused-input = "off"'
            ),
            None,
        ),
    ],
)
def test_configuration_weighs_a_check(tmp_path: Path, settings: str, expected: str | None) -> None:
    files = write(tmp_path, {"team/a.md": UNUSED})
    result = validate(files, config(f"[checks]\n{settings}"))
    assert [one.severity.value for one in result.findings] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('unused-inputs = "off"', "there is no check 'unused-inputs'"),
        ('unknown-key = "off"', "'unknown-key' cannot be configured"),
        ('[checks."x"]\nnonsense = "off"', "there is no check 'nonsense'"),
    ],
)
def test_a_rule_that_would_not_apply_is_refused(
    tmp_path: Path, settings: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as error:
        validate(WorkTreeFiles(tmp_path), config(f"[checks]\n{settings}"))
    assert error.value.hint


def test_ignoring_keeps_a_check_quiet_for_one_prompt_only(tmp_path: Path) -> None:
    quiet = prompt_text(body="Hello", ignore="{unused-input: callers send it}")
    result = validate(write(tmp_path, {"a.md": quiet, "b.md": UNUSED}), config())
    assert found(result) == ["prompts/b.md:6:10 warning unused-input"]


def test_a_fault_in_a_partial_is_reported_once_and_there(tmp_path: Path) -> None:
    body = "{% include '_p.md' %} {{ question }}"
    files = {"a.md": prompt_text(body=body), "b.md": prompt_text(body=body), "_p.md": "{% if %}"}
    assert found(validate(write(tmp_path, files), config())) == ["prompts/_p.md:1:7 error syntax"]


def test_partials_that_nothing_includes_are_judged_too(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"_p.md": "{% if %}\u202e", "_q.md": b"\xff"}
    assert found(validate(write(tmp_path, files), config())) == [
        "prompts/_p.md warning unused-partial",
        "prompts/_p.md:1:7 error syntax",
        "prompts/_p.md:1:9 error deceptive-character",
        "prompts/_q.md warning unused-partial",
        "prompts/_q.md:1:1 error not-utf8",
    ]


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


def test_only_the_prompts_asked_for_are_judged(tmp_path: Path) -> None:
    files = write(tmp_path, {"a.md": UNUSED, "b.md": UNUSED, "_p.md": "x", "C d.md": "x"})
    result = validate_prompts(files, config(), ["b"])
    assert found(result) == ["prompts/b.md:6:10 warning unused-input"]
    assert result.prompts == ("b",)


def test_findings_are_counted_by_weight(tmp_path: Path) -> None:
    files = write(tmp_path, {"a.md": prompt_text(body="{{ nothing }}")})
    result = validate(files, config())
    assert (result.count(Severity.ERROR), result.count(Severity.WARNING)) == (1, 1)
    assert not result.is_passed


# What a stranger may send must never stop the run.
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"---",
        b"---\n---\n",
        b"\xff\xfe",
        b"\0",
        b"---\ninputs: [1]\nignore: 3\nroutes: {a: b}\n---\n{{ x",
        b"---\ninputs: {1: 2, a: {type: 7}, b: null}\noutput: 7\ntools: [7]\n---\n{% include 7 %}",
        b"---\nignore: {unused-input: [1]}\nroutes: [{when: '%} {{'}, 7]\n---\n",
        b"---\n" + b"[" * 5000 + b"\n---\n",
        b"---\nversion: 1.0.0\n---\n" + b"{% if x %}" * 500,
        b"---\nversion: 1.0.0\n---\n{{ " + b"(" * 5000,
    ],
    ids=lambda content: repr(content[:24]),
)
def test_no_file_can_stop_a_validation(tmp_path: Path, content: bytes) -> None:
    result = validate(write(tmp_path, {"a.md": content, "b.md": UNUSED}), config())
    assert not result.is_passed
    assert "prompts/b.md:6:10 warning unused-input" in found(result)


def test_of_many_like_problems_in_one_file_only_the_first_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.checks.judging._MAX_PROBLEMS", 2)
    body = "{{ question }}\n" + "TODO: mend this\n" * 9
    result = validate(write(tmp_path, {"a.md": prompt_text(body=body)}), config())
    assert [one.check for one in result.findings] == ["leftover-text"] * 2


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


@pytest.mark.parametrize("state", ["working", "staged", "committed"])
def test_owners_and_suites_are_those_of_the_same_state(repo: Repo, state: str) -> None:
    repo.write("prompts/a.md", prompt_text(requires_review="true"))
    suite = "schema: promptops.suite/v1\nprompt: b\nsamples: [{name: x}]\n"
    repo.write("evals/b.yaml", suite)
    repo.write("CODEOWNERS", "* @jane\n")
    repository = open_repository(repo.path)
    files = repository.working
    if state != "working":
        repo.git("add", ".")
        files = repository.staged
    if state == "committed":
        repo.git("commit", "-q", "-m", "x")
        files = repository.at("HEAD")
    assert found(validate(files, config())) == [
        "evals/b.yaml warning orphaned-evals",
        "prompts/a.md note missing-evals",
        "prompts/a.md:7:18 warning unreviewable-prompt",
    ]
