"""Suites: what the file may say, where a fault stands, and what the suite means."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from promptops.errors import InvalidSuiteError
from promptops.prompt.inputs import InputValidator
from promptops.prompt.suite import Check, Outcome, Sample, ToolAnswer
from promptops.prompt.suite.reading import Reading, SuiteFiles, load_suite, read_suite
from tests.screens import masked

PATH = "evals/support/triage.yaml"
HEAD = "schema: promptops.suite/v1\nprompt: support/triage\n"
INPUTS = InputValidator(
    {"ticket": {"type": "string", "maxLength": 40}, "language": {"type": "string", "default": "en"}}
)


def read(
    text: str,
    files: dict[str, str] | None = None,
    inputs: InputValidator | None = INPUTS,
    head: str = HEAD,
) -> Reading:
    given = {f"evals/{path}": one.encode() for path, one in (files or {}).items()}
    return read_suite(
        PATH, (head + text).encode(), SuiteFiles(given.get, lambda: sorted(given)), inputs
    )


def samples(text: str, files: dict[str, str] | None = None) -> list[Sample]:
    reading = read(text, files)
    assert reading.faults == ()
    assert reading.suite is not None
    return list(reading.suite.samples)


def one(checks: str) -> str:
    return f"samples:\n- name: x\n  inputs: {{ticket: a}}\n  expect:\n  - {checks}\n"


FAULTS: list[tuple[str, str, str]] = [
    # text, place and check, message
    ("samples: []\n", "3:10 mistyped-key", "the suite has no samples"),
    ("", "1:1 missing-key", "'samples' is missing"),
    ("samples: {a: 1}\n", "3:10 mistyped-key", "'samples' is not a list"),
    ("samples: [\n", "4:1 broken-suite", "the suite is not YAML"),
    ("smaples:\n- name: x\nsamples: [{name: y, inputs: {ticket: a}}]\n", "3:1 unknown-key", "unknown key 'smaples'"),
    ("samples:\n- inputs: {ticket: a}\n", "4:3 missing-key", "the sample has no 'name'"),
    ("samples:\n- {name: x, inputs: {ticket: a}}\n- {name: x, inputs: {ticket: b}}\n", "5:10 duplicate-sample", "sample 1 is also called 'x'"),
    ("samples:\n- {name: x, name: y}\n", "4:13 duplicate-key", "'name' is given twice"),
    ("samples:\n- {name: x, inpust: {ticket: a}}\n", "4:13 unknown-key", "unknown key 'inpust' in 'samples.0'"),
    ("samples:\n- {name: x, inputs: {ticket: a}, trials: 0}\n", "4:42 mistyped-key", "'trials' is 0, less than 1"),
    ("samples:\n- {name: x, inputs: {ticket: a}, trials: 2, pass: 3}\n", "4:51 invalid-check", "3 of 2 trials cannot pass"),
    ("defaults: {pass: 2}\nsamples:\n- {name: x, inputs: {ticket: a}}\n", "3:18 invalid-check", "2 of 1 trials cannot pass"),
    ("samples:\n- {name: x, inputs: {ticket: a}, outcome: failure}\n", "4:43 mistyped-key", "'outcome' is not one of success, refusal, error"),
    ("samples:\n- {name: x, inputs: {}}\n", "4:10 invalid-sample", "input 'ticket' is missing"),
    ("samples:\n- {name: x}\n", "4:10 invalid-sample", "input 'ticket' is missing"),
    ("samples:\n- {name: x, inputs: {ticket: a, tickte: b}}\n", "4:33 invalid-sample", "the prompt has no input 'tickte'"),
    ("samples:\n- {name: x, inputs: {ticket: 7}}\n", "4:30 invalid-sample", "input 'ticket' is not a text"),
    ("defaults: {inputs: {ticket: 7}}\nsamples:\n- {name: x}\n- {name: y}\n", "3:29 invalid-sample", "input 'ticket' is not a text"),
    ("samples:\n- {name: x, inputs: {ticket: yes}}\n", "4:30 surprising-yaml", "YAML reads yes as true or false"),
    ("samples:\n- {name: x, columns: {a: b}, inputs: {ticket: a}}\n", "4:13 missing-key", "'columns' needs 'from'"),
    ("thresholds: {tags: {bilding: 1}}\nsamples: [{name: x, tags: [billing], inputs: {ticket: a}}]\n", "3:21 invalid-check", "no sample has the tag 'bilding'"),
    ("thresholds: {overall: 90}\nsamples: [{name: x, inputs: {ticket: a}}]\n", "3:23 mistyped-key", "'thresholds.overall' is 90, more than 1"),
    (one("containss: refund"), "7:5 unknown-key", "there is no scorer 'containss'"),
    (one("not_containss: refund"), "7:5 unknown-key", "there is no scorer 'not_containss'"),
    (one("{contains: a, equals: b}"), "7:5 invalid-check", "the check has 2 scorers: contains, equals"),
    (one("{min: 0.5}"), "7:5 invalid-check", "the check has no scorer"),
    (one("contains: ''"), "7:15 mistyped-key", "'contains' is empty"),
    (one("contains: [a, b]"), "7:15 mistyped-key", "'contains' is not true or false or a number"),
    (one("contains: {text: a, any: [b]}"), "7:15 mistyped-key", "'contains' has more than one of text, any"),
    (one("contains: {case: false}"), "7:15 missing-key", "'contains' has none of all, any, text"),
    (one("contains: {txt: a}"), "7:16 unknown-key", "unknown key 'txt' in 'contains'"),
    (one("contains: {any: []}"), "7:21 mistyped-key", "'contains.any' is an empty list"),
    (one("xml: false"), "7:10 mistyped-key", "'xml' is not true or a mapping"),
    (one("refusal: false"), "7:14 mistyped-key", "'refusal' is not true"),
    (one("regex: '(?=a)'"), "7:12 invalid-check", "the pattern '(?=a)' cannot be used: it has parts that do not run in linear time"),
    (one("regex: '('"), "7:12 invalid-check", "the pattern '(' cannot be used: missing ), unterminated subpattern at position 0"),
    (one("json_schema: {type: strin}"), "7:25 invalid-schema", "not a valid JSON Schema: 'type' is not a JSON Schema type"),
    (one("json_path: {path: 'a..b'}"), "7:23 mistyped-key", "'json_path.path' is 'a..b', not a path in a JSON value"),
    (one("fields: {'a[x]': 1}"), "7:14 mistyped-key", "'a[x]' is not a path in a JSON value"),
    (one("fields: {a: {value: 1, tolerance: -1}}"), "7:39 mistyped-key", "'fields.a.tolerance' is -1, less than 0"),
    (one("fields: {a: {value: 1, tolerence: 1}}"), "7:28 unknown-key", "unknown key 'tolerence' in 'fields.a'"),
    (one("language: german"), "7:15 mistyped-key", "'language' is 'german', not a language code"),
    (one("python: evals/f.py"), "7:13 mistyped-key", "'python' is 'evals/f.py', no function"),
    (one("length: {min: 5, max: 2}"), "7:13 invalid-check", "no answer has at least 5 and at most 2"),
    (one("{rouge: a, min: 2}"), "7:21 mistyped-key", "'min' is 2, more than 1"),
    (one("any: [{equal: b}]"), "7:12 unknown-key", "there is no scorer 'equal'"),
    (one("any: [{contains: a, ends: b}]"), "7:11 invalid-check", "the check has 2 scorers: contains, ends"),
    (one("tool_calls: [{nam: a}]"), "7:19 unknown-key", "unknown key 'nam' in 'tool_calls.0'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "message"), FAULTS)
def test_a_fault_is_found_in_its_place(text: str, place: str, message: str) -> None:
    reading = read(text)
    assert reading.suite is None
    found = [f"{fault.place.removeprefix(PATH + ':')} {fault.check}" for fault in reading.faults]
    assert place in found
    assert any(fault.message.startswith(message) for fault in reading.faults), reading.faults


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (one("containss: refund"), "did you mean 'contains'?"),
        ("samples:\n- {name: x, inpust: {ticket: a}}\n", "did you mean 'inputs'?"),
        ("samples:\n- {name: x, inputs: {ticket: a, languag: b}}\n", "did you mean 'language'?"),
        (one("refusal: false"), "write not_refusal: true"),
        (one("xml: false"), "write not_xml: true"),
    ],
)
def test_the_nearest_known_word_is_offered(text: str, hint: str) -> None:
    assert hint in [fault.hint for fault in read(text).faults]


def test_a_whole_suite_is_understood() -> None:
    reading = read(
        """\
