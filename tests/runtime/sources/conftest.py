"""A snapshot, and a web server that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.runtime.sources.pieces import NAME, Web, freeze, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.released import Press


@pytest.fixture(scope="module")
def frozen(published: Press) -> bytes:
    """A snapshot of what is live in production, as `freeze(press, NAME)` makes it."""
    return freeze(published, NAME)


@pytest.fixture
def web(frozen: bytes) -> Iterator[Web]:
    with serve() as web:
        web.files["/prompts.json"] = frozen
        yield web
