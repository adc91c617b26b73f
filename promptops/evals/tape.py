"""Store recorded answers of models, each bound to its request.

Two kinds of files have this format. A **cassette** is next to its suite, `triage.cassette.jsonl`,
and lets a suite run without keys. A **journal** is in the Git folder and keeps the answers of an
unfinished run. Both are JSON Lines, one for each request and trial. A line has the answer and the
hash of the request, never the request itself. The lines of a cassette are sorted, so that Git can
merge them. In a cassette, secrets and personal data are masked.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from promptops.errors import PromptopsError, quote
from promptops.files import read_file
from promptops.repository.locking import hold, remove_unless_held
from promptops.repository.writing import write_atomically
from promptops.runtime.encoding import make_encoder
from promptops.runtime.models.model import (
    UNKNOWN_USAGE,
    Answer,
    ErrorKind,
    ModelError,
    ToolCall,
    Usage,
)
from promptops.runtime.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TextIO

    from promptops.runtime.models.model import Request

CASSETTE = "promptops.cassette/v1"
# `json.dumps` would create an encoder for each call.
_encode_request = make_encoder(sort_keys=True, separators=(",", ":"))
_encode_value = make_encoder()
_MAX_UNWRITTEN_SECONDS = 0.05
_TOO_LONG = 64 * 1024 * 1024
_quote = json.encoder.encode_basestring
_KINDS = frozenset(get_args(ErrorKind))


class TapeError(PromptopsError):
    """A cassette is unreadable or belongs to another prompt."""

    page = "docs/evals.md#without-keys-cassettes"


class MissingError(PromptopsError):
    """A cassette has no answer to a request."""

    page = "docs/evals.md#without-keys-cassettes"


class TapeKey(NamedTuple):
    """The key of an answer.

    Attributes:
        request: the hash of the request.
        trial: the number of the trial.
    """

    request: str
    trial: int


class TapePlace(NamedTuple):
    """The origin of a request, for messages: sample, model and side."""

    sample: str
    model: str
    side: str


class TapeFailure(NamedTuple):
    """The error of a model whose fallback answered, so that a replay falls back as well.

    Attributes:
        message: the error.
        model: the model that was asked.
        kind: the kind of the error, as in `ModelError`.
        status: the HTTP status, or None.
        code: the provider's error code, or None.
    """

    message: str
    model: str
    kind: ErrorKind
    status: int | None = None
    code: str | None = None

    def error(self) -> ModelError:
        """Return it as an exception."""
        return ModelError(
            self.message,
            model=self.model,
            kind=self.kind,
            status=self.status,
            code=self.code,
            is_sent=False,
        )


class TapeEntry(NamedTuple):
    """One recorded answer, or the error of a model whose fallback answered.

    Attributes:
        key: its key.
        place: where it was recorded.
        answer: the model's answer, redacted.
        latency_seconds: its duration.
        cost_micros: its cost, in micro-dollars; None if unknown.
        failure: the error instead of an answer, or None.
    """

    key: TapeKey
    place: TapePlace
    answer: Answer
    latency_seconds: float
    cost_micros: int | None
    failure: TapeFailure | None = None


NO_ANSWER = Answer("", (), "unknown", UNKNOWN_USAGE)
"""The answer of an entry with an error."""


def hash_request(request: Request) -> str:
    """Return a hash of a request's model, messages and parameters. The order of keys does not
    matter.
    """
    content = [request.model, list(request.messages), dict(request.parameters)]
    text = _encode_request(content)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def redact_answer(answer: Answer) -> Answer:
    """Return an answer with secrets masked, as it is stored and judged."""
    calls = tuple(replace(one, arguments=redact(one.arguments)) for one in answer.tool_calls)
    return replace(answer, text=redact(answer.text), tool_calls=calls)


class Tape:
    """The entries of one file.

    Args:
        path: the file, for messages.
        entries: its entries.
    """

    def __init__(self, path: str, entries: Iterable[TapeEntry] = ()) -> None:
        self.path = path
        self._entries = {entry.key: entry for entry in entries}
        self._places = {(one.place, one.key.trial) for one in self._entries.values()}
        self._used: set[TapeKey] = set()

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    def list_served(self) -> list[str]:
        """Return the provider's names of the models that answered."""
        answers = [one for one in self._entries.values() if one.failure is None]
        return sorted({one.answer.served_model or one.place.model for one in answers})

    def find(self, key: TapeKey) -> TapeEntry | None:
        """Return the answer to a request, marked as used; None if there is none."""
        found = self._entries.get(key)
        if found is not None:
            self._used.add(key)
        return found

    def add(self, entry: TapeEntry) -> None:
        """Add an answer, marked as used."""
        self._entries[entry.key] = entry
        self._used.add(entry.key)

    def explain(self, place: TapePlace, trial: int) -> MissingError:
        """Return the error for a request without an entry: stale, or never recorded."""
        what = f"trial {trial}, {place.model}, {place.side}"
        is_stale = (place, trial) in self._places
        why = "is stale for" if is_stale else "has no answer for"
        return MissingError(
            f"the cassette {self.path} {why} {what}",
            hint="record it again: promptops eval run --record",
        )

    def used(self) -> list[TapeEntry]:
        """Return the entries that this run used, in the order of a cassette."""
        chosen = [entry for key, entry in self._entries.items() if key in self._used]
        return sorted(chosen, key=_order)

    def all(self) -> list[TapeEntry]:
        """Return all entries, in the order of a cassette."""
        return sorted(self._entries.values(), key=_order)


