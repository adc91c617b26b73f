"""What is tried with each hostile file: everything that reads what a stranger wrote."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from promptops.checks.engine import validate
from promptops.errors import PromptopsError
from promptops.gate.approvals.file import parse_approvals
from promptops.gate.approvals.statement import parse_statement
from promptops.gate.rules.people import parse_groups
from promptops.git.signing.allowed_signers import lines_for, principals_of
from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import load_prompt
from promptops.prompt.template import CompiledTemplate, analyze, scan_includes, tokenize
from promptops.repository.config import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Files:
    """Files that are nowhere but in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def read(self, path: str) -> bytes | None:
        """A file's bytes, or None."""
        return self._files.get(path)

    def paths(self) -> list[str]:
        """All paths, sorted."""
        return sorted(self._files)


def try_prompt(data: bytes) -> None:
    """As a prompt that is validated."""
    validate(Files({"a.md": data, "_p.md": b"{{ a }}"}), Config())


def try_partial(data: bytes) -> None:
    """As a partial, a schema and a tool of a prompt that is validated."""
    prompt = (
        b"---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\noutput: _p.md\n"
        b"tools: [_p.md]\ninputs: {a: string}\n---\n{% include '_p.md' %}"
    )
    validate(Files({"a.md": prompt, "_p.md": data}), Config())


def try_render(data: bytes) -> None:
    """As a prompt that is rendered; whatever is wrong has an error that says so."""
    try:
        closure = collect_closure("a", {"a.md": data, "_p.md": b"{{ a }}"}.get)
        if closure is not None:
            load_prompt(closure).render({"question": "x", "a": "{{ x }}"})
        text = data.decode(errors="replace")
        CompiledTemplate("a.md", text, {"_p.md": "p"}).render({"a": "", "x": "1", "b": [1, 2]})
    except PromptopsError:
        pass


def try_template(data: bytes) -> None:
    """As a template that is read in all ways."""
    text = data.decode(errors="replace")
    scan_includes(text)
    tokenize(text)
    analyze("a.md", text, partial=True)
    analyze("a.md", text, partial=False, first_line=3)


def try_policy(data: bytes) -> None:
    """As the files that say who may approve, and as what people sign."""
    for read in (
        parse_groups,
        parse_statement,
        lambda data: parse_approvals(data, "approvals.json"),
        lambda data: principals_of(data, b"AAAA"),
        lambda data: lines_for(data, "jane@example.com"),
    ):
        with suppress(PromptopsError):
            read(data)


TARGETS: tuple[Callable[[bytes], None], ...] = (
    try_prompt,
    try_partial,
    try_render,
    try_template,
    try_policy,
)
