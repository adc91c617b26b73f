"""A repository with two conversations."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.conversations.pieces import say

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.fixture
def talks(repo: Repo) -> Repo:
    repo.write("promptops.toml", '[conversations]\nstore = "talks.db"\n')
    say(repo, "c-1", "Hello.", "Was I charged\ntwice?", at=time.time() - 60)
    say(repo, "c-2", "Bonjour.", user=None)
    return repo
