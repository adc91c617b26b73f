"""The module for Python: what mypy takes and refuses, and what it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import promptops
from promptops.runtime.stubs.python import write_python
from promptops.runtime.stubs.types import read_stubs
from tests.runtime.stubs.pieces import all_stubs, load

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.prompt.prompt import Prompt


@pytest.mark.story
def test_python_passes_the_strict_checks_and_refuses_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "prompts_live.py").write_text(write_python(all_stubs(), "production"), "utf-8")
    (tmp_path / "right.py").write_text(
        "import promptops, prompts_live\n"
        "def use(registry: promptops.Registry) -> str:\n"
        "    answer = prompts_live.support_typed(\n"
        "        registry, {'question': 'Why?', 'order': {'id': 1}, 'mode': 3, 'tags': ['a']})\n"
        "    name: str = answer['tree']['children'][0]['name']\n"
        "    ref: prompts_live.PromptRef = 'support/ab@1.0.0'\n"
        "    return name + ref + prompts_live.support_ab2(\n"
        "        registry, {'question': '?'}, selector='1.0.0')\n"
    )
    (tmp_path / "wrong.py").write_text(
        "import promptops, prompts_live\n"
        "def use(registry: promptops.Registry) -> None:\n"
        "    prompts_live.support_typed(registry, {'question': 'Why?'})\n"
        "    prompts_live.support_ab2(registry, {'question': 3})\n"
        "    prompts_live.support_ab2(registry, {'question': '?'}, selector='latest')\n"
        "    ref: prompts_live.PromptRef = 'support/ab@2.0.0'\n"
    )

    options = ("--strict", "--cache-dir", os.devnull)
    command = [sys.executable, "-m", "mypy", *options, "right.py", "wrong.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    wrong = done.stdout
    lines = wrong.splitlines()
    assert {line.partition(":")[0] for line in lines[:-1]} == {"wrong.py"}, done
    assert lines[-1].endswith("in 1 file (checked 2 source files)")
    assert 'Missing key "order"' in wrong
    assert '(expression has type "int"' in wrong
    assert """expected "Literal['production', '1.0.0']\"""" in wrong
    assert """expression has type "Literal['support/ab@2.0.0']\"""" in wrong


def test_python_runs_the_pinned_prompt() -> None:
    asked: list[tuple[Any, ...]] = []

    class Recorder:
        def run(self, ref: str, inputs: Any, **caller: Any) -> Any:
            asked.append((ref, inputs, caller))
            return type("Run", (), {"text": "text", "data": {"topic": None}})

    module: dict[str, Any] = {}
    exec(compile(write_python(all_stubs(), "production"), "prompts_live", "exec"), module)

    assert module["support_ab2"](Recorder(), {"question": "?"}, user="u") == "text"
    assert module["support_typed"](Recorder(), {}) == {"topic": None}
    module["support_ab2"](Recorder(), {"question": "?"}, selector="1.0.0")
    assert [ref for ref, _, _ in asked[1:]] == ["support/typed@production", "support/ab@1.0.0"]
    assert asked[0] == (
        "support/ab@production",
        {"question": "?"},
        {"user": "u", "tenant": None},
    )


def run_module(*prompts: Prompt) -> tuple[dict[str, Any], list[str]]:
    """The names of a module of these prompts, and the refs that a registry is asked for."""
    asked: list[str] = []

    class Recorder:
        def run(self, ref: str, _inputs: Any, **_caller: Any) -> Any:
            asked.append(ref)
            return type("Run", (), {"text": "text", "data": {"a": 1}})

    module: dict[str, Any] = {"registry": Recorder()}
    exec(compile(write_python(read_stubs(prompts), "production"), "live", "exec"), module)
    return module, asked


@pytest.mark.parametrize("name", ["class", "cast", "promptops", "str", "none"])
def test_a_prompt_takes_no_name_that_the_module_needs(name: str) -> None:
    module, asked = run_module(load(name, output="{type: object}"))
    function = name if name == "none" else f"{name}_"
    assert module[function](module["registry"], {}) == {"a": 1}
    assert asked == [f"{name}@production"]
    assert module["promptops"] is promptops


def test_each_prompt_has_a_function_of_its_own() -> None:
    module, asked = run_module(load("class"), load("run/class"))
    for name in ("class_", "run_class"):
        module[name](module["registry"], {})
    assert asked == ["class@production", "run/class@production"]


def test_a_member_that_is_no_name_of_python_is_quoted() -> None:
    module, _ = run_module(
        load("a", inputs="{x: {type: object, properties: {class: {}, b: {type: number}}}}")
    )
    assert set(module["AX"].__annotations__) == {"class", "b"}


def test_a_description_cannot_end_its_docstring() -> None:
    text = 'what """ \\\\ is'
    module, _ = run_module(load("a", description=f"'{text}'"))
    assert text in module["a"].__doc__


def test_no_prompt_is_a_module_too() -> None:
    module, _ = run_module()
    assert module["PromptName"] is module["PromptRef"] is str
