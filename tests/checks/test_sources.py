"""The files of a prompts folder, read once, links included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.checks.engine import validate
from tests.checks.pieces import config, found, write
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("where", ["a.md", "_p.md", "tone"])
def test_a_link_is_a_finding_and_never_followed(tmp_path: Path, where: str) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "prompts"
    files = write(folder, {"b.md": prompt_text(body="{{ question }} {% include '_p.md' %}")})
    write(folder, {"_p.md": "x"})
    (folder / where).unlink(missing_ok=True)
    (folder / where).symlink_to(tmp_path / "secret")
    result = validate(files, config())
    assert found(result) == [f"prompts/{where} error unreadable-file"]
