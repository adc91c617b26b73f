"""Files of owners as GitLab reads them: sections, their headings, and owners in words."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from promptops.forge.codeowners import (
    OwnersState,
    parse_owners,
)
from tests.forge.codeowners.pieces import GITLAB, answers, faults

# GitLab's sections


def test_words_after_a_hash_are_owners_to_gitlab() -> None:
    text = "*.js @js # ping @security\n"
    assert answers(text, "a.js") == {None: ("@js", "@security")}
    assert faults(text, GITLAB) == [("invalid-owner", 1), ("invalid-owner", 1)]


@pytest.mark.parametrize(
    ("words", "owners"),
    [
        ("@a/b/c @@developers", ("@a/b/c", "@@developers")),
        ("a@example.com, @b.", ("a@example.com", "@b")),
        ("@a,@b", ("@a", "@b", "a,@b")),
        ("@@nobody", ()),
        ("word @", ()),
    ],
)
def test_gitlab_finds_owners_in_words(words: str, owners: tuple[str, ...]) -> None:
    found = answers(f"x {words}", "x")[None]
    assert set(owners) >= set(found)
    assert {one for one in owners if "," not in one} <= set(found)


def test_a_rule_without_owners_takes_the_sections_and_without_those_is_unowned() -> None:
    text = "[A] @d\nx\n[B]\nx\n[A] @e\ny\n"
    assert answers(text, "x") == {"A": ("@d",), "B": ()}
    assert answers(text, "y") == {"A": ("@e",)}
    assert parse_owners(text, GITLAB).match("x").state is OwnersState.UNOWNED
    assert faults(text, GITLAB) == [("no-owners", 4)]


def test_an_optional_section_without_owners_leaves_a_path_owned() -> None:
    ownership = parse_owners("* @a\n^[B]\nx\n", GITLAB).match("x")
    assert ownership.state is OwnersState.OWNED
    assert [rule.section for rule in ownership.required] == [None]
    assert (ownership.owners, ownership.line, ownership.section) == (("@a",), 1, None)


def test_sections_of_one_name_are_one_whatever_its_case() -> None:
    text = "[Docs][2] @a\n*.md\n[DOCS] @b\nx.md\n"
    owners = parse_owners(text, GITLAB)
    assert answers(text, "x.md") == {"Docs": ("@b",)}
    assert [rule.approvals for rule in owners.rules] == [2, 1]


@pytest.mark.parametrize(
    ("text", "is_optional"),
    [
        ("^[A] @a\nx\n^[a]\ny\n", True),
        ("^[A] @a\nx\n[a]\ny\n", False),
        ("[A] @a\nx\n^[a]\ny\n", False),
    ],
)
def test_a_section_is_optional_when_all_its_headings_say_so(text: str, is_optional: bool) -> None:
    assert parse_owners(text, GITLAB).match("x").answers[0].is_optional is is_optional


@pytest.mark.parametrize(
    ("heading", "approvals", "owners", "found"),
    [
        ("[A][2] @a", 2, ("@a",), []),
        ("[A][] @a", 1, ("@a",), ["invalid-section"]),
        ("[A][ 2 ] @a", 2, ("@a",), ["invalid-section"]),
        ("[A][\t2] @a", 2, ("@a",), ["invalid-section"]),
        ("[A][2 3] @a", 2, ("@a",), ["invalid-section"]),
        ("[A][ ] @a", 1, ("@a",), ["invalid-section"]),
        ("[A][2]@a", 2, ("@a",), ["invalid-section"]),
        ("[A]@a", 1, ("@a",), ["invalid-section"]),
        ("[A][2]@a @b", 2, ("@a", "@b"), ["invalid-section"]),
        ("[A] [2] @a", 1, (), ["invalid-section", "no-owners"]),
        ("[A][2][3] @a", 2, (), ["invalid-section", "no-owners"]),
        ("[A][0] @a", 1, ("@a",), []),
        ("[A][007] @a", 7, ("@a",), []),
        (f"[A][{'9' * 5000}] @a", 100, ("@a",), []),
        ("[A][-1] @a", 1, (), ["invalid-section", "no-owners"]),
        ("[A] @a # @b", 1, ("@a",), ["invalid-section"]),
        ("[A] nobody", 1, (), ["invalid-owner", "no-owners"]),
        ("^[A][2] @a", 2, ("@a",), ["invalid-section"]),
        ("[] @a", 1, ("@a",), ["invalid-section"]),
    ],
)
def test_headings(heading: str, approvals: int, owners: tuple[str, ...], found: list[str]) -> None:
    parsed = parse_owners(f"{heading}\nx\n", GITLAB)
    (rule,) = parsed.match("x").answers
    assert (rule.approvals, rule.owners) == (approvals, owners)
    assert [problem.check for problem in parsed.problems] == found


# `HEADER_REGEX` of `ee/lib/gitlab/code_owners/section_parser.rb`, in Python's words.
GITLAB_HEADING = re.compile(
    r"^(?P<optional>\^)?\[(?P<name>.*?)\](?:\[(?P<approvals>[\s\d]*)\])?"
    r"(?P<owners>\s*[@\w.\-/\s]*)?",
    re.ASCII | re.MULTILINE,
)


def read_as_gitlab(text: str) -> dict[str, tuple[int, tuple[str, ...], bool]]:
    """What each section asks for the path `x`: the way of `get_parsed_data` in GitLab's file.rb.

    Sections keep the spelling of their first heading, a heading holds until the next one, and of
    two lines with one pattern the later counts. A section is optional if all its headings say so.
    """
    sections: dict[str, dict[str, tuple[int, tuple[str, ...]]]] = {"codeowners": {}}
    optional: dict[str, bool] = {"codeowners": False}
    name, approvals, defaults = "codeowners", 0, ""
    for line in text.split("\n"):
        stripped = line.strip(" \t")
        if not stripped or stripped[0] == "#":
            continue
        found = GITLAB_HEADING.match(stripped)
        if found is not None:
            known = list(sections)
            name = found["name"]
            if known[-1] != "codeowners":
                name = next((one for one in known if one.casefold() == name.casefold()), name)
            number = re.match(r"\s*(\d*)", found["approvals"] or "", re.ASCII)
            approvals = int((number and number[1]) or "0")
            defaults = found["owners"] or ""
            sections.setdefault(name, {})
            optional[name] = optional.get(name, True) and found["optional"] is not None
            continue
        pattern, *rest = stripped.split(None, 1)
        words = (rest[0] if rest else defaults).split()
        owners = tuple(dict.fromkeys(word for word in words if re.fullmatch("@[abc]", word)))
        sections[name][pattern] = (min(max(approvals, 1), 100), owners)
    asked = {}
    for one, rules in sections.items():
        matching = [rule for pattern, rule in rules.items() if pattern in {"x", "*"}]
        if matching:
            asked[one] = (*matching[-1], optional[one])
    return asked


NAMES = st.sampled_from(["A", "a", "B", " ", "", "codeowners", "CODEOWNERS", "A b"])
NUMBERS = st.sampled_from(
    ["", "[2]", "[ 2 ]", "[2 3]", "[]", "[ ]", "[0]", "[007]", "[x]", "[101]", "[2"]
)
OWNERS = st.sampled_from(["", "@a", " @a", " @a @b", "\t@c", " nobody", "@a @a", " # @b"])
HEADINGS = st.builds("{}[{}]{}{}".format, st.sampled_from(["", "^"]), NAMES, NUMBERS, OWNERS)
RULES = st.builds(
    "{}{}".format, st.sampled_from(["x", "*", "y"]), OWNERS.map(lambda one: f" {one}")
)
LINES = HEADINGS | RULES | st.sampled_from(["", "# [A]", "  ", "[A", "  [B] @b"])


@pytest.mark.story
@settings(max_examples=200)
@given(st.lists(LINES, max_size=8).map("\n".join))
@example("[Name][ 2 ]\nx @a")
@example("[Doc][2]@a\nx")
@example("[A]\nx @a\n^[a][2]\nx @b")
def test_files_are_read_as_gitlab_reads_them(text: str) -> None:
    answers = parse_owners(text, GITLAB).match("x").answers
    found = {
        "codeowners" if rule.section is None else rule.section: (
            rule.approvals,
            rule.owners,
            rule.is_optional,
        )
        for rule in answers
    }
    assert found == read_as_gitlab(text)


@pytest.mark.slow
@given(st.text("[]^012 \t@ab.-/#+", min_size=1, max_size=24).map(lambda text: f"[A]{text}"))
def test_headings_are_read_as_gitlab_reads_them(heading: str) -> None:
    found = GITLAB_HEADING.match(heading.strip())
    assert found is not None
    number = re.match(r"\s*(\d*)", found["approvals"] or "", re.ASCII)
    assert number is not None
    (rule,) = parse_owners(f"{heading}\nx\n", GITLAB).match("x").answers
    assert rule.approvals == min(max(int(number[1] or "0"), 1), 100)
    names = {word for word in (found["owners"] or "").split() if re.fullmatch(r"@[ab]+", word)}
    assert names <= set(rule.owners)
    assert all(owner in (found["owners"] or "") for owner in rule.owners)


def test_a_heading_that_is_not_closed_is_a_pattern_that_nothing_matches() -> None:
    owners = parse_owners("[A @a\nx @b\n", GITLAB)
    assert [problem.check for problem in owners.problems] == ["invalid-section"]
    assert answers("[A @a\nx @b\n", "x") == {None: ("@b",)}
