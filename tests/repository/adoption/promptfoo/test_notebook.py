"""Each sentence about a configuration is told once."""

from __future__ import annotations

from promptops.repository.adoption.draft import Note
from promptops.repository.adoption.promptfoo.notebook import CasePlace, Notebook


def test_the_same_about_many_cases_is_one_note_with_the_first() -> None:
    notebook = Notebook()
    for line, case in ((3, "one"), (5, "two"), (5, "two"), (9, "three")):
        notebook.add("has the weight 0", CasePlace(line, "", case))
    assert notebook.notes() == [Note("has the weight 0 ('one', and 2 more)", 3)]
    notebook = Notebook()
    for case in ("one", "one", "two"):
        notebook.add("has the weight 0", CasePlace(3, "", case))
    assert notebook.notes() == [Note("has the weight 0 ('one', and 1 more)", 3)]


def test_what_gives_another_verdict_comes_first() -> None:
    notebook = Notebook()
    notebook.add("a")
    notebook.add("b", is_lost=True)
    notebook.add("a", is_lost=True)
    assert [(note.message, note.is_lost) for note in notebook.notes()] == [
        ("b", True),
        ("a", True),
        ("a", False),
    ]


def test_a_line_of_another_file_is_no_line_of_the_configuration() -> None:
    notebook = Notebook()
    notebook.add("a", CasePlace(7, "cases.csv", "one"))
    notebook.add("b", CasePlace(0, "cases.json"))
    assert notebook.notes() == [Note("a ('one', cases.csv:7)"), Note("b (cases.json)")]
