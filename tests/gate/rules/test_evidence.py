"""What counts as evidence that evals passed."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.errors import ConfigurationError
from promptops.gate.rules import EvalResult, parse_evidence
from promptops.gate.rules.evidence import SCHEMA

DIGEST = "sha256:" + "0a" * 32
RESULT = {
    "prompt": "triage",
    "digest": DIGEST,
    "suite": "evals/triage.yaml",
    "passed": True,
    "samples": 3,
}


def document(*results: Any, **more: Any) -> bytes:
    return json.dumps({"schema": SCHEMA, "results": results, **more}).encode()


def test_each_result_is_read() -> None:
    other = {**RESULT, "passed": False, "samples": 0}
    assert parse_evidence(document(RESULT, other), "evidence.json") == (
        EvalResult("triage", DIGEST, "evals/triage.yaml", passed=True, samples=3),
        EvalResult("triage", DIGEST, "evals/triage.yaml", passed=False, samples=0),
    )
    assert parse_evidence(document(), "evidence.json") == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", f"is not of the form {SCHEMA}"),
        (b"{}", f"is not of the form {SCHEMA}"),
        (b'"promptops.evals/v1"', f"is not of the form {SCHEMA}"),
        (document(schema="promptops.evals/v2"), f"is not of the form {SCHEMA}"),
        (b'{"schema": "promptops.evals/v1"}', "has no list of results"),
        (document(results={}), "has no list of results"),
        (document(RESULT, more=1), "has no list of results"),
        (document(list(RESULT)), "a result without exactly"),
        (document([]), "a result without exactly prompt, digest, suite, passed, samples"),
        (document(dict(list(RESULT.items())[1:])), "a result without exactly"),
        (document({**RESULT, "more": 1}), "a result without exactly"),
        (document({**RESULT, "passed": 1}), "a result whose passed is '1'"),
        (document({**RESULT, "passed": "true"}), "a result whose passed is 'true'"),
        (document({**RESULT, "samples": True}), "a result whose samples is 'True'"),
        (document({**RESULT, "samples": 1.5}), "a result whose samples is '1.5'"),
        (document({**RESULT, "prompt": None}), "a result whose prompt is 'None'"),
        (document(RESULT, {**RESULT, "digest": "sha256:00"}), "whose digest is 'sha256:00'"),
        (document({**RESULT, "digest": DIGEST.upper()}), "a result whose digest is"),
    ],
)
def test_what_is_of_another_form_is_an_error(data: bytes, words: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^the evidence in evidence\.json ") as caught:
        parse_evidence(data, "evidence.json")
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("passed", "samples", "is_good"),
    [(True, 1, True), (True, 0, False), (True, -1, False), (False, 1, False), (False, 0, False)],
)
def test_a_suite_that_ran_nothing_has_not_passed(passed: bool, samples: int, is_good: bool) -> None:
    assert EvalResult("triage", DIGEST, "s", passed, samples).is_good is is_good


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(DIGEST),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["schema", "results", *RESULT]), inner, max_size=5)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.binary(max_size=60) | _VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_results_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ConfigurationError):
        parse_evidence(data, "evidence.json")