def _order(entry: TapeEntry) -> tuple[str, str, int, str, str]:
    place = entry.place
    return place.sample, place.model, entry.key.trial, place.side, entry.key.request


def read_cassette(path: str, data: bytes, prompt: str) -> Tape:
    """Read the cassette at `path`, which must belong to `prompt`. Raises TapeError."""
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    head = _parse(lines[0])
    if not isinstance(head, dict) or head.get("schema") != CASSETTE:
        raise TapeError(
            f"{path} is not a cassette", hint=f"set the schema {CASSETTE} in its first line"
        )
    if head.get("prompt") != prompt:
        raise TapeError(
            f"{path} is the cassette of {quote(str(head.get('prompt')))}, not of {quote(prompt)}",
            hint="record one: promptops eval run --record",
        )
    entries = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        entry = _read_entry(_parse(line))
        if entry is None:
            hint = (
                "resolve the merge conflict" if line.startswith(("<<<<", "====", ">>>>")) else None
            )
            raise TapeError(f"{path}:{number}: the line is not a recorded answer", hint=hint)
        entries.append(entry)
    return Tape(path, entries)


def write_cassette(file: Path, prompt: str, entries: Iterable[TapeEntry]) -> None:
    """Write a cassette atomically."""
    head = json.dumps({"schema": CASSETTE, "prompt": prompt})
    lines = [head, *map(_to_line, entries)]
    write_atomically(file, ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))


class Journal:
    """The paid answers of a run, written immediately, so that a killed run loses none.

    Free answers may be written with the next paid one. Each run has its own file, which is removed
    when the run is done.

    Args:
        folder: the folder of the files; None: write nothing.
        name: the run's name; runs with the same name can resume each other.
        token: makes the name of this run's file unique.
        resumes: whether to reuse answers of unfinished runs (`--resume`).
    """

    def __init__(self, folder: Path | None, name: str, token: str, *, resumes: bool) -> None:
        self._file = None if folder is None else folder / f"{name}-{token}.jsonl"
        self._old: list[Path] = []
        self._stream: TextIO | None = None
        # When free answers were last written.
        self._written = 0.0
        self._writes_soon = False
        self._entries: dict[TapeKey, TapeEntry] = {}
        if folder is not None and resumes and folder.is_dir():
            self._old = sorted(folder.glob(f"{name}-*.jsonl"))
        for file in self._old:
            # The last line of a killed run may be truncated.
            for line in read_file(file).decode(errors="replace").split("\n"):
                entry = _read_entry(_parse(line))
                if entry is not None:
                    self._entries[entry.key] = entry

    def __len__(self) -> int:
        """Return the number of answers."""
        return len(self._entries)

    def find(self, key: TapeKey) -> TapeEntry | None:
        """Return the answer to a request."""
        return self._entries.get(key)

    def add(self, entry: TapeEntry) -> None:
        """Write an answer, immediately if it cost something. It is not kept in memory."""
        if self._file is None:
            return
        if self._stream is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._file.open("a", encoding="utf-8", errors="replace")
            hold(self._stream.fileno())
        self._stream.write(_to_line(entry) + "\n")
        if self._writes_soon:
            return
        is_free = entry.cost_micros == 0
        if is_free and time.monotonic() - self._written <= _MAX_UNWRITTEN_SECONDS:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._flush()
        else:
            self._writes_soon = True
            loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._writes_soon = False
        self._written = time.monotonic()
        if self._stream is not None:
            self._stream.flush()

    def close(self, *, is_done: bool) -> None:
        """Close the file. After a finished run, delete it and the resumed ones.

        Files of running runs stay, so that a kill does not lose their answers.
        """
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if is_done and self._file is not None:
            for file in (self._file, *self._old):
                remove_unless_held(file)


