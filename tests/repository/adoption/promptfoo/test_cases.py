"""The cases of a configuration: defaults, files, and a case for each value of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.promptfoo import cases as module
from promptops.repository.adoption.promptfoo.cases import CaseReader
from promptops.repository.adoption.promptfoo.notebook import Notebook
from promptops.repository.adoption.promptfoo.source import SourceFolder, load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.repository.adoption.promptfoo.cases import TestCase

FILES = {
    "cases.jsonl": '{"vars": {"x": "l1"}}\n\n{"vars": {"x": "l3"}}\n',
    "cases.json": '[{"vars": {"x": "j"}}, "more.yaml"]',
    "more.yaml": "# a comment\n- {vars: {x: m}, assert: [{type: equals, value: file://a.txt}]}\n",
    "bad.yaml": "- 3\n",
    "a.txt": " A \n",
    "b.txt": " B \n",
    "vars.yaml": "x: v\ny: w\n",
    "value.yaml": "{b: [1, 2]}\n",
    "make.py": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> SourceFolder:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return SourceFolder(tmp_path, ".")


def read(folder: SourceFolder, text: str) -> tuple[list[TestCase], list[str]]:
    """The cases of a configuration in YAML, and the notes on it."""
    notebook = Notebook()
    found = CaseReader(folder, notebook, "promptfooconfig.yaml").read(
        load_yaml(text, "promptfooconfig.yaml")
    )
    return found, [note.message for note in notebook.notes()]


def values(folder: SourceFolder, text: str) -> list[dict[str, Any]]:
    found, notes = read(folder, text)
    assert notes == []
    return [dict(case.values) for case in found]


def test_a_case_begins_with_the_default_one(folder: SourceFolder) -> None:
    (case, own), _ = read(
        folder,
        """\
        defaultTest: {vars: {x: d, y: d}, threshold: 0.5, assert: [{type: is-json}], prompts: p}
        tests:
        - {vars: {x: o}, assert: [{type: cost}]}
        - {options: {disableDefaultAsserts: true}, threshold: 1, prompts: [q, r]}
        """,
    )
    assert case.values == {"x": "o", "y": "d"}
    assert [one["type"] for one in case.assertions] == ["is-json", "cost"]
    assert (case.threshold, case.prompts) == (0.5, ("p",))
    assert (list(own.assertions), own.threshold, own.prompts) == ([], 1, ("q", "r"))


def test_each_text_of_a_list_is_a_case(folder: SourceFolder) -> None:
    text = "tests: [{vars: {x: [a, b], y: [1, 2], z: [c, d]}}]"
    assert [(one["x"], one["y"], one["z"]) for one in values(folder, text)] == [
        ("a", [1, 2], "c"),
        ("a", [1, 2], "d"),
        ("b", [1, 2], "c"),
        ("b", [1, 2], "d"),
    ]
    whole = "tests: [{vars: {x: [a, b]}, options: {disableVarExpansion: true}}]"
    assert values(folder, whole) == [{"x": ["a", "b"]}]


def test_no_two_cases_have_one_name(folder: SourceFolder) -> None:
    found, _ = read(
        folder,
        "tests: [{vars: {x: [a, b]}, description: 'one  case'}, {}, {description: one case}]",
    )
    assert [case.name for case in found] == ["one case", "one case (2)", "case 2", "one case (3)"]


def test_variables_name_one_another(folder: SourceFolder) -> None:
    text = "tests: [{vars: {a: 'A', b: 'B{{a}}', c: 'C{{b}}{{d}}'}}]"
    assert values(folder, text) == [{"a": "A", "b": "BA", "c": "CBA{{d}}"}]


@pytest.mark.parametrize(
    ("tests", "found"),
    [
        ("cases.jsonl", ["l1", "l3"]),
        ("file://cases.json", ["j", "m"]),
        ("[{path: file://cases.jsonl}, {vars: {x: o}}]", ["l1", "l3", "o"]),
        ("['cases.j*']", ["j", "m", "l1", "l3"]),
    ],
)
def test_cases_come_from_files(folder: SourceFolder, tests: str, found: list[str]) -> None:
    assert [one["x"] for one in values(folder, f"tests: {tests}")] == found


def test_a_case_knows_its_file_and_line(folder: SourceFolder) -> None:
    found, _ = read(folder, "tests:\n- cases.jsonl\n- vars: {}\n")
    assert [(case.place.file, case.place.line, case.place.case) for case in found] == [
        ("cases.jsonl", 1, "case 1"),
        ("cases.jsonl", 3, "case 2"),
        ("", 3, "case 3"),
    ]


def test_the_text_of_an_expected_file_keeps_its_ends_in_a_file_of_cases(
    folder: SourceFolder,
) -> None:
    (case,), _ = read(folder, "tests: more.yaml")
    assert case.assertions[0]["value"] == " A \n"


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ("{x: file://a.txt}", [{"x": "A"}]),
        ("{x: 'file://*.txt'}", [{"x": "A"}, {"x": "B"}]),
        ("{x: file://value.yaml}", [{"x": '{"b":[1,2]}'}]),
        ("vars.yaml", [{"x": "v", "y": "w"}]),
    ],
)
def test_variables_come_from_files(
    folder: SourceFolder, variables: str, found: list[dict[str, str]]
) -> None:
    assert values(folder, f"tests: [{{vars: {variables}}}]") == found


def test_each_setting_of_a_scenario_is_asked_each_test(folder: SourceFolder) -> None:
    text = """\
        scenarios:
        - config: [{vars: {x: a}, assert: [{type: cost}]}, {vars: {x: b}}]
          tests: [{vars: {y: 1}, assert: [{type: latency}]}, {vars: {x: o, y: 2}}]
        """
    found, _ = read(folder, text)
    assert [case.values for case in found] == [
        {"x": "a", "y": 1},
        {"x": "o", "y": 2},
        {"x": "b", "y": 1},
        {"x": "o", "y": 2},
    ]
    assert [one["type"] for one in found[0].assertions] == ["cost", "latency"]


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("{provider: openai:x}", "has a model of its own"),
        ("{assertScoringFunction: file://a.js}", "is scored by a program"),
        ("{options: {postprocess: x}}", "transforms the answer before its checks"),
        ("{options: {prefix: ''}}", None),
        ("{options: {prefix: a}}", "sends a text before the prompt"),
        ("{vars: {x: '{{ y | upper }}'}}", "has the template {{ y | upper }} in a variable"),
        ("{vars: {x: file://make.py}}", "cannot be read: make.py is a program or not a text"),
        ("{vars: {x: file://none.txt}}", "cannot be read: there is no file none.txt"),
        ("{vars: {x: 'file://no*.txt'}}", "cannot be read: no file matches no*.txt"),
        ("{vars: a.txt}", "cannot be read: a.txt is not a mapping of variables"),
        ("{vars: 3}", "cannot be read: its variables are not a mapping"),
    ],
)
def test_what_is_lost_of_a_case_is_said(folder: SourceFolder, case: str, why: str | None) -> None:
    ((found,), _) = read(folder, f"tests: [{case}]")
    assert found.lost == (() if why is None else (why,))


@pytest.mark.parametrize(
    ("tests", "note"),
    [
        ("[3]", "a test that is not a mapping is not carried over"),
        ("bad.yaml", "cases are not carried over: bad.yaml contains a case that is not a mapping"),
        ("a.txt", "cases are not carried over: a.txt is not a table, YAML or JSON"),
        ("https://example.com/a.csv", "cases from https:// are not carried over"),
    ],
)
def test_tests_that_are_no_cases_are_named(folder: SourceFolder, tests: str, note: str) -> None:
    assert read(folder, f"tests: {tests}") == ([], [note])


def test_there_is_a_bound(folder: SourceFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_CASES", 3)
    assert len(read(folder, "tests: [{vars: {x: [a, b, c]}}]")[0]) == 3
    with pytest.raises(UnreadableError, match="more than 3 cases"):
        read(folder, "tests: [{vars: {x: [a, b, c]}}, {}]")
