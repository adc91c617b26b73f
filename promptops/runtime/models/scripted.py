"""A model that answers from rules in a file, so that applications can test their code.

    rules:
      - when: {text: refund}
        answer: You will have your money back by Friday.
      - answers: [First., Second.]

The first matching rule answers. The model is deterministic: equal calls in equal order get equal
answers. `docs/models.md` describes the file.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NoReturn

from promptops.errors import quote
from promptops.files import read_file
from promptops.runtime.models.echo import check_deadline, estimate_usage, read_text, split_words
from promptops.runtime.models.model import (
    UNKNOWN_USAGE,
    Answer,
    ErrorKind,
    ModelError,
    Part,
    ToolCall,
    Usage,
)
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from jsonschema_rs import Draft202012Validator

    from promptops.runtime.models.model import Request

_WHEN = ("text", "regex", "role", "system", "count")
_ANSWER = ("answer", "data", "tools", "finish", "model", "usage", "delay", "fault")
_RULE = ("when", "answers", *_ANSWER)
_FAULT = ("status", "code", "message", "retry_after", "kind")
_USAGE = ("input", "output", "cached")
_FAULTS: dict[str, tuple[ErrorKind, str, bool]] = {
    "timeout": ("timeout", "there was no answer before the deadline", True),
    "connection": ("connection", "cannot connect: connection refused", False),
    "drop": ("connection", "the connection broke", True),
    "truncate": ("connection", "the stream was cut off", True),
    "invalid": ("invalid", "the answer is not JSON", True),
    "empty": ("empty", "the answer has neither text nor tool calls (stop)", True),
}


@dataclass(frozen=True, slots=True)
class _Fault:
    word: str = ""
    status: int | None = None
    code: str | None = None
    message: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _ScriptedReply:
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    finish: str = "stop"
    usage: Usage | None = None
    served_model: str | None = None
    delay_seconds: float = 0.0
    fault: _Fault | None = None


@dataclass(slots=True)
class _ScriptedRule:
    replies: tuple[_ScriptedReply, ...]
    text: str | None = None
    regex: Draft202012Validator | None = None
    role: str | None = None
    system: str | None = None
    count: int | None = None
    # Counting is atomic, so threads need no lock.
    matched: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    used: Iterator[int] = field(default_factory=itertools.count)

    def fits(self, messages: Sequence[Mapping[str, Any]]) -> bool:
        if self.text is not None or self.regex is not None or self.role is not None:
            role = self.role
            if not any(self._fits_message(message, role) for message in messages):
                return False
        if self.system is not None and not any(
            message.get("role") == "system" and self.system in read_text(message)
            for message in messages
        ):
            return False
        return self.count is None or next(self.matched) == self.count

    def _fits_message(self, message: Mapping[str, Any], role: str | None) -> bool:
        if role is not None and message.get("role") != role:
            return False
        text = read_text(message)
        if self.text is not None and self.text not in text:
            return False
        return self.regex is None or bool(self.regex.is_valid(text))


class ScriptedModel:
    """Answers from rules; satisfies `Model`."""

    def __init__(self, path: str, rules: tuple[_ScriptedRule, ...]) -> None:
        self._path = path
        self._rules = rules

    def call(self, request: Request, *, deadline: float) -> Answer:
        """Return the answer of the first matching rule. Raises ModelError."""
        reply = self._choose(request, deadline)
        time.sleep(_delay(request, reply, deadline))
        return _answer(request, reply, deadline)

    async def acall(self, request: Request, *, deadline: float) -> Answer:
        """Return what `call` returns."""
        reply = self._choose(request, deadline)
        await asyncio.sleep(_delay(request, reply, deadline))
        return _answer(request, reply, deadline)

    def stream(self, request: Request, *, deadline: float) -> Iterator[Part]:
        """Stream what `call` returns, word by word; with `truncate`, stop half-way."""
        reply = self._choose(request, deadline)
        time.sleep(_delay(request, reply, deadline))
        yield from _parts(request, reply, deadline)

    async def astream(self, request: Request, *, deadline: float) -> AsyncIterator[Part]:
        """Yield what `stream` yields."""
        reply = self._choose(request, deadline)
        await asyncio.sleep(_delay(request, reply, deadline))
        for part in _parts(request, reply, deadline):
            yield part

    def close(self) -> None:
        """Do nothing: there are no connections."""

    async def aclose(self) -> None:
        """Do nothing: there are no connections."""

    def _choose(self, request: Request, deadline: float) -> _ScriptedReply:
        check_deadline(request.model, deadline)
        for rule in self._rules:
            if rule.fits(request.messages):
                # The last answer of a sequence repeats.
                return rule.replies[min(next(rule.used), len(rule.replies) - 1)]
        raise ModelError(
            f"{request.model}: no rule of {self._path} matches this request",
            model=request.model,
            kind="invalid",
            is_sent=False,
            hint="add a rule without `when` at the end, which matches everything",
        )


def _delay(request: Request, reply: _ScriptedReply, deadline: float) -> float:
    """Return the wait, limited by the deadline."""
    left = deadline - time.monotonic()
    if reply.delay_seconds > left and left <= 0:
        check_deadline(request.model, deadline)
    return max(min(reply.delay_seconds, left), 0.0)


def _answer(request: Request, reply: _ScriptedReply, deadline: float) -> Answer:
    if reply.delay_seconds and time.monotonic() >= deadline:
        raise _failure(request, _Fault("timeout"))
    if reply.fault is not None:
        raise _failure(request, reply.fault)
    usage = reply.usage
    if usage is None:
        written = reply.text + "".join(call.name + call.arguments for call in reply.calls)
        usage = estimate_usage(request, written)
    return Answer(reply.text, reply.calls, reply.finish, usage, reply.served_model or request.model)


def _parts(request: Request, reply: _ScriptedReply, deadline: float) -> Iterator[Part]:
    fault = reply.fault
    if fault is not None and fault.word == "truncate":
        for piece in split_words(reply.text[: (len(reply.text) + 1) // 2]):
            yield Part(piece)
    answer = _answer(request, reply, deadline)
    for piece in split_words(answer.text):
        yield Part(piece)
    yield Part("", answer)


def _failure(request: Request, fault: _Fault) -> ModelError:
    if fault.status is not None:
        said = f": {fault.message}" if fault.message else ""
        return ModelError(
            f"{request.model}: the provider answered with an error ({fault.status}){said}",
            model=request.model,
            kind="status",
            status=fault.status,
            code=fault.code,
            retry_after_seconds=fault.retry_after_seconds,
            is_sent=True,
        )
    kind, message, is_sent = _FAULTS[fault.word]
    return ModelError(
        f"{request.model}: {fault.message or message}",
        model=request.model,
        kind=kind,
        is_sent=is_sent,
    )


# --- reading the file --------------------------------------------------------------------------


def open_scripted(name: str, root: Path | None) -> ScriptedModel:
    """Return the model `scripted/FILE`, with FILE below `root`; raises ModelError."""
    path = name.partition("/")[2]
    reading = _RulesReading(name, path)
    if root is None:
        reading.fail("can be used in a repository only", "open the repository, not a snapshot")
    parts = PurePosixPath(path).parts
    if not path or "\\" in path or path.startswith("/") or ".." in parts or ".git" in parts:
        reading.fail(
            "is not a file below the repository's top", "such as scripted/tests/rules.yaml"
        )
    try:
        text = read_file(Path(root, *parts)).decode()
    except FileNotFoundError:
        reading.fail("does not exist", "the path starts at the repository's top")
    except (OSError, UnicodeDecodeError) as error:
        reading.fail(f"cannot be read: {error}", "write it as YAML in UTF-8")
    return ScriptedModel(path, reading.read(text))


def read_scripted(name: str, text: str) -> ScriptedModel:
    """Return the model whose rules are `text`; raises ModelError."""
    path = name.partition("/")[2]
    return ScriptedModel(path, _RulesReading(name, path).read(text))


class _RulesReading:
    """Reads a file of rules; model and file are used in errors."""

    def __init__(self, model: str, path: str) -> None:
        self._model = model
        self._path = path

    def fail(self, wrong: str, hint: str | None = None) -> NoReturn:
        raise ModelError(
            f"{self._path or self._model}: {wrong}"
            if ":" in wrong or wrong.startswith("rule")
            else f"{self._path or self._model} {wrong}",
            model=self._model,
            kind="invalid",
            is_sent=False,
            hint=hint or "see docs/models.md",
        )

    def read(self, text: str) -> tuple[_ScriptedRule, ...]:
        import yaml

        from promptops.prompt.untrusted_yaml import load_untrusted

        try:
            document = load_untrusted(text)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            self.fail(f"is not YAML: {' '.join(str(error).split())}")
        if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
            self.fail("has no list `rules`")
        self._check(document, ("rules",), "the file")
        if not document["rules"]:
            self.fail("has no rule")
        return tuple(
            self._rule(rule, f"rule {number}") for number, rule in enumerate(document["rules"], 1)
        )

    def _check(self, table: object, known: tuple[str, ...], where: str) -> dict[str, Any]:
        if not isinstance(table, dict):
            self.fail(f"{where}: is not a mapping")
        for key in table:
            if key not in known:
                near = nearest(str(key), known)
                self.fail(
                    f"{where}: unknown key {quote(str(key))}",
                    f"did you mean '{near}'?" if near else f"known keys: {', '.join(known)}",
                )
        return table

    def _rule(self, value: object, where: str) -> _ScriptedRule:
        rule = self._check(value, _RULE, where)
        when = self._check(rule.get("when", {}), _WHEN, f"{where}, when")
        regex = None
        if "regex" in when:
            # The schema engine limits the time of a pattern.
            from promptops.prompt.schema import SchemaFault, compile_schema

            try:
                regex = compile_schema({"pattern": str(when["regex"])})
            except SchemaFault as error:
                self.fail(f"{where}, when: the regex is malformed: {error}")
        count = when.get("count")
        if count is not None and (type(count) is not int or count < 1):
            self.fail(f"{where}, when: count is not a number from 1")
        common = {key: rule[key] for key in _ANSWER if key in rule}
        if "answers" in rule:
            answers = rule["answers"]
            if not isinstance(answers, list) or not answers:
                self.fail(f"{where}: answers is not a list")
            if {"answer", "data", "tools", "fault"} & set(common):
                self.fail(f"{where}: answer and answers are both given", "keep one of them")
            replies = tuple(
                self._reply(
                    {**common, **(one if isinstance(one, dict) else {"answer": one})},
                    f"{where}, answer {number}",
                )
                for number, one in enumerate(answers, 1)
            )
        else:
            replies = (self._reply(common, where),)
        return _ScriptedRule(
            replies,
            text=self._text(when, "text", where),
            regex=regex,
            role=self._text(when, "role", where),
            system=self._text(when, "system", where),
            count=count,
        )

    def _text(self, table: Mapping[str, Any], key: str, where: str) -> str | None:
        value = table.get(key)
        if value is not None and not isinstance(value, str):
            self.fail(f"{where}: {key} is not a text", "put it in quotes")
        return value

    def _reply(self, value: object, where: str) -> _ScriptedReply:
        table = self._check(value, _ANSWER, where)
        given = [key for key in ("answer", "data", "tools", "fault") if key in table]
        if not given:
            self.fail(f"{where}: there is no answer", "write answer, data, tools or fault")
        if "answer" in table and "data" in table:
            self.fail(f"{where}: answer and data are both given", "keep one of them")
        text = self._text(table, "answer", where) or ""
        if "data" in table:
            try:
                text = json.dumps(table["data"], ensure_ascii=False)
            except (TypeError, ValueError) as error:
                self.fail(f"{where}: data is not JSON: {error}", "put dates in quotes")
        calls = self._calls(table.get("tools", []), where)
        delay = table.get("delay", 0)
        if not isinstance(delay, int | float) or isinstance(delay, bool) or not 0 <= delay < 1e6:
            self.fail(f"{where}: delay is not a number of seconds")
        finish = self._text(table, "finish", where)
        return _ScriptedReply(
            text,
            calls,
            finish or ("tool_calls" if calls else "stop"),
            self._usage(table["usage"], where) if "usage" in table else None,
            self._text(table, "model", where),
            float(delay),
            self._fault(table["fault"], where) if "fault" in table else None,
        )

    def _calls(self, value: object, where: str) -> tuple[ToolCall, ...]:
        if not isinstance(value, list):
            self.fail(f"{where}: tools is not a list")
        calls = []
        for number, one in enumerate(value, 1):
            call = self._check(one, ("id", "name", "arguments"), f"{where}, tool {number}")
            name = self._text(call, "name", where)
            if not name:
                self.fail(f"{where}, tool {number}: there is no name")
            arguments = call.get("arguments", {})
            if not isinstance(arguments, str):
                arguments = json.dumps(arguments, ensure_ascii=False)
            calls.append(
                ToolCall(self._text(call, "id", where) or f"call_{number}", name, arguments)
            )
        return tuple(calls)

    def _usage(self, value: object, where: str) -> Usage:
        if value in {"missing", "unknown"} if isinstance(value, str) else value is None:
            return UNKNOWN_USAGE
        table = self._check(value, _USAGE, f"{where}, usage")
        for key, number in table.items():
            if type(number) is not int or number < 0:
                self.fail(f"{where}, usage: {key} is not a number of tokens")
        if "input" not in table or "output" not in table:
            self.fail(f"{where}, usage: needs input and output", "or write usage: missing")
        return Usage(table["input"], table["output"], table.get("cached"), "measured")

    def _fault(self, value: object, where: str) -> _Fault:
        if isinstance(value, int) and not isinstance(value, bool):
            value = {"status": value}
        if isinstance(value, str):
            value = {"kind": value}
        table = self._check(value, _FAULT, f"{where}, fault")
        status, word = table.get("status"), table.get("kind")
        if (status is None) == (word is None):
            self.fail(f"{where}, fault: needs either status or kind", "such as fault: 429")
        if status is not None and (type(status) is not int or not 400 <= status <= 599):
            self.fail(f"{where}, fault: status is not a number from 400 to 599")
        if word is not None and word not in _FAULTS:
            self.fail(
                f"{where}, fault: unknown kind {quote(str(word))}",
                f"known kinds: {', '.join(_FAULTS)}",
            )
        wait = table.get("retry_after")
        if wait is not None and (not isinstance(wait, int | float) or isinstance(wait, bool)):
            self.fail(f"{where}, fault: retry_after is not a number of seconds")
        return _Fault(
            word or "",
            status,
            self._text(table, "code", where),
            self._text(table, "message", where) or "",
            None if wait is None else float(wait),
        )
