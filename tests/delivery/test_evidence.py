"""What counts as evidence that evals passed."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.delivery.evidence import (
    MAX_BYTES,
    SCHEMA,
    SCHEMA_V2,
    TRAILER,
    RecordedEvidence,
    list_recorded,
    parse_blob,
    write_evidence,
    write_trailer,
)
from promptops.errors import ConfigurationError, IntegrityError
from promptops.gate.rules import EvalEvidence, parse_evidence
from tests.screens import masked

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
        EvalEvidence("triage", DIGEST, "evals/triage.yaml", passed=True, samples=3),
        EvalEvidence("triage", DIGEST, "evals/triage.yaml", passed=False, samples=0),
    )
    assert parse_evidence(document(), "evidence.json") == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", f"is not of the form {SCHEMA_V2} or {SCHEMA}"),
        (b"{}", f"is not of the form {SCHEMA_V2} or {SCHEMA}"),
        (b'"promptops.evals/v1"', f"is not of the form {SCHEMA_V2} or {SCHEMA}"),
        (document(schema="promptops.evals/v3"), f"is not of the form {SCHEMA_V2} or {SCHEMA}"),
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
    assert EvalEvidence("triage", DIGEST, "s", passed, samples).is_good is is_good


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(DIGEST),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["schema", "results", *RESULT]), inner, max_size=5)
    ),
    max_leaves=12,
)


@pytest.mark.story
@settings(deadline=None)
@given(st.binary(max_size=60) | _VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_results_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ConfigurationError):
        parse_evidence(data, "evidence.json")


MODEL: dict[str, Any] = {
    "model": "openai/gpt-4o-mini",
    "served": [],
    "samples": 3,
    "passed": 3,
    "verdict": "better",
    "difference": 0.25,
    "low": 0.125,
    "high": 0.375,
}
RECORD: dict[str, Any] = {
    **RESULT,
    "version": "1.0.0",
    "suite_digest": DIGEST,
    "trials": 9,
    "errors": 0,
    "answers": "live",
    "cost_micros": 1_500,
    "baseline": {"label": "0.9.0", "version": "0.9.0", "digest": DIGEST},
    "models": [MODEL],
}


def test_version_2_says_more() -> None:
    (result,) = parse_evidence(write_evidence([RECORD]), "evidence.json")
    assert result == EvalEvidence("triage", DIGEST, "evals/triage.yaml", True, 3, RECORD)
    assert result.is_good
    assert result.is_live
    assert result.summary == snapshot(
        "evals/triage.yaml passed, 3 samples, 9 trials, answers live, 0.0015 USD:"
        " openai/gpt-4o-mini 3 of 3, better (+25.0 points)"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samples": -1}, "a result whose samples is '-1'"),
        ({"trials": 1.5}, "a result whose trials is '1.5'"),
        ({"answers": "invented"}, "a result whose answers is 'invented'"),
        ({"answers": []}, "a result whose answers is '[]'"),
        ({"suite_digest": "x"}, "a result whose suite_digest is 'x'"),
        ({"models": []}, "a result whose models is '[]'"),
        ({"models": [{}]}, "a model without exactly model, served"),
        ({"models": [{**MODEL, "difference": "0"}]}, "a model whose difference is '0'"),
        ({"models": [{**MODEL, "low": float("nan")}]}, "a model whose low is 'nan'"),
        ({"models": [{**MODEL, "verdict": "worse"}]}, "a result that passed and is worse"),
        ({"models": [MODEL, {**MODEL, "verdict": "worse"}]}, "a result that passed and is worse"),
        ({"models": [{**MODEL, "verdict": 1}]}, "a model whose verdict is '1'"),
        ({"models": [{**MODEL, "passed": True}]}, "a model whose passed is 'True'"),
        ({"baseline": {}}, "a baseline without exactly label, version, digest"),
        ({"baseline": {**RECORD["baseline"], "digest": 1}}, "a baseline whose digest is '1'"),
    ],
)
def test_version_2_is_exact(change: dict[str, Any], words: str) -> None:
    data = json.dumps({"schema": SCHEMA_V2, "results": [{**RECORD, **change}]}).encode()
    with pytest.raises(ConfigurationError) as caught:
        parse_evidence(data, "evidence.json")
    assert words in caught.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"baseline": None},
        {"models": [{**MODEL, "verdict": None, "difference": None, "low": None, "high": None}]},
        {"models": [{**MODEL, "difference": 0}]},
        {"passed": False, "models": [MODEL, {**MODEL, "verdict": "worse"}]},
        {"answers": "cassette"},
        {"answers": "mixed"},
    ],
)
def test_what_version_2_may_say(change: dict[str, Any]) -> None:
    record = {**RECORD, **change}
    (result,) = parse_evidence(write_evidence([record]), "evidence.json")
    assert result.record == record
    assert result.is_live == (record["answers"] == "live")
    assert result.summary.startswith("evals/triage.yaml ")


def test_a_comparison_without_a_difference_is_told_in_words() -> None:
    model = {**MODEL, "verdict": "could not judge", "difference": None}
    (result,) = parse_evidence(write_evidence([{**RECORD, "models": [model]}]), "e")
    assert masked(result.summary) == snapshot(
        "evals/triage.yaml passed, 3 samples, 9 trials, answers live, 0.0015 USD: openai/gpt-4o-mini 3 of 3, could not judge"
    )
    (result,) = parse_evidence(
        write_evidence([{**RECORD, "passed": False, "models": [{**model, "verdict": None}]}]), "e"
    )
    assert masked(result.summary) == snapshot(
        "evals/triage.yaml did not pass, 3 samples, 9 trials, answers live, 0.0015 USD: openai/gpt-4o-mini 3 of 3"
    )
    (first,) = parse_evidence(document(RESULT), "e")
    assert masked(first.summary) == snapshot("evals/triage.yaml passed, 3 samples")
    assert not first.is_live


OID = "0a" * 20
V1 = document(RESULT)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{}", "is not of the form"),
        (b" " * (MAX_BYTES + 1), "has more than"),
        (b" " * MAX_BYTES, "is not JSON"),
        (V1, "is not one result"),
        (write_evidence([]), "is not one result"),
        (write_evidence([RECORD, RECORD]), "is not one result"),
        (write_evidence([RECORD]) + b"\n", "is not in canonical form"),
    ],
)
def test_a_blob_is_one_result_in_one_form(data: bytes, words: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        parse_blob(data, OID)
    assert words in caught.value.message


def test_a_blob_is_what_was_written() -> None:
    assert parse_blob(write_evidence([RECORD]), OID).record == RECORD


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        ("evals/a.yaml passed", RecordedEvidence("evals/a.yaml", None, True)),
        (f"evals/a.yaml {OID} passed", RecordedEvidence("evals/a.yaml", OID, True)),
        (f"evals/a b.yaml {'0a' * 32} passed", RecordedEvidence("evals/a b.yaml", "0a" * 32, True)),
        (f"evals/a.yaml {OID} failed", RecordedEvidence("evals/a.yaml", OID, False)),
        (f"{OID} passed", RecordedEvidence(OID, None, True)),
        ("9 of 9", RecordedEvidence("9 of", None, False)),
        ("", RecordedEvidence("", None, False)),
    ],
)
def test_trailers(value: str, recorded: RecordedEvidence) -> None:
    assert list_recorded([("Prompt-Gate", "x"), (TRAILER, value)]) == [recorded]


def test_a_trailer_is_read_as_it_was_written() -> None:
    assert list_recorded([write_trailer("evals/a.yaml", OID)]) == [
        RecordedEvidence("evals/a.yaml", OID, True)
    ]


def test_canonical_is_one_line_with_sorted_keys() -> None:
    data = write_evidence([{**RECORD, "suite": "evals/\u00fc.yaml"}])
    assert data.startswith(b'{"results":[{"answers":"live","baseline":{"digest":"sha256:0a')
    assert b"evals/\\u00fc.yaml" in data
    assert data.endswith(b'"schema":"promptops.evals/v2"}\n')
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_evidence([{**RECORD, "cost_micros": float("nan")}])
