"""Who is who: names of one person, members of teams, and files that cannot be meant."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptops.errors import ConfigurationError
from promptops.gate.rules.people import MAX_BYTES, Groups, names_of, parse_groups

FILE = b"""\
[people]
jane = ["@Jane", "@jane-work", "Jane@example.com"]
bob = ["@bob"]

[teams]
"@Acme/prompts" = ["jane", "@zoe", "@acme/Writers"]
"@acme/writers" = ["wim@example.com", "BOB"]
"@acme/empty" = []
"@@maintainer" = ["bob"]
"""

JANE = {"jane", "@jane", "@jane-work", "jane@example.com"}
BOB = {"bob", "@bob"}


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("jane", JANE),
        ("@JANE-WORK", JANE),
        ("jane@Example.com", JANE),
        ("@bob", BOB),
        ("@zoe", {"@zoe"}),
        ("Nobody", {"nobody"}),
        ("@acme/prompts", {"@acme/prompts"}),
    ],
)
def test_a_person_has_all_their_names(name: str, names: set[str]) -> None:
    assert parse_groups(FILE).person(name) == names


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("@Jane", {"@jane"}),
        (" Jane@example.com ", {"jane@example.com"}),
        ("jane@users.noreply.github.com", {"jane@users.noreply.github.com", "@jane"}),
        ("7+Jane@users.noreply.github.com", {"7+jane@users.noreply.github.com", "@jane"}),
        ("7-jane@users.noreply.github.com", {"7-jane@users.noreply.github.com", "@7-jane"}),
        (
            "7-jane@users.noreply.gitlab.com",
            {"7-jane@users.noreply.gitlab.com", "@7-jane", "@jane"},
        ),
        (
            "7+jane@users.noreply.git.example.com",
            {"7+jane@users.noreply.git.example.com", "@jane"},
        ),
        ("jane+bob@users.noreply.github.com", {"jane+bob@users.noreply.github.com"}),
        ("jane@usersxnoreply.github.com", {"jane@usersxnoreply.github.com"}),
        ("jane@noreply.github.com", {"jane@noreply.github.com"}),
        ("jane@users.noreply.github.com@x", {"jane@users.noreply.github.com@x"}),
        ("", {""}),
    ],
)
def test_a_private_address_holds_a_login(name: str, names: set[str]) -> None:
    assert names_of(name) == names


def test_a_person_has_the_logins_of_their_private_addresses() -> None:
    address = "7+jay@users.noreply.github.com"
    groups = parse_groups(f"[people]\njane = ['@jane', '{address}']".encode())
    assert groups.names_of_all(["@JANE"]) == {"jane", "@jane", address, "@jay"}
    assert groups.names_of_all([address, "@zoe"]) == {"jane", "@jane", address, "@jay", "@zoe"}
    assert groups.names_of_all(["7-jane@users.noreply.gitlab.com"]) >= {"@jane", address}
    assert groups.names_of_all([]) == frozenset()


@pytest.mark.parametrize(
    ("team", "members"),
    [
        ("@acme/prompts", JANE | BOB | {"@zoe", "wim@example.com"}),
        ("@ACME/writers", BOB | {"wim@example.com"}),
        ("@acme/empty", set()),
        ("@@maintainers", BOB),
        ("@acme/unheard-of", None),
        ("@jane", None),
    ],
)
def test_members_include_those_of_teams_within(team: str, members: set[str] | None) -> None:
    assert parse_groups(FILE).members(team) == members


@pytest.mark.parametrize(
    ("owner", "known"),
    [
        ("@jane-WORK", True),
        ("jane@example.com", True),
        ("@acme/Prompts", True),
        ("@zoe", True),
        ("wim@example.com", True),
        ("@@maintainers", True),
        ("@acme/other", False),
        ("@wim", False),
    ],
)
def test_an_owner_is_known_when_the_file_mentions_it(owner: str, known: bool) -> None:
    assert parse_groups(FILE).knows(owner) is known


@pytest.mark.parametrize(
    ("who", "owners"),
    [
        ("@bob", BOB | {"@acme/writers", "@acme/prompts", "@@maintainer"}),
        ("@zoe", {"@zoe", "@acme/prompts"}),
        ("@Acme/Writers", {"@acme/writers", "@acme/prompts"}),
        ("@stranger", {"@stranger"}),
    ],
)
def test_who_is_in_a_team_meets_its_ownership(who: str, owners: set[str]) -> None:
    groups = parse_groups(FILE)
    assert groups.owners_met_by(who) == owners
    for owner in owners:
        if groups.members(owner) is not None:
            names = groups.members(who) or groups.person(who)
            assert names <= (groups.members(owner) or set())


def test_without_a_file_nobody_is_known_and_everybody_is_one_person() -> None:
    assert Groups().person("@Jane") == {"@jane"}
    assert Groups().members("@acme/prompts") is None
    assert not Groups().knows("@jane")
    assert parse_groups(b"") == Groups()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[persons]", "unknown key 'persons'"),
        ("people = 1", "people is not a table"),
        ("[people]\njane = '@jane'", "people.'jane' is not a list of names"),
        ("[people]\njane = [1]", "people.'jane' is not a list of names"),
        ("[people]\njane = ['']", "people.'jane': '' is not a name"),
        ("[people]\njane = ['@jane ']", "people.'jane': '@jane ' is not a name"),
        ("[people]\njane = ['@acme/jane']", "people.'jane': '@acme/jane' is a team or a role"),
        ("[people]\njane = ['@@owner']", "people.'jane': '@@owner' is a team or a role"),
        ("[teams]\n'@x/a' = ['@@owner']", "contains the team '@@owner', which is not defined"),
        ('[people]\njane = ["a\\u202eb"]', "people.'jane': 'a\\\\u202eb' is not a name"),
        (
            "[people]\njane = ['@a']\nbob = ['@A']",
            "people.'bob': the name '@a' is given to two people",
        ),
        ("[people]\njane = []\nJane = []", "people.'Jane': the name 'jane' is given to two people"),
        ("[teams]\n'acme/a' = []", "teams.'acme/a' is not a team name as CODEOWNERS has it"),
        ("[teams]\n'@x/a' = []\n'@X/A' = []", "teams.'@X/A' repeats a team"),
        ("[people]\nj = ['@x']\n[teams]\n'@X' = []", "teams.'@X' repeats a person"),
        ("[teams]\n'@x/a' = ['@x/b']", "teams.'@x/a' contains the team '@x/b', which is not def"),
        ("[teams]\n'@x/a' = ['@X/a']", "teams.'@x/a' contains itself"),
        (
            "[teams]\n'@x/0' = ['@x/a']\n'@x/a' = ['@x/b']\n'@x/b' = ['@x/a', '@x/d']\n'@x/d' = []",
            "teams.'@x/a' contains itself",
        ),
        ("[people", "is not TOML"),
        ("x = " + "1" * 5000, "is not TOML"),
        ("x = " + "[" * 100_000, "is not TOML"),
        ("#" * (MAX_BYTES + 1), "at most"),
    ],
)
def test_what_cannot_be_meant_is_an_error(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        parse_groups(text.encode(), "g.toml")
    assert caught.value.message.startswith("g.toml")
    assert caught.value.hint


def test_bytes_that_are_no_text_are_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"^g\.toml is not UTF-8 text\n"):
        parse_groups(b"\xff", "g.toml")


def test_a_misspelt_team_or_table_is_named() -> None:
    for text, hint in [
        ("[team]", "did you mean [teams]?"),
        ("[teams]\n'@x/writers' = []\n'@x/a' = ['@x/writer']", "did you mean @x/writers?"),
    ]:
        with pytest.raises(ConfigurationError) as caught:
            parse_groups(text.encode())
        assert caught.value.hint == hint


@pytest.mark.story
def test_a_long_chain_of_teams_costs_no_more_than_its_length() -> None:
    lines = [f"'@x/{number}' = ['@x/{number + 1}', 'p{number}']" for number in range(20_000)]
    text = "\n".join(["[teams]", *lines, "'@x/20000' = []"])
    members = parse_groups(text.encode()).members("@x/0")
    assert members is not None
    assert len(members) == 20_000


def test_teams_that_many_teams_share_are_looked_at_once() -> None:
    lines = [
        f"'@x/{side}{number}' = ['@x/a{number + 1}', '@x/b{number + 1}']"
        for number in range(60)
        for side in "ab"
    ]
    text = "\n".join(["[teams]", *lines, "'@x/a60' = ['@jane']", "'@x/b60' = ['@bob']"])
    assert parse_groups(text.encode()).members("@x/a0") == frozenset({"@jane", "@bob"})


def test_as_much_as_may_be_is_read() -> None:
    assert parse_groups(b"#" * MAX_BYTES) == Groups()


def test_a_principal_with_a_slash_is_a_person() -> None:
    groups = parse_groups(b"[people]\njane = ['spiffe://example.com/jane', '@jane']")
    assert groups.person("@jane") == {"jane", "@jane", "spiffe://example.com/jane"}


_NAMES = st.sampled_from(
    ["jane", "bob", "@jane", "@Bob", "@x/a", "@x/b", "@X/B", "@@owner", "@@Owners", "a@b.c", ""]
)
_TABLES = st.dictionaries(
    st.sampled_from(["people", "teams", "other"]),
    st.dictionaries(_NAMES, st.lists(_NAMES, max_size=4), max_size=4),
    max_size=2,
)


def _toml(tables: dict[str, dict[str, list[str]]]) -> bytes:
    lines = []
    for table, lists in tables.items():
        lines.append(f"[{table}]")
        lines += [f"'{key}' = {names!r}" for key, names in lists.items()]
    return "\n".join(lines).encode()


@pytest.mark.slow
@given(_TABLES)
def test_what_is_read_is_consistent(tables: dict[str, dict[str, list[str]]]) -> None:
    with contextlib.suppress(ConfigurationError):
        groups = parse_groups(_toml(tables))
        for key, listed in tables.get("people", {}).items():
            for name in (key, *listed):
                assert groups.person(name) == groups.person(key) >= {name.casefold()}
                assert groups.knows(name)
        for team, listed in tables.get("teams", {}).items():
            members = groups.members(team)
            assert members is not None
            assert groups.knows(team)
            for name in listed:
                assert groups.knows(name)
                below = groups.members(name)
                assert (groups.person(name) if below is None else below) <= members


@pytest.mark.slow
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
@example(b"[people]\n[people]")
@example(b"[people]\nx = [2024-99-99]")
@example(b"teams = {'@x/a' = ['@x/a']}")
@example(b"people = [{}]")
def test_any_bytes_are_groups_or_a_configuration_error(data: bytes) -> None:
    with contextlib.suppress(ConfigurationError):
        parse_groups(data)
