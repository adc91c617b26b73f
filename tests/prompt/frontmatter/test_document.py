"""Reading prompt files: true places for every fault, plain values, and no exception ever."""

from __future__ import annotations

import pytest
from frontmatter.default_handlers import YAMLHandler
from hypothesis import example, given
from hypothesis import strategies as st

from promptops.prompt.finding import Position
from promptops.prompt.frontmatter.document import MAX_FILE_BYTES, Document, read_document
from tests.prompt.frontmatter.pieces import read, text_at


def faults(document: Document) -> list[tuple[str, int, int]]:
    """Check, line and column of each fault."""
    return [
        (fault.check, fault.position.line, fault.position.column)
        for fault in document.faults
        if fault.position is not None
    ]


def test_a_file_is_data_and_body() -> None:
    document = read("version: 1.2.0\ntags: [a, b]", "Hello {{ name }}\n")
    assert document.data == {"version": "1.2.0", "tags": ["a", "b"]}
    assert (document.body, document.body_line) == ("Hello {{ name }}\n", 5)
    assert document.faults == ()


@pytest.mark.parametrize(
    ("text", "body", "line"),
    [
        ("---\na: b\n---\nHello", "Hello", 4),
        ("---\na: b\n---\n\n\nHello", "Hello", 6),
        ("---\na: b\n---\n \t\n  Hello", "  Hello", 5),
        ("-----\na: b\n---   \nHello", "Hello", 4),
        ("---\n\n\na: b\n---\nHello", "Hello", 6),
        ("---\na: b\n---\nHello\n---\nmore", "Hello\n---\nmore", 4),
        ("---\na: b\n---", "", 3),
        ("---\na: b\n---\n", "", 4),
        ("---\na: b\n---\n\n", "", 5),
        ("\ufeff---\na: b\n---\nHello", "Hello", 4),
        ("---\r\na: b\r\n---\r\nHello\r\n", "Hello\n", 4),
        ("---\ra: b\r---\rHello", "Hello", 4),
        ("---\na: b\n---\n\fHello", "\fHello", 4),
    ],
)
def test_the_body_begins_where_it_says(text: str, body: str, line: int) -> None:
    document = read_document("a.md", text.encode())
    assert (document.data, document.faults) == ({"a": "b"}, ())
    assert (document.body, document.body_line) == (body, line)
    if body:
        lines = document.text.removeprefix("\ufeff").split("\n")
        assert "\n".join(lines[line - 1 :]) == body


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(["---", "--- ", "----", "-- -", "a: b", "", " ", "x---"]), max_size=8)
)
def test_the_split_is_that_of_python_frontmatter(lines: list[str]) -> None:
    text = "\n".join(["---", *lines])
    document = read_document("a.md", text.encode())
    try:
        _, content = YAMLHandler().split(text)
    except ValueError:
        assert [fault.message for fault in document.faults] == ["the frontmatter is not closed"]
    else:
        assert document.body.strip() == content.strip()


