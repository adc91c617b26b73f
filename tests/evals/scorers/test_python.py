"""Functions of the repository as scorers: what they return, how they end, and where they may run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.evals.scorers.registry import judge_check, require
from promptops.evals.scorers.scorer import Context, JudgedAnswer, Score, ScorerError
from tests.evals.scorers.pieces import check, is_met

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = """
import os, time
def polite(text, inputs):
    print("noise")
    return "please" in text and "SECRET" not in os.environ
def half(text, inputs): return {"score": 0.5, "reason": "half of it"}
def nan(text, inputs): return float("nan")
def words(text, inputs): return "yes"
def slow(text, inputs): time.sleep(60)
def raises(text, inputs): raise ValueError("no")
def leaves(text, inputs): os._exit(3)
def exact(text, inputs, style): return text == style
def alone(text): return True
def long(text, inputs): return {"score": 1, "reason": "so" * 40_000}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals" / "f.py").write_text(FUNCTIONS)
    return tmp_path


@pytest.mark.story
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python: evals/f.py:polite", True),
        ("{python: 'evals/f.py:half', min: 0.5}", True),
        ("python: {function: 'evals/f.py:exact', arguments: {style: please}}", True),
        ("python: evals/f.py:nan", "returned nan"),
        ("python: evals/f.py:words", "returned 'yes'"),
        ("python: {function: 'evals/f.py:slow', timeout: 0.3}", "within 0.3 s"),
        ("python: evals/f.py:raises", "ValueError: no"),
        ("python: evals/f.py:leaves", "status 3"),
        ("python: evals/f.py:long", "too long a reason"),
        ("python: evals/g.py:polite", "no file 'evals/g.py'"),
    ],
)
def test_a_function_of_the_repository_judges(
    text: str, expected: bool | str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    if isinstance(expected, bool):
        assert is_met(text, "please", root=root, allows_python=True) is expected
    else:
        with pytest.raises(ScorerError, match=expected):
            is_met(text, "please", root=root, allows_python=True)


def test_a_function_may_give_a_reason(root: Path) -> None:
    context = Context(root=root, allows_python=True)
    judged = judge_check(check("python: evals/f.py:half"), JudgedAnswer("please"), context)
    assert (judged.score, judged.is_met) == (Score(0.5, "half of it"), False)


def test_a_function_with_other_parameters_is_told_how_it_is_called(root: Path) -> None:
    with pytest.raises(ScorerError, match="TypeError") as raised:
        is_met("python: evals/f.py:alone", "please", root=root, allows_python=True)
    assert raised.value.hint == "it is called as alone(text, inputs)"


def test_functions_run_only_where_that_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(ScorerError, match="are disabled here"):
        is_met("python: evals/f.py:polite", "please", root=tmp_path)


@pytest.mark.parametrize("path", ["evals/g.py", "../outside.py"])
def test_a_file_outside_the_repository_is_missed_before_a_model_is_asked(
    root: Path, path: str
) -> None:
    (root.parent / "outside.py").write_text(FUNCTIONS)
    written = check({"python": f"{path}:polite"})
    require(written, Context(root=root))
    with pytest.raises(ScorerError, match=f"there is no file '{path}' in the repository"):
        require(written, Context(root=root, allows_python=True))
