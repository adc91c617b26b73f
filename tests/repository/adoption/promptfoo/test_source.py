"""The files of a configuration: none outside the repository, and YAML as JavaScript reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.promptfoo.source import (
    LocatedMapping,
    SourceFolder,
    load_json,
    load_yaml,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> SourceFolder:
    """The folder `app` of a repository, beside which there is a secret."""
    top = tmp_path / "repo"
    (top / "app" / "cases").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (top / "top.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    (top / "app" / "bad.txt").write_bytes(b"\xff")
    (top / "app" / "link.txt").symlink_to(tmp_path / "secret.txt")
    for name in ("b.yaml", "a.yaml", "c.csv"):
        (top / "app" / "cases" / name).write_text("x")
    return SourceFolder(top, "app")


def test_a_file_of_the_repository_is_read_without_its_mark(folder: SourceFolder) -> None:
    assert folder.read("../top.txt") == "one\ntwo"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../../secret.txt", "outside the repository"),
        ("link.txt", "outside the repository"),
        ("/etc/hosts", "outside the repository"),
        ("none.txt", "there is no file none.txt"),
        ("cases", "there is no file cases"),
        ("bad.txt", "bad.txt is not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_named(folder: SourceFolder, name: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        folder.read(name)


def test_patterns_are_sorted_and_plain_names_taken_as_they_are(folder: SourceFolder) -> None:
    assert folder.find("cases/*.yaml") == ["cases/a.yaml", "cases/b.yaml"]
    assert folder.find("*") == ["bad.txt", "link.txt"]
    assert folder.find("none.txt") == ["none.txt"]
    assert folder.find("cases/?.json") == []


@pytest.mark.parametrize("pattern", ["../*", "/etc/*", "cases/../../*"])
def test_no_pattern_leads_out_of_the_folder(folder: SourceFolder, pattern: str) -> None:
    with pytest.raises(UnreadableError, match="outside of the folder"):
        folder.find(pattern)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("True", True),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("~", None),
        ("0o17", 15),
        ("017", 17),
        ("0x1F", 31),
        ("-0b11", -3),
        ("1_000", 1000),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("1.2.3", "1.2.3"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("{2: a, true: b, 1.5: c}", {"2": "a", "true": "b", "1.5": "c"}),
        ("{<<: {a: 1}, b: 2}", {"a": 1, "b": 2}),
    ],
)
def test_scalars_are_what_they_are_in_javascript(text: str, value: Any) -> None:
    assert load_yaml(text, "a.yaml") == value


def test_a_mapping_knows_its_line() -> None:
    first, second = load_yaml("- a: 1\n\n- b:\n    c: 2\n", "a.yaml")
    assert isinstance(second["b"], LocatedMapping)
    assert [(one.line, one.file) for one in (first, second, second["b"])] == [
        (1, "a.yaml"),
        (3, "a.yaml"),
        (4, "a.yaml"),
    ]


def test_what_is_malformed_is_named_with_its_line() -> None:
    with pytest.raises(UnreadableError, match=r"a\.yaml is not YAML: line 2: "):
        load_yaml("a: 1\nb: c: d\n", "a.yaml")
    with pytest.raises(UnreadableError, match=r"a\.json is not JSON: "):
        load_json("{", "a.json")
