"""The module for TypeScript: what its compiler takes and refuses."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.stubs.types import read_stubs
from promptops.runtime.stubs.typescript import write_typescript
from tests.runtime.stubs.pieces import all_stubs, load

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.story
def test_typescript_passes_the_compiler_and_refuses_what_is_wrong(
    tmp_path: Path, typescript: Path
) -> None:
    (tmp_path / "prompts.ts").write_text(write_typescript(all_stubs(), "production"), "utf-8")
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


def write(**keys: str) -> str:
    return write_typescript(read_stubs([load("a", **keys)]), "production")


def test_a_description_cannot_end_its_comment() -> None:
    text = write(inputs="{x: {type: string, description: 'no */ code()'}}")
    assert "/** no * / code() */" in text


def test_a_member_that_is_no_name_is_quoted() -> None:
    text = write(
        inputs="{x: {type: object, required: [b], properties: {'a-b': {enum: [1, '\"']}, b: {}}}}"
    )
    assert '  "a-b"?: 1 | "\\"";\n  b: unknown;\n' in text


def test_an_answer_of_text_has_no_data() -> None:
    assert 'export interface PromptOutputs {\n  "a": null;\n}' in write()
    assert 'export interface PromptOutputs {\n  "a": Array<string>;\n}' in write(
        output="{type: array, items: {type: string}}"
    )
