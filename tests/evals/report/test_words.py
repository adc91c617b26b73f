"""Two answers compared word by word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.report.words import compare_words


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60), st.text(max_size=60))
def test_a_difference_in_words_holds_both_texts(old: str, new: str) -> None:
    pieces = compare_words(old, new)
    assert "".join(one.text for one in pieces if one.side != "new") == old
    assert "".join(one.text for one in pieces if one.side != "old") == new
