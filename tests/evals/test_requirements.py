"""What checks need is known to be there before a model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import UsageError
from promptops.evals.preparation import SuitePart
from promptops.evals.requirements import check_requirements
from promptops.evals.result import TrialState
from promptops.evals.scorers import sql
from promptops.evals.tape import Tape
from promptops.prompt.suite.suite import Check, Sample, Suite, Turn
from promptops.repository.repository import open_repository
from tests.evals.pieces import MODEL, resolve

if TYPE_CHECKING:
    from tests.repositories import Repo

STATE = TrialState("work tree", "1.0.0", "sha256:0")
PYTHON = Check("python", "evals/f.py:polite")
SIMILAR = Check("similar", "a")


def require(repo: Repo, *checks: Check, uses_more: bool = True, allows_python: bool = True) -> None:
    """Check a suite whose second sample has these checks."""
    samples = (
        Sample("first", {}),
        Sample("second", {}, checks[:1], turns=(Turn("And?", checks[1:]),)),
    )
    suite = Suite("evals/ask.yaml", "ask", samples)
    part = SuitePart(
        suite, "", resolve(), STATE, (MODEL,), samples, Tape("a"), "a", uses_more=uses_more
    )
    check_requirements(open_repository(repo.path), [part], allows_python=allows_python)


def test_what_is_missing_is_named_with_its_sample(repo: Repo) -> None:
    with pytest.raises(UsageError) as raised:
        require(repo, Check("contains", "a"), PYTHON)
    assert raised.value.message == (
        "evals/ask.yaml: sample 'second': there is no file 'evals/f.py' in the repository"
    )
    repo.write("evals/f.py", "")
    require(repo, PYTHON)


def test_what_will_not_run_is_not_looked_for(repo: Repo) -> None:
    require(repo, PYTHON, allows_python=False)
    require(repo, PYTHON, uses_more=False)


def test_an_embedding_model_has_to_be_configured_and_usable(repo: Repo) -> None:
    with pytest.raises(UsageError, match="'similar' needs an embedding model"):
        require(repo, SIMILAR)
    repo.write("promptops.toml", '[eval]\nembedding = "onnx/models/minilm"\n')
    with pytest.raises(UsageError, match=r"there is no model\.onnx in"):
        require(repo, SIMILAR)
    repo.write("promptops.toml", '[eval]\nembedding = "echo/words"\n')
    require(repo, SIMILAR)


def test_checks_that_samples_share_are_looked_at_once(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    monkeypatch.setattr(sql, "require", lambda argument, _context: looked.append(argument))
    require(repo, *[Check("sql", True)] * 5, Check("sql", {"single": True}))
    assert looked == [True, {"single": True}]
