"""Where the stores of a configuration are."""

from __future__ import annotations

from pathlib import Path

import pytest

from promptops.errors import ConfigurationError, UsageError
from promptops.repository.settings.conversations import read_conversations
from promptops.repository.settings.guards import read_guards
from promptops.repository.settings.log import LogSettings
from promptops.runtime.stores.addresses import describe_place, find_kind, find_store

TOP = Path("/team")
COMMON = TOP / ".git"
BESIDE = COMMON / "promptops-log"
DATABASE = "postgresql://log.example.com/promptops"


@pytest.mark.parametrize(
    ("settings", "log", "place"),
    [
        ({}, None, "file"),
        ({}, "logs/runs.db", str(TOP / "logs")),
        ({"address": "count.db"}, None, str(TOP / "count.db")),
        ({"address": "sqlite:count.db"}, None, str(TOP / "count.db")),
        ({"address": "redis://h/3"}, None, "redis://h/3"),
        ({"variable": "PLACE"}, None, "redis://:secret@h/0"),
    ],
)
@pytest.mark.parametrize("table", ["guards", "conversations"])
def test_a_store_is_where_its_table_says_else_beside_the_log(
    table: str, settings: dict[str, str], log: str | None, place: str
) -> None:
    key, file = {"guards": ("ledger", "ledger.db"), "conversations": ("store", "conversations.db")}[
        table
    ]
    names = {"address": key, "variable": f"{key}_variable"}
    given = {names[name]: value for name, value in settings.items()}
    read = read_guards(given, "p") if table == "guards" else read_conversations(given, "p")
    found = find_store(
        read.place,
        LogSettings(url=log),
        {"PLACE": "redis://:secret@h/0", "HOME": "/home/jane"},
        common_dir=COMMON,
        top=TOP,
    )
    expected = {"file": str(BESIDE / file), str(TOP / "logs"): str(TOP / "logs" / file)}
    assert found == expected.get(place, place)


def test_beside_a_log_in_a_database_conversations_share_it_and_the_ledger_is_a_file() -> None:
    log, folders = LogSettings(url=DATABASE), {"common_dir": COMMON, "top": TOP}
    conversations, guards = read_conversations({}, "p").place, read_guards({}, "p").place
    assert find_store(conversations, log, {}, **folders) == DATABASE
    assert find_store(guards, log, {}, **folders) == str(BESIDE / "ledger.db")
    variable = {"PROMPTOPS_LOG": DATABASE}
    assert find_store(guards, LogSettings(), variable, **folders) == str(BESIDE / "ledger.db")


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (read_guards({"ledger_variable": "GONE"}, "p").place, "guards.ledger_variable"),
        (
            read_conversations({"store_variable": "GONE"}, "p").place,
            "conversations.store_variable",
        ),
    ],
    ids=["guards", "conversations"],
)
def test_a_variable_that_is_not_set_is_named(place: object, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} is GONE, which is not set"):
        find_store(place, LogSettings(), {}, common_dir=None, top=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("runs.db", "sqlite"),
        ("sqlite:runs.db", "sqlite"),
        ("sqlite:///a/b@c@d.db", "sqlite"),
        ("redis://h/0", "redis"),
        ("rediss://h/0", "redis"),
        ("postgres://u:p@h/d", "postgres"),
        ("postgresql://h/d", "postgres"),
    ],
)
def test_an_address_says_what_a_store_is(url: str, kind: str) -> None:
    assert find_kind(url, "the ledger") == kind


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("mysql://h/d", "'mysql' is not a supported store for conversations"),
        ("redis://u:p@ss@h/0", "the address of conversations contains more than one @"),
    ],
)
def test_an_address_that_no_store_has_is_refused(url: str, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        find_kind(url, "conversations")


def test_a_place_is_shown_without_a_password() -> None:
    assert describe_place("redis://u:hunter2@h/0?x=hunter2") == "redis://h/0"
    assert describe_place("sqlite:/a/b.db") == str(Path("/a/b.db"))
