"""Files of owners as a whole: which one counts, and what makes one useless in both dialects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.forge.codeowners import (
    MAX_BYTES,
    OWNERS_PATHS,
    Dialect,
    OwnersState,
    decode_owners,
    find_owners_file,
    parse_owners,
)
from promptops.forge.codeowners.lint import LintContext, lint_owners
from tests.forge.codeowners.pieces import GITHUB

SHARED_CASES = Path(__file__).parents[4] / "shared" / "data" / "codeowners_cases.json"


# Cases restated from the forges' documentation and source


def shared_cases() -> list[Any]:
    if not SHARED_CASES.exists():
        skip = pytest.mark.skip(reason="the shared table of cases is not beside this checkout")
        return [pytest.param(None, marks=skip, id="shared")]
    return [
        pytest.param(case, id=case["id"]) for case in json.loads(SHARED_CASES.read_text())["cases"]
    ]


@pytest.mark.parametrize("case", shared_cases())
def test_the_shared_cases_hold(case: dict[str, Any]) -> None:
    dialect = Dialect(case["dialect"])
    if case["kind"] == "location":
        files = dict.fromkeys(case["present"], b"")
        found = find_owners_file(dialect, files.get)
        assert (found and found[0]) == case["expected_file"]
    elif case["kind"] == "size":
        assert parse_owners("x" * case["size_bytes"], dialect).refusal is not None
    elif case["kind"] == "sections":
        ownership = parse_owners(case["codeowners"], dialect).match(case["path"])
        expected = case["expected_sections"]
        if expected is None:  # what GitLab does is not known: we ask for an owner
            assert ownership.state is OwnersState.UNOWNED
            return
        assert {
            rule.section or "": {
                "owners": list(rule.owners),
                "approvals": rule.approvals,
                "optional": rule.is_optional,
            }
            for rule in ownership.answers
        } == expected
    else:
        ownership = parse_owners(case["codeowners"], dialect).match(case["path"])
        is_matched = ownership.state is not OwnersState.UNMATCHED
        assert (list(ownership.owners) if is_matched else None) == case["expected_owners"]
        assert ownership.line == case["expected_line"]


@pytest.mark.slow
@given(st.text(), st.text(), st.sampled_from(Dialect))
def test_any_text_gives_an_answer_for_any_path(text: str, path: str, dialect: Dialect) -> None:
    owners = parse_owners(text, dialect)
    assert owners.match(path).state in OwnersState
    around = LintContext("CODEOWNERS", len(text), [path], [path], [])
    assert isinstance(lint_owners(owners, around), list)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x0b", "\x0c", "\x85", "\r", "\x1c"])
@pytest.mark.parametrize("dialect", list(Dialect))
def test_only_a_line_feed_ends_a_line(separator: str, dialect: Dialect) -> None:
    owners = parse_owners(f"* @g\n# comment{separator}* @evil\n", dialect)
    assert owners.match("a").owners == ("@g",)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_windows_line_ends_tabs_and_indents_make_no_difference(dialect: Dialect) -> None:
    owners = parse_owners("\t *.md\t@a  @b \r\n\r\n", dialect)
    assert owners.match("x.md").owners == ("@a", "@b")
    assert owners.problems == ()


# Files as a whole


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("x" * (MAX_BYTES + 1), "too-large"),
        ("é" * (MAX_BYTES // 2 + 1), "too-large"),
        ("* @a\n\0", "binary"),
        ("\n" * 200_001, "too-many-lines"),
        (f"x @a\n{'y' * 70_000} @b", "long-line"),
    ],
)
def test_a_file_that_cannot_be_used_has_no_rules_and_says_why(text: str, check: str) -> None:
    for dialect in Dialect:
        owners = parse_owners(text, dialect)
        assert owners.refusal
        assert (owners.rules, [one.check for one in owners.problems]) == ((), [check])
        assert owners.match("x").state is OwnersState.UNMATCHED


def test_a_file_of_just_the_largest_size_counts() -> None:
    line = b"/folder @somebody\n"
    count, rest = divmod(MAX_BYTES - 100 * len(line), 50_000)
    text = decode_owners((b"#" * 49_999 + b"\n") * count + line * 100 + b"#" * rest)
    assert len(text) == MAX_BYTES
    assert parse_owners(text, GITHUB).match("folder").line == count + 100


@pytest.mark.story
def test_bytes_that_are_no_utf8_count_once() -> None:
    text = "#" + decode_owners(b"\xff" * 60_000 + b"\n") * 20
    assert len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES
    assert parse_owners(text, GITHUB).refusal is None


def test_a_byte_order_mark_is_an_error_and_no_part_of_the_first_pattern() -> None:
    for dialect in Dialect:
        owners = parse_owners("\ufeffx @a\n", dialect)
        assert owners.match("x").owners == ("@a",)
        assert [problem.check for problem in owners.problems] == ["byte-order-mark"]


def test_the_first_file_counts_even_if_it_is_empty() -> None:
    for dialect, places in OWNERS_PATHS.items():
        assert find_owners_file(dialect, {places[0]: b"", places[1]: b"x"}.get) == (places[0], b"")
        assert find_owners_file(dialect, lambda _: None) is None
