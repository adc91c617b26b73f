"""Servers and keys that the tests of several files begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.protection.push.server import GUARDED, Server
from tests.protection.push.signing import build_keys
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Give a folder with everybody's keys."""
    copy_template(build_keys, tmp_path / "keys", tmp_path.parent)
    return tmp_path / "keys"


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Give a server with two guarded branches, of which one is still to come."""
    return Server.open(tmp_path, files={"promptops.toml": GUARDED})