description: Tickets of every kind.
models: [openai/gpt-4o-mini, openai/gpt-5]
judge: judge/rubric@1
defaults: {trials: 3, pass: 2, tags: [all], expect: [{length: {max: 500}}]}
thresholds: {overall: 0.9, tags: {security: 1.0}, errors: 0.1}
samples:
- name: charged twice
  tags: [billing, must, security]
  inputs: {ticket: I was charged twice.}
  expect:
  - json: {topic: billing}
  - not_contains: apologise
  - {rubric: It mentions money., weight: 2, min: 0.5}
  - any: [{equals: none}, {rouge: a b c}]
- name: too long
  inputs: {ticket: 'The printer on floor 3 is on fire, and nobody came.'}
  trials: 1
  pass: 1
  threshold: 0.8
  outcome: error
- name: a conversation
  inputs: {ticket: hello}
  history: [{role: user, content: Hi}, {role: assistant, content: Hello}]
  turns: [{user: And now?, expect: [{starts: Now}]}]
  tools: [{name: find, arguments: {id: 1}, result: {ok: true}}, {name: find, result: none}]
"""
    )
    assert reading.faults == ()
    suite = reading.suite
    assert suite is not None
    assert (suite.prompt, suite.judge) == ("support/triage", "judge/rubric@1")
    assert suite.models == ("openai/gpt-4o-mini", "openai/gpt-5")
    assert suite.thresholds.tags == {"security": 1.0}
    assert suite.thresholds.errors == 0.1
    first, second, third = suite.samples
    length = Check("length", {"max": 500})
    assert first.checks == (
        length,
        Check("json", {"topic": "billing"}),
        Check("contains", "apologise", is_negated=True),
        Check("rubric", "It mentions money.", min=0.5, weight=2.0),
        Check("any", first.checks[4].parts, parts=first.checks[4].parts),
    )
    assert first.checks[4].parts == (Check("equals", "none"), Check("rouge", "a b c", min=0.75))
    assert first.checks[2].label == "not_contains"
    assert first.tags == ("all", "billing", "must", "security")
    assert (first.trials, first.passes, first.threshold) == (3, 2, None)
    assert (second.trials, second.passes, second.threshold) == (1, 1, 0.8)
    assert second.outcome is Outcome.ERROR
    assert third.turns[0].checks == (Check("starts", "Now"),)
    assert third.tools == (
        ToolAnswer("find", {"id": 1}, '{"ok": true}'),
        ToolAnswer("find", {}, "none"),
    )
    assert third.has_checks
    assert not Sample("x", {}).has_checks


def test_columns_of_csv_are_inputs_and_fill_expectations() -> None:
    text = "samples:\n- {name: row, from: t.csv, tags: [csv], expect: [{json: {topic: '{{ topic }}'}}]}\n"
    found = samples(text, {"support/t.csv": '﻿ticket,topic\n"a, b",billing\n007,bug\n'})
    assert [sample.name for sample in found] == ["row 1", "row 2"]
    assert [sample.inputs for sample in found] == [{"ticket": "a, b"}, {"ticket": "007"}]
    assert found[0].checks == (Check("json", {"topic": "billing"}),)
    assert found[0].tags == ("csv",)


def test_a_column_may_have_another_name_than_its_input() -> None:
    text = "samples:\n- {from: t.csv, columns: {ticket: Body}}\n"
    found = samples(text, {"support/t.csv": 'Body,name,tags\nhello,first,"a, b"\n'})
    assert found == [Sample("first", {"ticket": "hello"}, tags=("a", "b"))]


def test_json_lines_keep_types_and_may_hold_whole_samples() -> None:
    text = "samples:\n- {from: t.jsonl, expect: [{length: 9}]}\n"
    lines = '{"ticket": "a"}\n\n{"name": "whole", "inputs": {"ticket": "b"}, "expect": [{"equals": 42}]}\n'
    first, second = samples(text, {"support/t.jsonl": lines})
    assert first == Sample("t 1", {"ticket": "a"}, (Check("length", 9),))
    assert second.name == "whole"
    assert second.checks == (Check("length", 9), Check("equals", 42))


def test_a_glob_takes_all_its_files_in_order_of_their_names() -> None:
    files = {f"support/many/{name}.json": '[{"ticket": "x"}]' for name in ("b", "a", "c")}
    files["support/many/deep/d.json"] = "[]"
    found = samples("samples:\n- {from: many/*.json}\n", files)
    assert [sample.name for sample in found] == ["a 1", "b 1", "c 1"]


def test_samples_of_another_suite_come_with_their_defaults() -> None:
    other = (
        f"{HEAD}defaults: {{trials: 5}}\nsamples:\n"
        "- {name: a, tags: [x], inputs: {ticket: t}, expect: [{equals: a}]}\n"
        "- {name: b, tags: [y], inputs: {ticket: t}}\n"
    )
    text = "samples:\n- {from: ../_shared/all.yaml, only: [x], tags: [z], expect: [{ends: q}]}\n"
    assert samples(text, {"_shared/all.yaml": other}) == [
        Sample(
            "a",
            {"ticket": "t"},
            (Check("equals", "a"), Check("ends", "q")),
            ("x", "z"),
            trials=5,
            passes=5,
        )
    ]


CSV = "samples:\n- from: t.csv\n  expect: [{equals: '{{ wanted }}'}]\n"
FILE_FAULTS: list[tuple[str, dict[str, str], str, str]] = [
    (CSV, {}, f"{PATH}:4:9", "there is no file 'evals/support/t.csv' below the evals folder"),
    (CSV, {"support/t.csv": ""}, "evals/support/t.csv:1:1", "the file is empty"),
    (CSV, {"support/t.csv": "ticket,wanted\n"}, "evals/support/t.csv:1:1", "the file has no rows"),
    (CSV, {"support/t.csv": "ticket;wanted\na;b\n"}, "evals/support/t.csv:1:1", "the columns are not separated by commas"),
    (CSV, {"support/t.csv": "ticket,wanted\na,b,c\n"}, "evals/support/t.csv:2:1", "the row has 3 cells, and the header 2"),
    (CSV, {"support/t.csv": 'ticket,wanted\n"a\nb",c\nd\n'}, "evals/support/t.csv:4:1", "the row has 1 cell, and the header 2"),
    (CSV, {"support/t.csv": "ticket,ticket\na,b\n"}, "evals/support/t.csv:1:1", "there are two columns 'ticket'"),
    (CSV, {"support/t.csv": "ticket,wnted\na,b\n"}, "evals/support/t.csv:2:1", "there is no column 'wanted'"),
    (CSV, {"support/t.csv": "ticket,wanted,expected\na,b,c\n"}, "evals/support/t.csv:2:1", "the column 'expected' is not used"),
    (CSV, {"support/t.csv": f"ticket,wanted\n{'x' * 41},b\n"}, "evals/support/t.csv:2:1", "input 'ticket' is refused"),
    (CSV.replace("equals", "contains"), {"support/t.csv": "ticket,wanted\na,\n"}, "evals/support/t.csv:2:1", "'contains' is empty"),
    (CSV, {"support/t.csv": "ticket,wanted,name\na,b,x\na,b,x\n"}, "evals/support/t.csv:3:1", "'x' is the name of two samples"),
    ("samples: [{from: 'many/*.json'}]\n", {}, f"{PATH}:3:18", "no file matches 'many/*.json'"),
    ("samples: [{from: ../../../x.csv}]\n", {}, f"{PATH}:3:18", "'../../../x.csv' is outside the repository"),
    ("samples: [{from: x.txt}]\n", {"support/x.txt": "a"}, f"{PATH}:3:18", "'evals/support/x.txt' is none of .csv, .jsonl, .json"),
    ("samples: [{from: x.json}]\n", {"support/x.json": "{}"}, "evals/support/x.json:1:1", "the file is not a list of samples"),
    ("samples: [{from: x.jsonl}]\n", {"support/x.jsonl": '{"ticket": "a"}\n{"ticket": NaN}\n'}, "evals/support/x.jsonl:2:1", "the file is not JSON: NaN is not a JSON number"),
    ("samples: [{from: x.jsonl}]\n", {"support/x.jsonl": '{"inputs": {"ticket": "a"}, "expct": []}\n'}, "evals/support/x.jsonl:1:1", "unknown key 'expct'"),
    ("samples: [{from: x.yaml}]\n", {"support/x.yaml": f"{HEAD}samples: [{{from: y.csv, typo: 1}}]\n"}, "evals/support/x.yaml:3:25", "unknown key 'typo'"),
    ("samples: [{from: x.yaml, only: [q]}]\n", {"support/x.yaml": f"{HEAD}samples: [{{name: a, inputs: {{ticket: a}}}}]\n"}, f"{PATH}:3:32", "no sample of evals/support/x.yaml has one of these tags"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "files", "place", "message"), FILE_FAULTS)
def test_a_fault_of_a_file_of_samples_is_found_in_its_place(
    text: str, files: dict[str, str], place: str, message: str
) -> None:
    reading = read(text, files)
    assert reading.suite is None
    assert [fault.place for fault in reading.faults] == [place]
    assert reading.faults[0].message.startswith(message)


def test_a_file_that_is_not_utf_8_is_a_fault() -> None:
    reading = read_suite(PATH, b"schema: \xff")
    assert [fault.check for fault in reading.faults] == ["not-utf8"]


def test_an_error_quotes_the_first_fault_and_counts_the_rest() -> None:
    with pytest.raises(InvalidSuiteError) as caught:
        load_suite(PATH, (HEAD + "x: 1\n").encode())
    assert masked(caught.value.message) == snapshot(
        "evals/support/triage.yaml:1:1: 'samples' is missing (and 1 more)"
    )
    assert len(caught.value.findings) == 2


@pytest.mark.parametrize("value", ["1", "[]", "", "null", "a: [", "- - -", "? [a]\n: b", "&a [*a]"])
def test_no_text_makes_reading_raise(value: str) -> None:
    assert read(value, head="").faults
    for key in ("samples", "defaults", "thresholds", "models"):
        text = f"{HEAD}{key}: {value}\n"
        reading: Any = read_suite(PATH, text.encode())
        assert reading.suite is None
