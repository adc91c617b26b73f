"""Validation as a whole: what is judged, how findings are weighed, kept quiet and placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate, validate_prompts
from promptops.repository.repository import WorkTreeFiles
from tests.checks.pieces import UNUSED, config, found, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path


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


def test_only_the_prompts_asked_for_are_judged(tmp_path: Path) -> None:
    files = write(tmp_path, {"a.md": UNUSED, "b.md": UNUSED, "_p.md": "x", "C d.md": "x"})
    result = validate_prompts(files, config(), ["b"])
    assert found(result) == ["prompts/b.md:6:10 warning unused-input"]
    assert result.prompts == ("b",)


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
