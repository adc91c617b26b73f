"""What many runs say is searched at once, and nothing to redact escapes the one search."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.repository.settings.log import REDACTED
from promptops.runtime.log.texts import are_clean, make_request, make_texts
from tests.runtime.log.pieces import end, make_run

SECRET = b"secret"
TEXTS = st.one_of(
    st.text("abc 0123456789+@:/\u00e9", max_size=20),
    st.sampled_from(
        [
            "call +49 30 901820",
            "pay with 4929 1234 5678 9015",
            "https://jane:hunter22@example.com",
            "DE89 3704 0044 0532 0130 00",
            "the number 4929123456789015",
        ]
    ),
)


@pytest.mark.slow
@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5))
def test_runs_that_are_clean_are_kept_as_a_search_of_each_would(
    said: list[tuple[str, str, str]],
) -> None:
    runs = [
        end(
            make_run(inputs={name: one}, messages=[{"role": "user", "content": one}]), answer=answer
        )
        for name, one, answer in said
    ]
    if not are_clean(runs):
        return
    for run in runs:
        request = make_request(run, REDACTED, SECRET)
        assert make_request(run, REDACTED, SECRET, is_clean=True) == request
        texts = make_texts(run, request, REDACTED, SECRET)
        assert make_texts(run, request, REDACTED, SECRET, is_clean=True) == texts
        assert not texts.is_redacted


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": {"number": 4929123456789015}},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "+49 30 901820"}]}]},
        {"inputs": {"+49 30 901820": "a"}},
        {"answer": "call +49 30 901820"},
        {"tool_calls": ({"name": "dial", "arguments": "+49 30 901820"},)},
    ],
    ids=["number", "parts", "name", "answer", "tool call"],
)
def test_what_has_to_be_redacted_is_not_clean(changes: dict[str, Any]) -> None:
    assert are_clean([end(make_run())])
    assert not are_clean([end(make_run()), end(make_run())._replace(**changes)])
