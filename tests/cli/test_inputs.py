"""Values for a prompt, from options and files."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest

from promptops.cli.inputs import read_text, read_values
from promptops.errors import InputError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

DECLARED: dict[str, Any] = {
    "text": "string",
    "count": {"type": "integer"},
    "formal": {"type": "boolean"},
    "names": {"type": "array"},
    "facts": {"type": "object"},
}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("text=1.10", "1.10"),
        ("text=", ""),
        ("text=a=b", "a=b"),
        ("text=@@home", "@home"),
        ("count=3", 3),
        ("formal=false", False),
        ('names=["a"]', ["a"]),
        ('facts={"k": [1]}', {"k": [1]}),
        ("unknown=3", "3"),
    ],
)
def test_a_text_has_the_type_that_its_input_declares(variable: str, value: object) -> None:
    name = variable.partition("=")[0]
    assert read_values(DECLARED, [variable], []) == {name: value}


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("count=many", "write a number: --var count=3"),
        ("formal=yes", "write --var formal=true or --var formal=false"),
        ("names=a,b", """write JSON: --var 'names=["a", "b"]', or --var names=@file.json"""),
        ("facts=x", """write JSON: --var 'facts={"key": 1}', or --var facts=@file.json"""),
    ],
)
def test_a_text_of_another_type_is_refused_with_an_example(variable: str, hint: str) -> None:
    with pytest.raises(InputError, match=f"input '{variable.partition('=')[0]}' takes") as caught:
        read_values(DECLARED, [variable], [])
    assert caught.value.hint == hint


@pytest.mark.parametrize("variable", ["text", "=x", ""])
def test_an_option_that_is_no_assignment_is_refused(variable: str) -> None:
    with pytest.raises(UsageError, match="is not of the form name=value"):
        read_values(DECLARED, [variable], [])


def test_later_files_win_and_options_win_over_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"text": "a", "count": 1, "formal": true}')
    (tmp_path / "b.yaml").write_text("text: b\ncount: 2\n")
    files = [str(tmp_path / "a.json"), str(tmp_path / "b.yaml")]
    assert read_values(DECLARED, ["text=c"], files) == {"text": "c", "count": 2, "formal": True}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "v is not a mapping of inputs"),
        ("formal: no", "v is neither JSON nor YAML in line 1: YAML reads no as true or false"),
        ("[" * 100_000, "v is neither JSON nor YAML"),
    ],
    ids=["a list", "a word that YAML converts", "endless nesting"],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "v").write_text(text)
    with pytest.raises(InputError, match=message):
        read_values(DECLARED, [], [str(tmp_path / "v")])


def test_a_text_is_read_unchanged_and_must_be_utf_8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t").write_bytes("a\r\n\ufeffé \n".encode())
    assert read_text(str(tmp_path / "t")) == "a\r\n\ufeffé \n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ok\xff")))
    with pytest.raises(InputError, match="standard input is not UTF-8: byte 0xff at 2"):
        read_text("-")
    with pytest.raises(UsageError, match="no file is named after '@'"):
        read_text("")
