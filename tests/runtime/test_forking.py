"""A module that another thread was importing at a fork can be imported in the child."""

from __future__ import annotations

import importlib
import sys
import threading
from typing import TYPE_CHECKING

from promptops.runtime.forking import forget_imports

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SLOW = """
import threading
HALF = True
gate = threading.main_thread().promptops_gate
if gate is not None:
    gate[0].set()
    gate[1].wait(30)
DONE = True
"""


def test_an_import_of_another_thread_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    entered, gate = threading.Event(), threading.Event()
    main = threading.main_thread()
    monkeypatch.setattr(main, "promptops_gate", (entered, gate), raising=False)
    thread = threading.Thread(target=importlib.import_module, args=("slow_to_import",))
    thread.start()
    assert entered.wait(30)
    assert not hasattr(sys.modules["slow_to_import"], "DONE")
    # As in a child, in which that thread is gone.
    forget_imports()
    monkeypatch.setattr(main, "promptops_gate", None)
    found = importlib.import_module("slow_to_import")
    assert found.DONE
    gate.set()
    thread.join()
    del sys.modules["slow_to_import"]


def test_imported_modules_stay_as_they_are() -> None:
    before = dict(sys.modules)
    forget_imports()
    assert dict(sys.modules) == before