@pytest.mark.parametrize(
    ("yaml", "check", "line", "column", "message"),
    [
        ("a: b\na: c", "duplicate-key", 3, 1, "'a' is given twice"),
        ("x: {a: 1, b: 2, a: 3}", "duplicate-key", 2, 17, "'a' is given twice"),
        ('a: b\n"a": c', "duplicate-key", 3, 1, "'a' is given twice"),
        ("a: yes", "surprising-yaml", 2, 4, "true or false"),
        ("a: [on, x]", "surprising-yaml", 2, 5, "true or false"),
        ("a: 12:30", "surprising-yaml", 2, 4, "another notation"),
        ("yes: a", "surprising-yaml", 2, 1, "YAML reads the key yes as true or false"),
        ("a: {1: b}", "surprising-yaml", 2, 5, "YAML reads the key 1 as a number"),
        ("~: a", "surprising-yaml", 2, 1, "YAML reads the key ~ as nothing"),
        ("2024-01-01: a", "surprising-yaml", 2, 1, "as a date"),
        ("a: Closes #12 and #13", "surprising-yaml", 2, 4, "reads #12 and #13 as a comment"),
        ("a: {b: [x, END #1\n]}", "surprising-yaml", 2, 12, "reads #1 as a comment"),
        ("a: 0.2 # low", None, 0, 0, ""),
        ("a: 0.2 #low", None, 0, 0, ""),
        ("a: Short # for the list", None, 0, 0, ""),
        ("a: Issue#12", None, 0, 0, ""),
        ('a: "END" #1', None, 0, 0, ""),
        ("x: &x [*x] #1", "broken-frontmatter", 2, 4, "an alias refers to a list"),
        ("? [a]\n: b", "broken-frontmatter", 2, 3, "a key is a list or a mapping"),
        ("x: &x {a: b}\ny:\n  <<: *x", "broken-frontmatter", 4, 3, "not merged here"),
        ("x: &x [a]\ny: *x", "broken-frontmatter", 2, 4, "an alias refers to a list"),
        ("x: &x [*x]", "broken-frontmatter", 2, 4, "an alias refers to a list"),
        ("a: !!set {b, c}", "broken-frontmatter", 2, 4, "is not used here"),
        ("a: !!binary aGk=", "broken-frontmatter", 2, 4, "is not used here"),
        ("a: !!python/object:os.system {}", "broken-frontmatter", 2, 4, "is not used here"),
        ("a: !mine b", "broken-frontmatter", 2, 4, "'!mine' is not used here"),
        ("a: b: c", "broken-frontmatter", 2, 5, "mapping values are not allowed"),
        ("a: b\n\tc: d", "broken-frontmatter", 3, 1, "tab character"),
        ("a: @b", "broken-frontmatter", 2, 4, "cannot start any token"),
        ("a: *b", "broken-frontmatter", 2, 4, "undefined alias"),
        ("a: [b", "broken-frontmatter", 3, 1, "expected"),
        ('a: "b', "broken-frontmatter", 3, 1, "unexpected end of stream"),
        ("a: b\n...\nc: d", "broken-frontmatter", 4, 1, "not YAML"),
        ("a: b\n--- c\n", "broken-frontmatter", 3, 1, "not YAML"),
        ("%YAML 9.9\na: b", "broken-frontmatter", 2, 1, "not YAML"),
        ("a: \u00e9\u00e9\0", "broken-frontmatter", 2, 6, "U+0000 is not allowed"),
        ("a: \U0001f600\x07", "broken-frontmatter", 2, 5, "U+0007 is not allowed"),
        ("- a", "broken-frontmatter", 2, 1, "not a mapping"),
        ("just words", "broken-frontmatter", 2, 1, "not a mapping"),
        ("", "broken-frontmatter", 1, 1, "empty"),
        ("# only a comment", "broken-frontmatter", 1, 1, "empty"),
        ("{}", None, 0, 0, ""),
        ("a: b\n...", None, 0, 0, ""),
        ("x: &x b\ny: *x", None, 0, 0, ""),
    ],
)
def test_a_fault_of_the_yaml_is_found_in_its_place(
    yaml: str, check: str | None, line: int, column: int, message: str
) -> None:
    document = read(yaml)
    if check is None:
        assert document.faults == ()
    else:
        (fault,) = document.faults[:1]
        assert faults(document)[0] == (check, line, column), fault
        assert message in fault.message
        assert fault.message.isprintable()
        assert document.body == "Hello\n"


@pytest.mark.parametrize(
    ("yaml", "hint"),
    [
        ("a: b: c", "quote a value that contains ': '"),
        ("a: b\n\tc: d", "indent with spaces"),
        ("a: @b", "quote a value that begins with '@'"),
        ("a: *b", "quote a value that begins with '*'"),
        ("a: [b", "open quote or bracket"),
        ("a: b\n...\nc: d", "one YAML document"),
        ("a: yes", 'write "yes" for the text, true for the switch'),
        ("a: OFF", 'write "OFF" for the text, false for the switch'),
        ("a: 0x1F", 'write "0x1F" for the text, 31 for the number'),
        ("a: 1_000", 'write "1_000" for the text, 1000 for the number'),
        ("a: 010", 'write "010" for the text'),
        ("1: b", 'write "1" for the text'),
    ],
)
def test_a_fault_of_the_yaml_comes_with_a_hint(yaml: str, hint: str) -> None:
    assert hint in (read(yaml).faults[0].hint or "")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "does not begin with frontmatter", "begin with"),
        ("Hello", "does not begin with frontmatter", "begin with"),
        ("\n---\na: b\n---\n", "does not begin with frontmatter", "remove everything before"),
        ("---\na: b\n", "is not closed", "end it"),
        ("---", "is not closed", "end it"),
        ("--- a: b\n---", "does not begin with frontmatter", "remove everything"),
        ("---\n---\nHello", "is empty", "version"),
    ],
)
def test_a_file_without_frontmatter_says_so(text: str, message: str, hint: str) -> None:
    (fault,) = read_document("a.md", text.encode()).faults
    assert message in fault.message
    assert hint in (fault.hint or "")
    assert fault.position is not None
    assert (fault.position.line, fault.position.column) == (1, 1)


