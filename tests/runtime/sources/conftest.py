"""A web server with a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.runtime.sources.pieces import NAME, Web, freeze, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.released import Press


@pytest.fixture
def web(press: Press) -> Iterator[Web]:
    with serve() as web:
        web.files["/prompts.json"] = freeze(press, NAME)
        yield web
