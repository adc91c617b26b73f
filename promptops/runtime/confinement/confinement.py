"""Render unapproved templates in a process with limits of time and memory.

A template body of only text and names is rendered in this process, if the values are strings, up to
the same size. This saves an eval of 1,000 samples a fifth of its processor time.

The sandbox already bounds templates by counting steps. The process is a second line of defence: it
has no environment variables, a memory limit, and ends when a rendering takes too long. On systems
without such limits, such as Windows, only the time limit applies.

One process serves a whole command. It starts with the first rendering, or earlier by `warm_up`.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.errors import InputError, TemplateError
from promptops.prompt.template.simple import read_simple, render_simple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptops.prompt.prompt import Prompt
    from promptops.prompt.template.rendering import Message
    from promptops.runtime.resolution import ResolvedPrompt

MAX_SECONDS = 10
"""The maximum processor time of one rendering, in seconds."""

MAX_WAIT_SECONDS = 30.0
"""The maximum wait for one rendering, in seconds."""

MAX_BYTES = 1024**3
"""The memory limit of the process, in bytes."""

_PROGRAM = Path(__file__).with_name("confined.py")
_IS_FROZEN = bool(getattr(sys, "frozen", False)) or not sys.executable
# The maximum number of renderings made ahead of use.
_MAX_QUESTION = 64 * 1024
_MAX_TOGETHER = 64
_MAX_AHEAD = 1_024
# Pass on no other variable: API keys must not reach the process that renders untrusted text.
_KEPT = ("PATH", "SYSTEMROOT")


def confine(resolved: ResolvedPrompt) -> ResolvedPrompt:
    """Return the same prompt, which is rendered in the process with limits.

    In a frozen application, which has no interpreter to start, return the prompt unchanged.
    """
    if _IS_FROZEN:
        return resolved
    prompt = resolved.prompt
    return replace(resolved, prompt=prompt.rendered_by(_ConfinedTemplate(prompt)))


def warm_up() -> None:
    """Start the process early, because starting takes time."""
    if not _IS_FROZEN:
        _WORKER.start()


class _ConfinedTemplate:
    """Renders a prompt in the other process; replaces a `CompiledTemplate`."""

    def __init__(self, prompt: Prompt) -> None:
        closure = prompt.closure
        self._key = prompt.digest
        self._text = {
            "name": closure.path,
            "body": closure.document.body,
            "partials": dict(closure.partials),
        }
        self._simple = read_simple(closure.document.body)
        # Renderings made ahead: values as JSON -> messages, oldest first.
        self._ahead: dict[str, list[Message]] = {}

    def render_ahead(self, many: Iterable[Mapping[str, object]]) -> None:
        """Render several times in one exchange and keep the results for `render`.

        Values that cannot be written as JSON, and faults, are left for `render`. If the first
        values need no process, nothing is rendered ahead, because the others have the same types.
        """
        texts = []
        iterator = iter(many)
        first = next(iterator, None)
        if first is None or self._join(first) is not None:
            return
        for values in chain([first], iterator):
            with contextlib.suppress(ValueError, TypeError):
                text = json.dumps(values)
                if text not in self._ahead and len(text) <= _MAX_QUESTION:
                    texts.append(text)
        for start in range(0, len(texts), _MAX_TOGETHER):
            together = texts[start : start + _MAX_TOGETHER]
            for text, messages in zip(
                together, _WORKER.ask_together(self._key, together, self._text), strict=False
            ):
                if messages is not None:
                    self._ahead[text] = messages
        while len(self._ahead) > _MAX_AHEAD:
            del self._ahead[next(iter(self._ahead))]

    def render(self, values: Mapping[str, object], *, are_plain: bool = False) -> list[Message]:
        """Render; arguments and errors as in `CompiledTemplate.render`."""
        if not are_plain:
            from promptops.prompt.template.values import plain_values

            values = plain_values(values)
        joined = self._join(values)
        if joined is not None:
            return joined
        try:
            known = self._find_ahead(values)
            if known is not None:
                return known
            reply = _WORKER.ask(self._key, values, self._text)
        except _Ended as error:
            raise TemplateError(
                f"rendering was stopped: it took more than {error}",
                hint="shorten the loops, or prepare the text before rendering",
                path=self._text["name"],  # type: ignore[arg-type]
            ) from None
        said = reply.get("error")
        if said is None:
            messages: list[Message] = reply["messages"]
            return messages
        if "path" in said:
            raise TemplateError(said.pop("message"), **said)
        raise InputError(said["message"], hint=said["hint"])

    def _join(self, values: Mapping[str, object]) -> list[Message] | None:
        """Return the messages of a template body without statements; None if it has any."""
        return None if self._simple is None else render_simple(self._simple, values)

    def _find_ahead(self, values: Mapping[str, object]) -> list[Message] | None:
        """Return the messages if these values were rendered ahead, else None."""
        if not self._ahead:
            return None
        try:
            found = self._ahead.get(json.dumps(values))
        except (ValueError, TypeError):
            return None
        # Copied, because callers may change the messages.
        return None if found is None else [dict(message) for message in found]


class _Ended(Exception):  # noqa: N818 - becomes an error of the template
    """The process ended before it replied."""


class _Worker:
    """The process; started on use, and again after it ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._known: str | None = None

    def start(self) -> None:
        with self._lock:
            self._started()

    def ask(self, key: str, values: Mapping[str, object], text: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        question: dict[str, Any] = {"key": key, "values": values, "seconds": MAX_SECONDS}
        with self._lock:
            process = self._started()
            if self._known != key:
                question["template"] = text
            try:
                data = json.dumps(question).encode()
            except ValueError as error:  # an integer with thousands of digits
                raise InputError(f"an input cannot be written as JSON: {error}") from None
            timer = threading.Timer(MAX_WAIT_SECONDS, process.kill)
            timer.daemon = True
            timer.start()
            try:
                reply = _exchange(process, data)
            finally:
                timer.cancel()
            if reply is None:
                status = _find_status(process)
                self._close()
                why = f"{MAX_SECONDS} s or {MAX_BYTES // 1024**2:,} MB"
                raise _Ended(f"{why} (status {status})" if status > 0 else why)
            self._known = key
            return reply

    def ask_together(
        self, key: str, values: Sequence[str], text: Mapping[str, Any]
    ) -> list[list[Message] | None]:
        """Ask one question with several values, each as JSON.

        Return the messages for each, None for a fault; an empty list if the process ended.
        """
        question = f'{{"key": {json.dumps(key)}, "seconds": {MAX_SECONDS}, "many": '
        question += f"[{', '.join(values)}]"
        with self._lock:
            process = self._started()
            if self._known != key:
                question += f', "template": {json.dumps(text)}'
            timer = threading.Timer(MAX_WAIT_SECONDS, process.kill)
            timer.daemon = True
            timer.start()
            try:
                reply = _exchange(process, f"{question}}}".encode())
            finally:
                timer.cancel()
            if reply is None:
                self._close()
                return []
            self._known = key
            found: list[list[Message] | None] = reply["many"]
            return found

    def _started(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is None or process.poll() is not None:
            self._close()
            process = self._process = subprocess.Popen(  # noqa: S603 - this interpreter, with a file of our own
                [sys.executable, "-I", "-S", str(_PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
            )
            path = [os.path.abspath(one) for one in sys.path]  # noqa: PTH100 - "" is this folder
            # Some editable installations find the package by an import hook instead.
            path.append(str(Path(__file__).parents[3]))
            first = {"path": path, "memory": MAX_BYTES}
            with contextlib.suppress(OSError):  # it ended; the first question reports that
                _send(process, json.dumps(first).encode())
        return process

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        process, self._process, self._known = self._process, None, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    def forget(self) -> None:
        """Detach from the parent's process, in a forked child."""
        self.__init__()  # type: ignore[misc]


def _find_status(process: subprocess.Popen[bytes]) -> int:
    """Return how a process ended; -1 if it has not."""
    try:
        return process.wait(timeout=0.5)
    except subprocess.TimeoutExpired:
        return -1


def _send(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for
    process.stdin.write(b"%d\n%b" % (len(data), data))
    process.stdin.flush()


def _exchange(process: subprocess.Popen[bytes], data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Send a question and return the reply; None if the process ended."""
    try:
        _send(process, data)
    except OSError:
        return None
    reply = _receive(process)
    try:
        return None if reply is None else json.loads(reply)
    except ValueError:
        return None


def _receive(process: subprocess.Popen[bytes]) -> bytes | None:
    """Return the next reply; None if the process ended."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        size = int(process.stdout.readline())
        reply = process.stdout.read(size)
    except (OSError, ValueError):
        return None
    return reply if len(reply) == size else None


_WORKER = _Worker()
atexit.register(_WORKER.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_WORKER.forget)
