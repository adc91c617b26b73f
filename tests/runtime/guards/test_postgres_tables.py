"""The tables of the ledger in PostgreSQL, as far as they can be judged without a server."""

from __future__ import annotations

import re

from promptops.runtime.guards.postgres_tables import TABLES, VERSION


def test_new_tables_have_the_version_that_is_supported() -> None:
    inserted = re.findall(r"INSERT INTO promptops_ledger_version VALUES \((\d+)\)", TABLES)
    assert inserted == [str(VERSION)]
