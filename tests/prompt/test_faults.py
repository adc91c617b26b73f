"""All faults of a prompt and of what it declares, each in its place."""

from __future__ import annotations

import json

import pytest

from promptops.prompt.faults import check_declarations, find_faults
from tests.prompt.pieces import HEAD, TOOL, closure_of, judge, read


@pytest.mark.parametrize(
    ("line", "check", "column", "message"),
    [
        ("inputs: {a: {pattern: '('}}", "invalid-schema", 23, "input 'a' has no valid schema"),
        ("inputs: {a: {minLength: -1}}", "invalid-schema", 25, "less than the minimum"),
        ("inputs: {a: {items: {type: x}}}", "invalid-schema", 28, "'items.type' is not a JSON Schema type"),
        ("inputs: {a: {$ref: 'https://example.com/s'}}", "invalid-schema", 13,
         "refers to 'https://example.com/s', which is outside"),
        ("inputs: {a: {$ref: 'file:///etc/passwd'}}", "invalid-schema", 13, "outside"),
        ("inputs: {a: {$ref: other.json}}", "invalid-schema", 13, "'other.json', which is outside"),
        ("inputs: {a: {$ref: '#/$defs/x'}}", "invalid-schema", 13, "'#/$defs/x', which does not"),
        ("inputs: {a: {type: integer, default: x}}", "invalid-default", 38,
         "the default of input 'a' is not a whole number"),
        ("inputs: {a: {type: string, default: null}}", "invalid-default", 37, "not a text"),
        ("inputs: {a: {maxLength: 1, default: xyz}}", "invalid-default", 37, "is refused"),
        ("inputs: {loop: string}", "reserved-input", 10, "called 'loop'"),
        ("output: {type: objct}", "invalid-schema", 16, "the output has no valid schema"),
    ],
)  # fmt: skip
def test_declared_schemas_are_judged_in_their_place(
    line: str, check: str, column: int, message: str
) -> None:
    assert judge(line) == []
    (finding,) = check_declarations(read(line))
    assert finding.check == check
    assert message in finding.message
    assert finding.position is not None
    assert finding.position.column == column


@pytest.mark.parametrize(
    ("extra", "body", "files", "expected"),
    [
        ("inputs: {a: {pattern: '('}}", "", {}, ("invalid-schema", "a.md", 6)),
        ("inputs: {a: {type: integer, default: x}}", "", {}, ("invalid-default", "a.md", 6)),
        ("inputs: {range: integer}", "", {}, ("reserved-input", "a.md", 6)),
        ("output: {type: x}", "", {}, ("invalid-schema", "a.md", 6)),
        ("output: o.json", "", {"o__json": '{"type": "x"}'}, ("invalid-schema", "o.json", 1)),
        ("output: o.json", "", {"o__json": "{\n x"}, ("invalid-json", "o.json", 2)),
        ("output: o.json", "", {"o__json": "[]"}, ("invalid-json", "o.json", 1)),
        ("output: o.json", "", {"o__json": '{"a": NaN}'}, ("invalid-json", "o.json", 1)),
        ("output: o.json", "", {"o__json": '{"a": 1, "a": 2}'}, ("invalid-json", "o.json", 1)),
        ("output: o.json", "", {"o__json": "[" * 100_000}, ("invalid-json", "o.json", 1)),
        ("output: o.json", "", {"o__json": b'{"a":\n"\xff"}'}, ("not-utf8", "o.json", 2)),
        ("output: o.json", "", {"o__json": '{"a": 1}'.encode("utf-16")}, ("not-utf8", "o.json", 1)),
        ("tools: [t.json]", "", {"t__json": "{}"}, ("invalid-tool", "t.json", 1)),
        ("tools: [t.json]", "", {"t__json": json.dumps(TOOL).replace('"object"', '"x"')},
         ("invalid-schema", "t.json", 1)),
        ("tools: [t.json, u.json]", "", {"t__json": json.dumps(TOOL), "u__json": json.dumps(TOOL)},
         ("invalid-tool", "u.json", 1)),
        ("tools: [t.json]", "", {}, ("missing-file", "a.md", 6)),
        ("routes: [{when: 'a ==', model: m}]", "", {}, ("invalid-expression", "a.md", 6)),
        ("routes: [{when: 'a %}{% if b', model: m}]", "", {}, ("invalid-expression", "a.md", 6)),
        ("escalate: {when: 'a | nope', model: m}", "", {}, ("invalid-expression", "a.md", 6)),
        ("review: {when: '{% x %}'}", "", {}, ("invalid-expression", "a.md", 6)),
        ("rules: {forbid: [a, '(']}", "", {}, ("invalid-rule", "a.md", 6)),
        ("reply: {a: 1}", "", {}, ("invalid-reply", "a.md", 6)),
        ("output: {type: object}\nreply: Sorry.", "", {}, ("invalid-reply", "a.md", 7)),
        ("output: o.json\nroutes: [{when: a, reply: []}]", "", {"o__json": '{"type": "object"}'},
         ("invalid-reply", "a.md", 7)),
        ("metadata: {}", "{{", {}, ("syntax", "a.md", 8)),
        ("metadata: {}", "x\n{% include '_x.md' %}", {}, ("missing-include", "a.md", 9)),
        ("metadata: {}", '{% include "_x__md" %}', {"_x__md": "{% user %}x{% enduser %}"},
         ("misplaced-role", "_x.md", 1)),
        ("metadata: []", "", {}, ("mistyped-key", "a.md", 6)),
        ("a: [", "", {}, ("broken-frontmatter", "a.md", 7)),
    ],
)  # fmt: skip
def test_every_kind_of_fault_is_found_once_in_its_place(
    extra: str, body: str, files: dict[str, str | bytes], expected: tuple[str, str, int]
) -> None:
    closure = closure_of(f"{HEAD}{extra}\n---\n{body}".replace("__md", ".md"), **files)
    assert [
        (fault.check, fault.path, fault.position.line if fault.position else 0)
        for fault in find_faults(closure)
    ] == [expected]


def test_good_conditions_are_no_faults() -> None:
    extra = "routes: [{when: 'a == 1 and \"x\" in b', model: m}]\nreview: {when: output.urgency}\n"
    assert list(find_faults(closure_of(f"{HEAD}{extra}---\nHi"))) == []


def test_replies_that_keep_the_promise_are_no_faults() -> None:
    for extra in ("reply: Sorry.\n", "output: {type: object}\nreply: {a: 1}\n"):
        assert list(find_faults(closure_of(f"{HEAD}{extra}---\nHi"))) == []


def test_a_body_that_has_no_beginning_is_not_judged() -> None:
    for text in ("Hello {{", "---\nversion: 1.0.0\n{{", ""):
        faults = [fault.check for fault in find_faults(closure_of(text))]
        assert faults in (["missing-frontmatter"], ["broken-frontmatter"])
