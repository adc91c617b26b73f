"""The address of a ledger says what it is; nothing is connected or made yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import UsageError
from promptops.runtime.guards.opening import open_ledger
from tests.runtime.guards.pieces import charge

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("form", ["{}", "sqlite:{}", "sqlite://{}"])
def test_a_path_is_a_file_that_the_first_call_makes(form: str, tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.db"
    ledger = open_ledger(form.format(path))
    assert not path.parent.exists()
    ledger.reserve("a", [charge()], lease_seconds=9, now=0.0)
    ledger.close()
    assert path.is_file()


def test_who_only_looks_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(str(path), create=False)
    assert list(ledger.standings(now=0.0)) == []
    ledger.close()
    assert not path.exists()


def test_who_only_looks_sees_what_is_counted(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    writer = open_ledger(path)
    writer.reserve("a", [charge()], lease_seconds=9, now=0.0)
    writer.close()
    reader = open_ledger(path, create=False)
    assert [one.window for one in reader.standings(now=0.0)] == [charge().window]
    reader.close()


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/x", "http://127.0.0.1/x"])
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is not a supported store for the ledger"):
        open_ledger(url)
