"""Which rule decides over a path, in either dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.forge.codeowners import (
    Dialect,
    OwnersState,
    decode_owners,
    owner_key,
    parse_owners,
)
from promptops.forge.codeowners.pattern import (
    normalize_gitlab,
)
from tests.forge.codeowners.pieces import GITHUB, GITLAB, PATHS, answers, faults


@pytest.mark.slow
@given(st.lists(st.text("ab*?/.", min_size=1, max_size=8), max_size=12), PATHS)
@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_last_match_decides(dialect: Dialect, patterns: list[str], path: str) -> None:
    distinct = list(dict.fromkeys(patterns))
    owners = parse_owners("".join(f"{pattern} @o\n" for pattern in distinct), dialect)
    matching = [rule.line for rule in owners.rules if rule.matcher.matches(path.split("/"))]
    if dialect is GITLAB and len({normalize_gitlab(one) for one in distinct}) < len(distinct):
        return  # two spellings of one pattern; see the test of duplicates
    assert owners.match(path).line == (matching[-1] if matching else None)


def test_paths_are_compared_byte_by_byte() -> None:
    owners = parse_owners("/caf\u00e9 @x\n", GITHUB)
    assert owners.match("caf\u00e9").owners == ("@x",)
    assert owners.match("cafe\u0301").state is OwnersState.UNMATCHED
    latin = parse_owners(decode_owners(b"/caf\xe9 @x\n"), GITHUB)
    assert latin.match(b"caf\xe9".decode("utf-8", "surrogateescape")).owners == ("@x",)


def test_a_pattern_written_twice_stays_in_its_first_place() -> None:
    text = "*.md @x\ndocs/ @y\n*.md @z\n"
    assert answers(text, "docs/a.md") == {None: ("@y",)}
    assert answers(text, "a.md") == {None: ("@z",)}
    assert faults(text, GITLAB) == [("duplicate-pattern", 3)]


def test_an_exclusion_is_for_good_in_its_section_only() -> None:
    text = "*.rb @a\n[B] @b\n!/x/\n*.rb\n"
    assert answers(text, "x/y.rb") == {None: ("@a",)}
    assert answers(text, "y.rb") == {None: ("@a",), "B": ("@b",)}
    assert faults(text, GITLAB) == []


def test_owners_are_compared_without_case() -> None:
    assert owner_key("@Org/Team") == owner_key("@org/team")
    assert owner_key("@@Developers") == owner_key("@@developer")
    assert owner_key("@users") != owner_key("@user")
