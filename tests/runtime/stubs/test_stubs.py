"""Types of prompts: what they say, and that the compilers of both languages take them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from promptops.runtime.registry import open_registry
from promptops.runtime.stubs.curl import write_curl
from promptops.runtime.stubs.python import write_python
from promptops.runtime.stubs.types import read_stubs
from promptops.runtime.stubs.typescript import write_typescript
from tests.cli.running import accept, refuse
from tests.conftest import move_in
from tests.released import Press
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.runtime.stubs.types import PromptStub

INPUTS = """
  question: {type: string, description: 'What is asked. \\"\\"\\" */ \\\\'}
  max_words: {type: [integer, 'null'], default: null}
  mode: {enum: [fast, slow, 3, null], default: fast}
  tags: {type: array, items: {$ref: '#/$defs/tag'}, $defs: {tag: {enum: [a, b]}}, default: []}
  order: {type: object, required: [id], properties: {id: {type: integer}, 'a b': {type: string}}}
  free: {type: object, additionalProperties: {type: number}, default: {}}
  any: {default: null}
"""
OUTPUT = """
  type: object
  required: [topic, tree]
  properties:
    topic: {anyOf: [{const: billing}, {type: 'null'}]}
    score: {type: number, description: From 0 to 1.}
    tree: {$ref: '#/$defs/node'}
  $defs:
    node: {type: object, required: [name], properties: {name: {type: string},
           children: {type: array, items: {$ref: '#/$defs/node'}}}}
"""


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repo]:
    """Two prompts whose names make one word, and one with every kind of type."""
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        repo = Repo.init(tmp_path_factory.mktemp("team"))
        press = Press(repo)
        press.release("support/typed", "1.2.0", inputs=INPUTS, output=OUTPUT)
        press.release("support/a-b", "1.0.0")
        press.release("support/ab", "1.0.0")
        press.release("prompt", "1.0.0")
        live = {"support/typed": "1.2.0", "support/a-b": "1.0.0", "support/ab": "1.0.0"}
        live["prompt"] = "1.0.0"
        press.deploy("production", live)
        yield repo


@pytest.fixture(scope="module")
def stubs(repo: Repo) -> Iterator[list[PromptStub]]:
    with open_registry(repo.path) as registry:
        yield read_stubs(
            registry.find(f"{name}@production").prompt
            for name in ("support/typed", "support/a-b", "support/ab")
        )


def test_names_are_distinct(stubs: list[PromptStub]) -> None:
    assert [one.base for one in stubs] == ["SupportTyped", "SupportAB", "SupportAb2"]


def test_types_of_a_prompt_take_no_name_that_the_file_declares(repo: Repo) -> None:
    with open_registry(repo.path) as registry:
        (stub,) = read_stubs([registry.find("prompt@production").prompt])
    assert stub.inputs.name == "PromptInputs2"


@pytest.mark.slow
def test_python_passes_the_strict_checks_and_refuses_what_is_wrong(
    stubs: list[PromptStub], tmp_path: Path
) -> None:
    (tmp_path / "prompts_live.py").write_text(write_python(stubs, "production"), "utf-8")
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


def test_python_runs_the_pinned_prompt(stubs: list[PromptStub], tmp_path: Path) -> None:
    asked: list[tuple[Any, ...]] = []

    class Recorder:
        def run(self, ref: str, inputs: Any, **caller: Any) -> Any:
            asked.append((ref, inputs, caller))
            return type("Run", (), {"text": "text", "data": {"topic": None}})

    module: dict[str, Any] = {}
    exec(compile(write_python(stubs, "production"), "prompts_live", "exec"), module)

    assert module["support_ab2"](Recorder(), {"question": "?"}, user="u") == "text"
    assert module["support_typed"](Recorder(), {}) == {"topic": None}
    module["support_ab2"](Recorder(), {"question": "?"}, selector="1.0.0")
    assert [ref for ref, _, _ in asked[1:]] == ["support/typed@production", "support/ab@1.0.0"]
    assert asked[0] == (
        "support/ab@production",
        {"question": "?"},
        {"user": "u", "tenant": None},
    )


def test_typescript_passes_the_compiler_and_refuses_what_is_wrong(
    stubs: list[PromptStub], tmp_path: Path, typescript: Path
) -> None:
    (tmp_path / "prompts.ts").write_text(write_typescript(stubs, "production"), "utf-8")
    head = (
        'import { runPrompt, type PromptRef } from "./prompts";\nconst at = { url: "", key: "" };\n'
    )
    (tmp_path / "right.ts").write_text(
        f"{head}export async function use(): Promise<string | undefined> {{\n"
        '  const run = await runPrompt(at, "support/typed",\n'
        '    { question: "Why?", order: { id: 1, "a b": "" }, mode: 3, "max_words": null });\n'
        '  const ref: PromptRef = "support/ab@1.0.0";\n'
        '  await runPrompt(at, "support/ab", { question: ref }, { selector: "1.0.0", user: "u" });\n'
        "  return run.data.tree.children?.[0].name;\n}\n"
    )
    (tmp_path / "wrong.ts").write_text(
        f'{head}void runPrompt(at, "support/typed", {{ question: 1 }});\n'
        'void runPrompt(at, "support/none", {});\n'
        'void runPrompt(at, "support/ab", { question: "?" }, { selector: "latest" });\n'
        'const ref: PromptRef = "support/ab@2.0.0";\n'
    )

    def check(name: str) -> str:
        options = ["--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom"]
        program = typescript / "node_modules" / "typescript" / "bin" / "tsc"
        command = ["node", str(program), *options, name]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False
        ).stdout

    assert check("right.ts") == ""
    wrong = check("wrong.ts")
    assert "'number' is not assignable to type 'string'" in wrong
    assert '"support/none"' in wrong
    assert '"latest"' in wrong
    assert '"support/ab@2.0.0"' in wrong


def test_curl_calls_are_shell(stubs: list[PromptStub], tmp_path: Path) -> None:
    script = tmp_path / "calls.sh"
    script.write_text(write_curl(stubs, "production"), "utf-8")

    subprocess.run(["sh", "-n", str(script)], check=True)

    assert "/v1/run/support/typed@production" in script.read_text("utf-8")


def test_the_verb_writes_a_file_or_the_screen(repo: Repo) -> None:
    shown = accept(repo, "stubs", "--lang", "python", "support/ab")
    accept(repo, "stubs", "--lang", "python", "-o", "live.py", "support/ab")

    assert shown == (repo.path / "live.py").read_text("utf-8")
    assert "support/typed" not in shown


def test_a_prompt_that_is_not_live_is_an_error(repo: Repo) -> None:
    everything = accept(repo, "stubs", "--lang", "python", "--all")
    assert everything == accept(repo, "stubs", "--lang", "python")
    assert "support/abb" in refuse(repo, "stubs", "--lang", "curl", "support/abb", code=2)