def _parse(line: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(line) if len(line) <= _TOO_LONG else None
    except (ValueError, RecursionError):
        return None


def _to_line(entry: TapeEntry) -> str:
    """Return an entry as a line of JSON.

    Written key by key, because encoding a dictionary for each trial would dominate the time.
    """
    (request, trial), (sample, model, side), answer = entry.key, entry.place, entry.answer
    head = (
        f'{{"sample": {_quote(sample)}, "model": {_quote(model)}, "side": {_quote(side)}, '
        f'"trial": {trial}, "request": {_quote(request)}'
    )
    if entry.failure is not None:
        # Without an answer's keys, so that it is not read as an empty answer.
        return f'{head}, "failure": {_encode_value(list(entry.failure))}}}'
    usage = answer.usage
    line = (
        f'{head}, "text": {_quote(answer.text)}, "finish": {_quote(answer.finish)}, "usage": '
        f"[{_number(usage.input_tokens)}, {_number(usage.output_tokens)}, "
        f"{_number(usage.cached_tokens)}, {_quote(usage.source)}], "
        f'"served_model": {_named_or_null(answer.served_model)}, '
        f'"seconds": {round(entry.latency_seconds, 3)!r}, '
        f'"cost_micros": {_number(entry.cost_micros)}'
    )
    if answer.response_id is not None:
        line += f', "response_id": {_quote(answer.response_id)}'
    if answer.tool_calls:
        calls = [[one.id, one.name, one.arguments] for one in answer.tool_calls]
        line += f', "tool_calls": {_encode_value(calls)}'
    return line + "}"


def _number(value: int | None) -> str:
    return "null" if value is None else str(int(value))


def _named_or_null(value: str | None) -> str:
    return "null" if value is None else _quote(value)


def _read_entry(line: Any) -> TapeEntry | None:  # noqa: ANN401 - any JSON value
    try:
        if "failure" in line:
            return _read_failure(line)
        calls = tuple(ToolCall(str(a), str(b), str(c)) for a, b, c in line.get("tool_calls", ()))
        usage = Usage(*line["usage"])
        texts = [line[key] for key in ("text", "finish", "sample", "model", "side", "request")]
        counts = [line["trial"], line["cost_micros"]]
        counts += [usage.input_tokens, usage.output_tokens, usage.cached_tokens]
        if not all(isinstance(one, str) for one in texts) or not all(map(_is_count, counts)):
            return None
        text, finish, sample, model, side, request = texts
        served, response = _named(line.get("served_model")), _named(line.get("response_id"))
        answer = Answer(text, calls, finish, usage, served, response)
        key, place = TapeKey(request, int(line["trial"])), TapePlace(sample, model, side)
        return TapeEntry(key, place, answer, float(line["seconds"]), line["cost_micros"])
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _read_failure(line: Any) -> TapeEntry | None:  # noqa: ANN401 - any JSON value
    message, asked, kind, status, code = line["failure"]
    texts = [line[key] for key in ("sample", "model", "side", "request")]
    named = _named(code)
    is_whole = all(isinstance(one, str) for one in (*texts, message, asked))
    if not is_whole or kind not in _KINDS or not all(map(_is_count, (line["trial"], status))):
        return None
    sample, model, side, request = texts
    failure = TapeFailure(message, asked, kind, status, named)
    key, place = TapeKey(request, int(line["trial"])), TapePlace(sample, model, side)
    return TapeEntry(key, place, NO_ANSWER, 0.0, 0, failure)


def _is_count(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return value is None or (isinstance(value, int) and value >= 0)


def _named(value: object) -> str | None:
    return value if isinstance(value, str) else None
