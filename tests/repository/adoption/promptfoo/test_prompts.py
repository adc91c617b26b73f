"""The prompts that a configuration names: texts, files, conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.repository.adoption.draft import DraftMessage, UnreadableError
from promptops.repository.adoption.promptfoo.notebook import Notebook
from promptops.repository.adoption.promptfoo.prompts import (
    AdoptedPrompt,
    PromptSource,
    adopt_prompt,
    list_prompts,
)
from promptops.repository.adoption.promptfoo.source import SourceFolder

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "two.txt": "One {{a}}\n---\n\nTwo\n--- \n",
    "one.md": "One\n---\nand the same\n",
    "rows.jsonl": '"a"\n\n"b"\n',
    "table.csv": "prompt,label\nHi,x\n,y\nBye,z\n",
    "wrong.csv": "text\nHi\n",
    "made.py": "print(1)\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> SourceFolder:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return SourceFolder(tmp_path, ".")


def list_all(value: Any, folder: SourceFolder) -> tuple[list[tuple[str, str]], list[str]]:
    """Titles and texts of the prompts, and the notes."""
    notebook = Notebook()
    found = list_prompts(value, folder, notebook)
    return [(one.title, one.text) for one in found], [one.message for one in notebook.notes()]


@pytest.mark.parametrize(
    ("value", "prompts"),
    [
        ("Say hi to {{name}}", [("", "Say hi to {{name}}")]),
        ("either/or", []),
        ({"raw": "Hi", "label": "greeting"}, [("greeting", "Hi")]),
        ({"two.txt": "pair"}, [("pair-1", "One {{a}}"), ("pair-2", "Two")]),
        ("file://one.md", [("one", FILES["one.md"])]),
        ("rows.jsonl", [("rows-1", '"a"'), ("rows-2", '"b"')]),
        ("table.csv", [("table-1", "Hi"), ("table-2", "Bye")]),
        (["*.md", "Hi"], [("one", FILES["one.md"]), ("", "Hi")]),
    ],
)
def test_an_entry_is_a_text_or_files(
    folder: SourceFolder, value: Any, prompts: list[tuple[str, str]]
) -> None:
    entries = [value] if isinstance(value, dict) and "raw" in value else value
    assert list_all(entries, folder)[0] == prompts


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("made.py", "made.py is a program"),
        ("exec:./make", "exec:./make is a program"),
        ("file://made.py:build", "made.py:build is a program"),
        ({"label": "x", "function": "f"}, "'x' is made by a program"),
        ("none/*.txt", "no file matches none/*.txt"),
        ("wrong.csv", "wrong.csv has no column 'prompt'"),
        (" ", "it has no text"),
        ({"label": "x"}, "'x' has no text"),
        ("./ma*", "made.py is a program"),
    ],
)
def test_what_is_left_out_is_named(folder: SourceFolder, entry: Any, told: str) -> None:
    found, notes = list_all([entry, "Hi"], folder)
    assert found == [("", "Hi")]
    assert any(told in note for note in notes), notes


def test_tests_may_refer_to_a_file_by_each_of_its_names(folder: SourceFolder) -> None:
    (source,) = list_prompts([{"id": "file://one.md", "label": "L"}], folder, Notebook())
    assert set(source.labels) == {"L", "one.md", "file://one.md"}


def adopt(text: str, file: str = "") -> AdoptedPrompt:
    return adopt_prompt(PromptSource("p", (), text, file), Notebook())


@pytest.mark.parametrize(
    ("text", "file", "messages"),
    [
        ("Hi {{ a }}\n", "", ((None, "Hi {{ a }}"),)),
        ('[{"role": "user", "content": "Hi {{a}}"}]', "", (("user", "Hi {{ a }}"),)),
        ("- role: system\n  content: S\n", "", (("system", "S"),)),
        ("- {role: assistant, content: A}\n", "a.yaml", (("assistant", "A"),)),
        ("[note] {not JSON}", "", ((None, "[note] {not JSON}"),)),
        ("{% if a %}A{% endif %}", "", ((None, "{% if a %}A{% endif %}"),)),
        ("{{ a }} {% if a %}A{% endif %}", "", ((None, "{{ a }} {% if a %}A{% endif %}"),)),
    ],
)
def test_a_list_of_messages_is_a_conversation(
    text: str, file: str, messages: tuple[tuple[str | None, str], ...]
) -> None:
    assert adopt(text, file).messages == tuple(DraftMessage(*one) for one in messages)


def test_variables_are_told_apart_by_what_the_prompt_does_with_them() -> None:
    prompt = adopt("{{a}} {{b.c}} {% for d in e %}{{d}}{% endfor %}")
    assert list(prompt.names) == ["a", "d"]
    assert list(prompt.inner) == ["b", "e"]
    assert prompt.tags == ("{% for d in e %}", "{% endfor %}")


def test_a_developer_speaks_as_the_system_and_that_is_said() -> None:
    notebook = Notebook()
    source = PromptSource("p", (), '[{"role": "developer", "content": "D"}]')
    assert adopt_prompt(source, notebook).messages == (DraftMessage("system", "D"),)
    assert [note.is_lost for note in notebook.notes()] == [True]


@pytest.mark.parametrize(
    ("text", "file", "why"),
    [
        ('[{"role": "tool", "content": "x"}]', "", "a message of the role 'tool'"),
        ('[{"role": "user", "content": [1]}]', "", "more than a text"),
        ('[{"role": "user", "content": "x", "name": "y"}]', "", "more than a text"),
        ('{"messages": []}', "a.json", "not a list of messages"),
        ('[{"role": "user", {{a}}}]', "a.json", "only once it is filled in"),
        ("[{% if a %}1{% endif %}]", "", "only once it is filled in"),
        ("{% set a = 1 %}\n[{{a}}]", "", "only once it is filled in"),
        ("{{ messages }}", "a.json", "only once it is filled in"),
    ],
)
def test_what_is_more_than_texts_is_refused(text: str, file: str, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        adopt(text, file)
