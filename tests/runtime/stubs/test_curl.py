"""The script of curl calls."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

from promptops.runtime.stubs.curl import write_curl
from promptops.runtime.stubs.types import read_stubs
from tests.runtime.stubs.pieces import all_stubs, load

if TYPE_CHECKING:
    from pathlib import Path


def test_curl_calls_are_shell(tmp_path: Path) -> None:
    script = tmp_path / "calls.sh"
    script.write_text(write_curl(all_stubs(), "production"), "utf-8")

    subprocess.run(["sh", "-n", str(script)], check=True)

    assert "/v1/run/support/typed@production" in script.read_text("utf-8")


def test_what_a_prompt_says_cannot_become_a_command() -> None:
    prompt = load("a", inputs='{x: {const: "\'; rm -rf ~"}}', description='"a\\nb"')
    text = write_curl(read_stubs([prompt]), "staging")
    *_, comment, first, second = text.splitlines()
    assert comment == "# a 1.0.0: a b"
    words = shlex.split(f"{first[:-1]}{second}")
    assert words[-3].endswith("/v1/run/a@staging")
    assert json.loads(words[-1]) == {"inputs": {"x": "'; rm -rf ~"}}
