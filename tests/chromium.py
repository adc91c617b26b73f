"""A real Chromium, and the rules of axe for screen readers."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python")


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start Chromium, which PROMPTOPS_CHROMIUM or PATH names."""
    path = os.environ.get("PROMPTOPS_CHROMIUM") or shutil.which("chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


def find_violations(page: Any) -> list[str]:
    """Return the ids of axe's rules that a page breaks."""
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run({preload: false})")
    return [one["id"] for one in found["violations"]]
