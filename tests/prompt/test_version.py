"""Versions and ranges."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import UsageError
from promptops.prompt.version import Level, Version, parse_range

numbers = st.integers(0, 999_999_999)
identifiers = st.one_of(
    st.integers(0, 10**12), st.from_regex(r"[0-9]{0,3}[a-z-][0-9a-z-]{0,6}", fullmatch=True)
)
versions = st.builds(
    Version, numbers, numbers, numbers, st.lists(identifiers, max_size=4).map(tuple)
)
# Few values, so that equal cores and prefixes of one another are common.
near_versions = st.builds(
    Version,
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 1),
    st.lists(st.sampled_from([0, 1, 10, "a", "a-b", "b", "0a"]), max_size=3).map(tuple),
)

ASCENDING = [
    "0.0.0-0",
    "0.0.0",
    "0.0.1",
    "0.1.0",
    "0.9.0",
    "0.10.0",
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-10",
    "1.0.0--",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0-rc.1.0",
    "1.0.0",
    "1.0.1",
    "2.0.0",
    "2.1.0",
    "2.1.1",
    "10.0.0",
]


@pytest.mark.parametrize(
    "text",
    [
        *ASCENDING,
        "999999999.0.0",
        "1.0.0-0a",
        "1.0.0-x-y-z.4",
        "1.2.3---rc-snapshot.12.9.1--.12",
        "1.0.0-" + "1" * 100,
    ],
)
def test_a_version_reads_and_writes_itself(text: str) -> None:
    assert str(Version.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "three numbers"),
        ("1", "1.0.0"),
        ("1.10", "1.10.0"),
        ("v1.2.3", "leave out the letter: 1.2.3"),
        ("V1.2", "leave out the letter"),
        ("version", "three numbers and an optional pre-release"),
        ("1.2.3.4", "three numbers"),
        ("01.2.3", "leading zeros"),
        ("1.02.3", "leading zeros"),
        ("1.2.03", "leading zeros"),
        ("1.2.3-rc.lock", "Git keeps"),
        ("1.2.3-01", "such as"),
        ("1.2.3-", "such as"),
        ("1.2.3-a..b", "such as"),
        ("1.2.3-a_b", "such as"),
        ("1.2.3-RC.1", "1.2.3-rc.1"),
        ("1.2.3+build.5", "build metadata"),
        ("1.2.3-rc.1+5", "build metadata"),
        ("-1.2.3", "three numbers"),
        ("1.2.x", "three numbers"),
        (" 1.2.3", "white space"),
        ("1.2.3\n", "white space"),
        ("1.2.\u0663", "such as"),  # an Arabic-Indic three
        ("1.2.3-\u00e9", "such as"),
        ("1234567890.0.0", "such as"),
        ("1.0.0-" + "1" * 5000, "at most 128"),
        ("--help", "such as"),
    ],
)
def test_what_is_no_version_is_refused_with_a_hint(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        Version.parse(text)
    assert hint in (caught.value.hint or "")
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 200


def test_precedence_is_that_of_semver() -> None:
    parsed = [Version.parse(text) for text in ASCENDING]
    for low, high in itertools.combinations(parsed, 2):
        assert low < high
        assert high > low
        assert low <= high
        assert low != high


@pytest.mark.story
@given(versions)
def test_every_version_survives_writing_and_reading(version: Version) -> None:
    assert Version.parse(str(version)) == version


@pytest.mark.slow
@given(near_versions, near_versions, near_versions)
def test_the_order_is_total(one: Version, two: Version, three: Version) -> None:
    assert (one < two) + (one == two) + (one > two) == 1
    assert (one <= two) is not (two < one)
    if one <= two <= three:
        assert one <= three


@pytest.mark.parametrize(
    ("version", "level", "bumped"),
    [
        ("1.2.3", Level.PATCH, "1.2.4"),
        ("1.2.3", Level.MINOR, "1.3.0"),
        ("1.2.3", Level.MAJOR, "2.0.0"),
        ("1.2.3", Level.NONE, "1.2.3"),
        ("0.0.0", Level.MAJOR, "1.0.0"),
        ("2.0.0-rc.1", Level.PATCH, "2.0.0"),
        ("2.0.0-rc.1", Level.MAJOR, "2.0.0"),
        ("2.0.0-rc.1", Level.NONE, "2.0.0-rc.1"),
        ("2.1.0-rc.1", Level.MINOR, "2.1.0"),
        ("2.1.0-rc.1", Level.MAJOR, "3.0.0"),
        ("2.1.1-rc.1", Level.PATCH, "2.1.1"),
        ("2.1.1-rc.1", Level.MINOR, "2.2.0"),
    ],
)
def test_a_bump_is_the_next_version_of_that_level(version: str, level: Level, bumped: str) -> None:
    assert str(Version.parse(version).bump(level)) == bumped


@pytest.mark.story
@given(near_versions, st.sampled_from([Level.PATCH, Level.MINOR, Level.MAJOR]))
def test_a_bump_is_a_final_version_at_least_that_far_above(version: Version, level: Level) -> None:
    bumped = version.bump(level)
    assert bumped > version
    assert not bumped.is_prerelease
    assert bumped.level_from(version) >= level


@pytest.mark.parametrize(
    ("base", "version", "level"),
    [
        ("1.2.3", "1.2.4", Level.PATCH),
        ("1.2.3", "1.2.9", Level.PATCH),
        ("1.2.3", "1.3.0", Level.MINOR),
        ("1.2.3", "1.4.7", Level.MINOR),
        ("1.2.3", "2.0.0", Level.MAJOR),
        ("1.2.3", "2.0.0-rc.1", Level.MAJOR),
        ("1.2.3", "1.2.3", Level.NONE),
        ("1.2.3", "1.2.2", Level.NONE),
        ("1.2.3", "1.2.3-rc.1", Level.NONE),
        ("1.3.0-rc.1", "1.3.0-rc.2", Level.MINOR),
        ("1.3.0-rc.1", "1.3.0", Level.MINOR),
        ("2.0.0-rc.1", "2.0.0", Level.MAJOR),
        ("1.2.4-rc.1", "1.2.4", Level.PATCH),
        ("0.1.0", "1.0.0", Level.MAJOR),
    ],
)
def test_the_size_of_a_step(base: str, version: str, level: Level) -> None:
    assert Version.parse(version).level_from(Version.parse(base)) is level


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("1", "1.0.0 1.9.9", "0.9.9 2.0.0"),
        ("1.x", "1.0.0 1.9.9", "0.9.9 2.0.0"),
        ("1.*", "1.0.0", "2.0.0"),
        ("1.x.x", "1.0.0 1.9.9", "2.0.0"),
        ("1.2", "1.2.0 1.2.9", "1.1.9 1.3.0"),
        ("1.2.x", "1.2.0 1.2.9", "1.1.9 1.3.0"),
        ("=1.2.0", "1.2.0", "1.2.1 1.1.9"),
        ("=1.2", "1.2.0 1.2.7", "1.3.0"),
        ("^1.2", "1.2.0 1.9.0", "1.1.9 2.0.0"),
        ("^1.2.3", "1.2.3 1.3.0", "1.2.2 2.0.0"),
        ("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4 0.0.2"),
        ("^0.0", "0.0.0 0.0.9", "0.1.0"),
        ("^0", "0.0.0 0.9.9", "1.0.0"),
        ("^1.x", "1.0.0 1.9.9", "2.0.0"),
        ("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"),
        ("~1.2", "1.2.0 1.2.9", "1.3.0"),
        ("~1", "1.0.0 1.9.9", "2.0.0"),
        (">=1.0,<2", "1.0.0 1.9.9", "0.9.9 2.0.0"),
        (">= 1.0 , < 2", "1.0.0", "2.0.0"),
        (">1.2", "1.3.0 2.0.0", "1.2.0 1.2.9"),
        (">1.2.3", "1.2.4", "1.2.3"),
        ("<=1.2", "1.2.9 0.1.0", "1.3.0"),
        ("<=1.2.3", "1.2.3", "1.2.4"),
        ("<1", "0.9.9", "1.0.0"),
        ("<1,>2", "", "0.5.0 1.5.0 3.0.0"),
    ],
)
def test_a_range_holds_what_npm_and_cargo_say(text: str, inside: str, outside: str) -> None:
    wanted = parse_range(text)
    for version in inside.split():
        assert Version.parse(version) in wanted, version
        assert Version.parse(f"{version}-rc.1") not in wanted
    for version in outside.split():
        assert Version.parse(version) not in wanted, version


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "1,",
        "x",
        "^",
        "^x",
        ">=",
        "1.x.3",
        "01",
        "1.2.3.4",
        "^1.2.3-rc.1",
        ">=1.0 <2",
        "=>1.0",
        "==1.0",
        "~>1.2",
        "^^1",
        "\u0661.x",
        "1.2\n",
        "9" * 5000,
    ],
)
def test_what_is_no_range_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_range(text)
    assert caught.value.hint
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 200


def test_levels_order_and_name_themselves() -> None:
    assert max(Level.PATCH, Level.MAJOR, Level.NONE) is Level.MAJOR
    assert [level.label for level in Level] == ["none", "patch", "minor", "major"]
