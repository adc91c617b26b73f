"""Recorded answers come back as they were written, and are written as they always were."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals.tape import (
    NO_ANSWER,
    Journal,
    Tape,
    TapeEntry,
    TapeError,
    TapeFailure,
    TapeKey,
    TapePlace,
    hash_request,
    read_cassette,
    write_cassette,
)
from promptops.runtime.encoding import make_encoder
from promptops.runtime.models.model import Answer, Request, ToolCall, Usage
from tests.evals.pieces import ANY_JSON

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
COUNTS = st.none() | st.integers(0, 10**12)
CALLS = st.lists(st.builds(ToolCall, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple)
USAGES = st.builds(Usage, COUNTS, COUNTS, COUNTS, st.sampled_from(["measured", "unknown"]))
ANSWERS = st.builds(Answer, TEXTS, CALLS, TEXTS, USAGES, st.none() | TEXTS, st.none() | TEXTS)
KEYS = st.builds(TapeKey, TEXTS, st.integers(1, 99))
PLACES = st.builds(TapePlace, TEXTS, TEXTS, TEXTS)
HASH = "6e30a5bde3497c6853d740a958ecd17f1b61c89e94881d4f423c91dfc578176a"
SECONDS = st.integers(0, 10**6).map(lambda one: one / 1000)
FAILURES = st.builds(
    TapeFailure, TEXTS, TEXTS, st.sampled_from(["status", "timeout"]), COUNTS, st.none() | TEXTS
)
ENTRIES = st.builds(TapeEntry, KEYS, PLACES, ANSWERS, SECONDS, COUNTS, st.none()) | st.builds(
    TapeEntry, KEYS, PLACES, st.just(NO_ANSWER), st.just(0.0), st.just(0), FAILURES
)


@pytest.mark.story
@settings(deadline=None, max_examples=50)
@given(st.lists(ENTRIES, max_size=4, unique_by=lambda one: one.key))
def test_a_cassette_comes_back_as_it_was(tmp_path_factory: Any, entries: list[TapeEntry]) -> None:
    # `mktemp` would list all folders for each example.
    file: Path = tmp_path_factory.getbasetemp() / "tape.jsonl"
    write_cassette(file, "ask", entries)
    tape = read_cassette("a.jsonl", file.read_bytes(), "ask")
    assert set(tape.all()) == set(entries)


def test_a_line_is_what_json_would_write(tmp_path: Path) -> None:
    usage = Usage(10, 5, None, "measured")
    answer = Answer('He said "ü"\n', (ToolCall("1", "find", "{}"),), "stop", usage, "m-1", "r-1")
    place = TapePlace("a sample", "openai/m", "change")
    entry = TapeEntry(TapeKey("ab", 2), place, answer, 0.12345, 1200)
    write_cassette(tmp_path / "a.jsonl", "ask", [entry])
    line = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()[1]
    written = {
        "sample": "a sample",
        "model": "openai/m",
        "side": "change",
        "trial": 2,
        "request": "ab",
        "text": 'He said "ü"\n',
        "finish": "stop",
        "usage": [10, 5, None, "measured"],
        "served_model": "m-1",
        "seconds": 0.123,
        "cost_micros": 1200,
        "response_id": "r-1",
        "tool_calls": [["1", "find", "{}"]],
    }
    assert line == json.dumps(written, ensure_ascii=False)


def test_a_journal_gives_back_what_it_got(tmp_path: Path) -> None:
    answer = Answer("Yes", (), "stop", Usage(None, None, None, "unknown"))
    entry = TapeEntry(TapeKey("ab", 1), TapePlace("a", "m", "change"), answer, 1.0, None)
    journal = Journal(tmp_path, "run", "1", resumes=False)
    journal.add(entry)
    journal.close(is_done=False)
    assert Journal(tmp_path, "run", "2", resumes=True).find(entry.key) == entry


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
def test_a_resumed_run_leaves_the_answers_of_one_that_goes_on(tmp_path: Path) -> None:
    answer = Answer("Yes", (), "stop", Usage(None, None, None, "unknown"))
    places = [TapePlace(one, "m", "change") for one in "abc"]
    running, ended = (Journal(tmp_path, "run", number, resumes=False) for number in "12")
    for journal, place in zip((running, ended), places, strict=False):
        journal.add(TapeEntry(TapeKey(place.sample, 1), place, answer, 1.0, None))
    ended.close(is_done=False)
    resumed = Journal(tmp_path, "run", "3", resumes=True)
    assert len(resumed) == 2
    resumed.close(is_done=True)
    assert [file.name for file in tmp_path.iterdir()] == ["run-1.jsonl"]
    running.close(is_done=True)
    assert not list(tmp_path.iterdir())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


@pytest.mark.story
@given(VALUES, st.booleans())
def test_the_encoder_writes_what_json_writes(value: Any, sort_keys: bool) -> None:
    ours = make_encoder(sort_keys=sort_keys, separators=(",", ":"))(value)
    theirs = json.dumps(value, sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False)
    assert ours == theirs


def test_the_hash_of_a_request_stays_what_it_was() -> None:
    request = Request("openai/m", [{"role": "user", "content": "ü?"}], {"b": 1, "a": [True]})
    assert hash_request(request) == HASH


HEAD = b'{"schema": "promptops.cassette/v1", "prompt": "a"}\n'


FIELDS = [
    "sample",
    "model",
    "side",
    "trial",
    "request",
    "text",
    "finish",
    "usage",
    "seconds",
    "cost_micros",
    "tool_calls",
]


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=200), st.booleans())
def test_a_cassette_is_read_or_refused(data: bytes, has_head: bool) -> None:
    try:
        tape = read_cassette("a.cassette.jsonl", HEAD * has_head + data, "a")
    except TapeError:
        return
    assert isinstance(tape, Tape)


@pytest.mark.story
@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.sampled_from(FIELDS), ANY_JSON))
def test_a_line_of_a_cassette_is_read_or_refused(line: dict[str, Any]) -> None:
    try:
        tape = read_cassette("a.cassette.jsonl", HEAD + json.dumps(line).encode(), "a")
    except TapeError:
        return
    for entry in tape.all():
        assert isinstance(entry.answer.text, str)
        assert entry.cost_micros is None or isinstance(entry.cost_micros, int)
