"""Find strings in Python code that look like prompts, and calls that bypass promptops."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from promptops.repository.adoption.body import AdoptedBody, literal
from promptops.repository.adoption.draft import Draft, DraftMessage, Note, UnreadableError
from promptops.repository.adoption.placeholders import read_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_NAMED = re.compile(r"prompt|instruction|system_?message|persona", re.IGNORECASE)
_SPOKEN = re.compile(
    r"\s*(?:you are|you're|act as|your (?:task|job|role)|given the|answer the|summari[sz]e|classify"
    r"|translate|extract|write an?|respond (?:with|only|in))\b",
    re.IGNORECASE,
)
_RETURNS_PROMPT = re.compile(
    r"_*(?:(?:build|make|get|create|render|format|compose|system|user)_(?:\w+_)?)?"
    r"(?:prompts?|instructions?|persona)",
    re.IGNORECASE,
)
# The fields of a statement that hold statements, handlers of exceptions or cases.
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")
_MIN_WORDS = 6
_CALLS = (
    *("chat.completions.create", "responses.create", "messages.create", "messages.stream"),
    *("litellm.completion", "litellm.acompletion", "models.generate_content"),
    *("model.generate_content", "chat.completions.parse", "responses.parse"),
)
# The last name of each.
_CALLED = frozenset(one.rpartition(".")[2] for one in _CALLS)
_ENDS = frozenset({ast.Name, ast.Constant, ast.Load, ast.Store, ast.alias, ast.Pass})


class Sighting(NamedTuple):
    """A prompt or a call in code.

    Attributes:
        line: where it begins.
        what: `text` or `call`.
        name: the variable or function.
        text: the string; "" for a call.
    """

    line: int
    what: str
    name: str
    text: str


def read(path: str, text: str) -> list[Draft]:
    """Return the prompts in constants of the file."""
    drafts = []
    for node, name in _texts(_list_nodes(_parse(text))):
        value = _value(node)
        if value is None or not _is_prompt(name, value):
            continue
        body, inputs, notes = _convert(node)
        notes.append(
            Note(f"{path} still contains the text: read the prompt there instead", node.lineno)
        )
        sent = DraftMessage(None, body.strip("\n"))
        drafts.append(
            Draft("Python", path, name, (sent,), inputs, {}, tuple(notes), line=node.lineno)
        )
    if not drafts:
        message = "no constant in it looks like a prompt"
        raise UnreadableError(message)
    return drafts


def sight(text: str) -> Iterator[Sighting]:
    """Find strings that look like prompts, and calls of model clients, in file order."""
    nodes = _list_nodes(_parse(text))
    found = []
    for node, name in _texts(nodes):
        value = _value(node)
        if value is not None and _is_prompt(name, value):
            found.append(Sighting(node.lineno, "text", name, value))
    for call in nodes:
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr in _CALLED and (called := ast.unparse(call.func)).endswith(_CALLS):
            found.append(Sighting(call.lineno, "call", called, ""))
    yield from sorted(found)


def _list_nodes(tree: ast.AST) -> list[ast.AST]:
    """Return the nodes of `ast.walk`, in its order, except names and constants' parts; twice as
    fast.
    """
    nodes = [tree]
    for node in nodes:
        # Most nodes are names and constants, whose parts are not needed.
        if type(node) in _ENDS:
            continue
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                nodes += [one for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST):
                nodes.append(value)
    return nodes


def _parse(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        message = f"it is not Python: {error}"
        raise UnreadableError(message) from error


def _texts(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.Constant | ast.JoinedStr, str]]:
    """Yield every string with the name, keyword or key that it belongs to; skip docstrings."""
    for node in nodes:
        pairs: list[tuple[str, ast.expr | None]] = []
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            if isinstance(node.value, (ast.Constant, ast.JoinedStr)):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                pairs = [(ast.unparse(target).rpartition(".")[2], node.value)]
        elif isinstance(node, ast.Dict):
            pairs = [
                (str(key.value), value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            ]
        elif isinstance(node, ast.Call):
            pairs = [(one.arg or "", one.value) for one in node.keywords]
            pairs += [("", one) for one in node.args]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            # Other functions, such as `describe_prompt`, do not return a prompt.
            is_named = _RETURNS_PROMPT.fullmatch(node.name)
            pairs = [
                (node.name, value)
                for value in _returned(node.body)
                if is_named or _SPOKEN.match(_value(value) or "")
            ]
        for name, value in pairs:
            if isinstance(value, (ast.Constant, ast.JoinedStr)):
                yield value, name


def _returned(body: Sequence[ast.stmt]) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Yield the texts that a function's own statements return."""
    for statement in body:
        if isinstance(statement, ast.Return):
            if isinstance(statement.value, (ast.Constant, ast.JoinedStr)):
                yield statement.value
        elif not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for name in _BLOCKS:
                for one in getattr(statement, name, ()):
                    inner = [one] if isinstance(one, ast.stmt) else one.body
                    yield from _returned(inner)


def _value(node: ast.Constant | ast.JoinedStr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
    )


def _is_prompt(name: str, value: str) -> bool:
    is_long = len(value.split()) >= _MIN_WORDS
    return is_long and (bool(_NAMED.search(name)) or bool(_SPOKEN.match(value)))


def _convert(node: ast.Constant | ast.JoinedStr) -> tuple[str, dict[str, str], list[Note]]:
    if isinstance(node, ast.Constant):
        found = read_format(str(node.value))
        if found is None or not found[1]:
            return literal(str(node.value)), {}, []
        names = dict.fromkeys(found[1], "string")
        notes = [
            Note(f"{{{name}}} was taken for the input '{name}'", node.lineno) for name in names
        ]
        return found[0], names, notes
    body, notes = AdoptedBody(), []
    inputs: dict[str, str] = {}
    for part in node.values:
        if isinstance(part, ast.Constant):
            body.text(str(part.value))
            continue
        value = part.value if isinstance(part, ast.FormattedValue) else part
        name = value.id if isinstance(value, ast.Name) else f"value{len(inputs) + 1}"
        body.value(name)
        inputs[name] = "string"
        if isinstance(part, ast.FormattedValue) and (part.conversion >= 0 or part.format_spec):
            written = ast.unparse(ast.JoinedStr([part]))[2:-1]
            what = f"{written} is formatted there; pass the text"
            notes.append(Note(what, part.lineno, is_lost=True))
        if not isinstance(value, ast.Name):
            notes.append(Note(f"{ast.unparse(value)} became the input '{name}'", part.lineno))
    return str(body), inputs, notes
