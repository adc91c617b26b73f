"""The program that runs one function: its reply is JSON alone, whatever the function does."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from promptops.evals.scorers import function_runner

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = """
import os
from beside import VALUE
def prints(text, inputs): os.write(1, b"noise"); print("noise"); return [VALUE, text, inputs]
def leaves(text, inputs): raise SystemExit("bye")
def odd(text, inputs): return {1, 2}
def large(text, inputs): return len(bytearray(2**40))
"""


def run(folder: Path, function: str) -> dict[str, Any]:
    (folder / "beside.py").write_text("VALUE = 7\n")
    (folder / "f.py").write_text(FUNCTIONS)
    question = {
        "file": str(folder / "f.py"),
        "function": function,
        "memory": 512,
        "text": "é",
        "inputs": {"a": 1},
        "arguments": {},
    }
    ended = subprocess.run(
        [sys.executable, "-I", function_runner.__file__],
        input=json.dumps(question).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    reply: dict[str, Any] = json.loads(ended.stdout)
    return reply


def test_what_a_function_prints_is_not_in_the_reply(tmp_path: Path) -> None:
    assert run(tmp_path, "prints") == {"value": [7, "é", {"a": 1}]}


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("leaves", "SystemExit: bye"),
        ("odd", "TypeError: Object of type set is not JSON serializable"),
        ("large", "MemoryError: "),
        ("missing", "AttributeError: module 'functions' has no attribute 'missing'"),
    ],
)
def test_whatever_a_function_raises_is_its_error(tmp_path: Path, function: str, error: str) -> None:
    assert run(tmp_path, function) == {"error": error}
