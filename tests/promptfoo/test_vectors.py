"""What promptfoo says of an assertion, this repository's check says too, or names why not.

`vectors.json` holds the verdicts of promptfoo itself, as `nox -s promptfoo -- --write` wrote them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from promptops.repository.adoption.promptfoo.assertions import Converter
from promptops.repository.adoption.promptfoo.source import SourceFolder
from tests.promptfoo.verdicts import judge

VECTORS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("vectors.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("index", range(len(VECTORS)))
def test_a_carried_check_has_the_verdict_of_promptfoo(index: int, tmp_path: Path) -> None:
    vector = VECTORS[index]
    converter = Converter(SourceFolder(tmp_path, "."))
    ours = judge(converter, vector["assertion"], vector["values"], vector["answer"])
    if vector["named"]:
        assert ours.startswith("named: ")
    else:
        assert ours == vector["promptfoo"]


def test_an_error_of_promptfoo_is_never_carried_over() -> None:
    assert all(one["named"] for one in VECTORS if one["promptfoo"] == "error")
