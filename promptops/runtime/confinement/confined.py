"""The program that renders templates with limits: reads questions as JSON, writes messages.

`confinement.py` starts it with `-I`. Reaching a limit ends the process, and the parent reports it.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.prompt.template.rendering import CompiledTemplate


def _limit_memory(count: int) -> None:
    try:
        import resource
    except ImportError:  # missing on Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard)
    resource.setrlimit(resource.RLIMIT_AS, (count, hard))


def _limit_time(seconds: int) -> None:
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    end = int(used.ru_utime + used.ru_stime) + 1 + seconds
    if hard != resource.RLIM_INFINITY:
        end = min(end, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (end, hard))


def _answer(question: Mapping[str, Any], known: dict[str, CompiledTemplate]) -> dict[str, Any]:
    from promptops.errors import InputError, TemplateError
    from promptops.prompt.template.rendering import CompiledTemplate

    template = question.get("template")
    if template is not None:
        known.clear()
        known[question["key"]] = CompiledTemplate(
            template["name"], template["body"], template["partials"]
        )
    elif question["key"] not in known:
        return {"unknown": True}
    if "many" in question:
        return {"many": [_render(known[question["key"]], values) for values in question["many"]]}
    try:
        return {"messages": known[question["key"]].render(question["values"], are_plain=True)}
    except (TemplateError, InputError) as error:
        said = {"message": error.message, "hint": error.hint}
        if isinstance(error, TemplateError):
            said |= {"path": error.path, "line": error.line, "column": error.column}  # type: ignore[dict-item]
        return {"error": said}


def _render(template: CompiledTemplate, values: Mapping[str, Any]) -> list[Any] | None:
    """Return the messages; None for a fault. A question with these values alone returns its
    details.
    """
    from promptops.errors import InputError, TemplateError

    try:
        return list(template.render(values, are_plain=True))
    except (TemplateError, InputError):
        return None


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    size = stream.readline()
    if not size:
        return None
    question: dict[str, Any] = json.loads(stream.read(int(size)))
    return question


def main() -> None:
    """Answer questions on standard input until it ends."""
    stream = sys.stdin.buffer
    first = _read(stream)
    if first is None:
        return
    sys.path[:] = first["path"]
    # Import before setting the limits, which apply to templates only.
    import promptops.prompt.template.program  # noqa: F401

    _limit_memory(first["memory"])
    known: dict[str, CompiledTemplate] = {}
    while (question := _read(stream)) is not None:
        _limit_time(question["seconds"])
        data = json.dumps(_answer(question, known)).encode()
        sys.stdout.buffer.write(b"%d\n%b" % (len(data), data))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
