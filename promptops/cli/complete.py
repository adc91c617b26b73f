"""`promptops complete`: list completions of a command line, for the shells' scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.commands import COMMANDS, GROUPS
from promptops.cli.session import Session, current, emit, start_session
from promptops.errors import PromptopsError
from promptops.files import read_file
from promptops.lazy import cached_property

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.repository.config import Config


def complete(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", show_default=False)] = None,
) -> None:
    """Print what the last word may become, one a line."""
    *before, last = words or [""]
    if before[:1] == ["-C"]:
        if len(before) == 1:
            return  # the shell completes folders
        start_session(Session(str(current().directory / Path(before[1]))))
        before = before[2:]
    try:
        found = [one for one in _suggest(before, last) if one.startswith(last)]
    except PromptopsError:
        return  # no repository, or a broken one: no completions
    if found:
        emit("\n".join(dict.fromkeys(found)))


def _suggest(before: list[str], last: str) -> Iterable[str]:
    verb = next((word for word in before if not word.startswith("-")), None)
    if verb is None:
        return ["--help", "--version", "-C"] if last.startswith("-") else _visible(COMMANDS)
    rest = before[before.index(verb) + 1 :]
    if verb == "help":
        return _visible(GROUPS.get(" ".join(rest), {}) if rest else COMMANDS)
    path = verb
    while path in GROUPS and rest and not rest[0].startswith("-"):
        path = f"{path} {rest.pop(0)}"
    if path in GROUPS and not (rest or last.startswith("-")):
        return GROUPS[path]
    return _suggest_for(_load(*path.split()), rest, last)


def _visible(verbs: dict[str, Any]) -> list[str]:
    return [name for name in verbs if name != "complete"]


def _load(*words: str) -> Any:  # noqa: ANN401 - typer keeps its click classes private
    """Return the command of a verb; None for an unknown word."""
    from promptops.cli import app

    command: Any = typer.main.get_command(app)
    for word in words:
        command = command.get_command(None, word)
        if command is None:
            return None
    return command


def _suggest_for(command: Any, rest: list[str], last: str) -> Iterator[str]:  # noqa: ANN401 - as above
    if command is None:
        return
    options = [one for one in command.params if one.param_type_name == "option"]
    if last.startswith("-"):
        yield from (name for one in options for name in one.opts if name.startswith("--"))
        yield "--help"
        return
    taken = next((one for one in options if rest and rest[-1] in one.opts), None)
    if taken is not None and not taken.is_flag:
        yield from _values(taken, last)
        return
    for argument in command.params:
        if argument.param_type_name == "argument":
            yield from _values(argument, last)


def _values(parameter: Any, last: str) -> Iterator[str]:  # noqa: ANN401 - as above
    """Yield the possible values of a parameter, by its metavar."""
    choices = getattr(parameter.type, "choices", None)
    if choices:
        yield from (str(getattr(one, "value", one)) for one in choices)
        return
    metavar = str(parameter.metavar or "")
    if metavar == "ENV":
        yield from _CompletionPlace().config.environment_names
    elif ("NAME" in metavar and "=" not in metavar) or metavar == "[REF]...":
        yield from _refs(last, takes_selector="@" in metavar or "REF" in metavar)


class _CompletionPlace:
    """The parts of the repository that completion needs; opening all of it would be slow."""

    def __init__(self) -> None:
        from promptops.git.process import Git

        session = current()
        find = Git.named if session.is_named else Git.discover
        self.git = find(session.directory)
        self.top = self.git.work_tree

    @cached_property
    def config(self) -> Config:
        from promptops.repository.config import load_config

        def read(path: str) -> bytes | None:
            try:
                return None if self.top is None else read_file(self.top / path)
            except OSError:
                return None

        return load_config(read)

    def list_names(self) -> Iterator[str]:
        """Yield the names of the prompts in the work tree."""
        from promptops.prompt.reference import is_prompt, name_fault, name_from_path

        if self.top is None:
            return
        folder = self.top / self.config.prompts
        for file in sorted(folder.rglob("*.md")):
            path = file.relative_to(folder).as_posix()
            if is_prompt(path) and name_fault(name_from_path(path)) is None:
                yield name_from_path(path)

    def list_versions(self, name: str) -> Iterator[str]:
        """Yield the released versions of a prompt."""
        from promptops.git.refs import list_refs

        prefix = f"refs/tags/prompts/{name}@"
        for ref in list_refs(self.git, prefix, peel=False):
            yield ref.name.removeprefix(prefix)


def _refs(last: str, *, takes_selector: bool) -> Iterator[str]:
    """Yield names of prompts; after `@`, selectors."""
    place = _CompletionPlace()
    name, at, _ = last.partition("@")
    if not (at and takes_selector):
        yield from place.list_names()
        return
    selectors = (*place.list_versions(name), *place.config.environment_names, "latest", "working")
    yield from (f"{name}@{selector}" for selector in selectors)
