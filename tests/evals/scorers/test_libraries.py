"""Libraries of scorers: what is missing is named, with the command that installs it."""

from __future__ import annotations

import pytest

from promptops.evals.scorers.libraries import load
from promptops.evals.scorers.scorer import ScorerError


def test_a_missing_library_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(ScorerError) as raised:
        load("not_installed.part", "bleu", extra="other")
    assert raised.value.message == (
        "the scorer 'bleu' needs the package 'not_installed', which is not installed"
    )
    assert raised.value.hint == "run: pip install 'git-promptops[other]'"