def test_only_one_byte_order_mark_is_taken_off_and_columns_stay_true() -> None:
    document = read_document("a.md", "\ufeff---\na: yes\n---\nHello".encode())
    assert faults(document) == [("surprising-yaml", 2, 4)]
    assert document.text.startswith("\ufeff---")


def test_bytes_that_are_no_utf8_are_reported_where_they_are() -> None:
    document = read_document("a.md", "---\r\na: \u00e9".encode() + b"\xff\n---\n")
    (fault,) = document.faults
    assert fault.check == "not-utf8"
    assert "0xff" in fault.message
    assert fault.position == Position(2, 5, 2, 6)
    latin = read_document("a.md", "---\na: b\n---\ncaf\u00e9".encode("latin-1"))
    assert faults(latin) == [("not-utf8", 4, 4)]


def test_a_huge_file_is_refused_unread() -> None:
    document = read_document("a.md", b"---\n" + b"x" * MAX_FILE_BYTES)
    assert faults(document) == [("too-large", 1, 1)]
    document = read("a: " + "x" * 300_000)
    assert faults(document) == [("broken-frontmatter", 1, 1)]
    assert "larger than" in document.faults[0].message


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_only_a_line_feed_ends_a_line(character: str) -> None:
    document = read(f'a: "x{character}y"\nb: yes', f"one{character}two")
    assert faults(document) == [("surprising-yaml", 3, 4)]
    assert document.body_line == 5


characters = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\u2028\x85")


quoted = st.text(characters, max_size=8).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)


lines = st.one_of(
    quoted.map(lambda text: f"KEY: {text}"),
    quoted.map(lambda text: f"KEY: [1, {{a: {text}}}]"),
    st.just("# comment \U0001f600"),
    st.just(""),
    st.just("KEY: |\n  one\n\n  two"),
)


@pytest.mark.story
@given(st.lists(lines, max_size=5), quoted, st.lists(lines, max_size=3), st.booleans())
@example(['KEY: "\u2028"'], '"\U0001f600"', [], True)
def test_a_planted_fault_is_found_at_exactly_its_place(
    before: list[str], value: str, after: list[str], bom: bool
) -> None:
    planted = f"planted: [{value}, yes]"
    yaml = "\n".join(
        line.replace("KEY", f"k{number}") for number, line in enumerate([*before, planted, *after])
    )
    text = ("\ufeff" if bom else "") + f"---\n{yaml}\n---\nBody"
    document = read_document("a.md", text.replace("\n", "\r\n").encode())
    line = 2 + "\n".join(before).count("\n") + bool(before)
    column = planted.index(", yes]", len(planted) - 6) + 3
    assert faults(document) == [("surprising-yaml", line, column)]
    assert text_at(document, document.faults[0].position) == "yes"
    assert document.text.removeprefix("\ufeff").split("\n")[document.body_line - 1] == "Body"


@pytest.mark.parametrize(
    "unit",
    ["[", "{", "- ", "? ", "[{", "{a: ", "- [", "a: ", '"', "'", "&a ", "*a ", "!", "%", "#", "|",
     "\t", "\n", "a\n ", "-\n", ">\n ", "\u2028", "\n- a", "\na: b", "\n? a", "\n<<: x"],
)  # fmt: skip
def test_masses_of_anything_are_read_without_an_exception(unit: str) -> None:
    document = read(unit * (20_000 // len(unit)))
    assert document.faults
    assert len(document.faults) <= 100


@pytest.mark.slow
@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data: bytes) -> None:
    for content in (data, b"---\n" + data + b"\n---\n" + data):
        document = read_document("a.md", content)
        assert isinstance(document.data, dict)
        assert all(fault.position for fault in document.faults)


alphabet = st.sampled_from(
    [*"[]{}:,-?&*!|>'\"%@`#~=<. \n\t\u2028", "a", "1", "<<", "yes", "---", "a: "]
)


@pytest.mark.slow
@given(st.lists(alphabet, max_size=40).map("".join))
def test_anything_that_looks_like_yaml_can_be_read_and_located(yaml: str) -> None:
    document = read(yaml)
    lines = document.text.split("\n")
    for fault in document.faults:
        assert fault.position is not None
        assert 1 <= fault.position.line <= len(lines)
        assert fault.position.column <= len(lines[fault.position.line - 1]) + 1
    for key in document.data:
        assert document.locate([key]) is not None
