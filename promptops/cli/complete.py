"""`promptops complete`: what may follow the words on a command line, for the shells' scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptops.cli.commands import COMMANDS, GROUPS
from promptops.cli.session import Session, current, emit, start_session
from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptops.repository.repository import Repository


def complete(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", show_default=False)] = None,
) -> None:
    """Print what the last word may become, one a line."""
    *before, last = words or [""]
    if before[:1] == ["-C"]:
        if len(before) == 1:
            return  # a folder, which the shell knows best
        start_session(Session(str(current().directory / Path(before[1]))))
        before = before[2:]
    try:
        found = [one for one in _suggest(before, last) if one.startswith(last)]
    except PromptopsError:
        return  # no repository, or a broken one: nothing to offer
    if found:
        emit("\n".join(dict.fromkeys(found)))


def _suggest(before: list[str], last: str) -> Iterable[str]:
    verb = next((word for word in before if not word.startswith("-")), None)
    if verb is None:
        return ["--help", "--version", "-C"] if last.startswith("-") else _visible(COMMANDS)
    rest = before[before.index(verb) + 1 :]
    if verb == "help":
        return _visible(GROUPS.get(rest[0], {}) if rest else COMMANDS)
    if verb in GROUPS:
        if not rest:
            return GROUPS[verb]
        return _suggest_for(_load(verb, rest[0]), rest[1:], last)
    return _suggest_for(_load(verb), rest, last)


def _visible(verbs: dict[str, Any]) -> list[str]:
    return [name for name in verbs if name != "complete"]


def _load(*words: str) -> Any:  # noqa: ANN401 - typer keeps its click classes private
    """The command of a verb; None for a word that is none."""
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
    """What a parameter takes, as its metavar says."""
    choices = getattr(parameter.type, "choices", None)
    if choices:
        yield from (str(getattr(one, "value", one)) for one in choices)
        return
    metavar = str(parameter.metavar or "")
    if metavar == "ENV":
        yield from current().repository.config.environment_names
    elif metavar == "VERSION":
        yield from ()
    elif ("NAME" in metavar and "=" not in metavar) or metavar == "[REF]...":
        yield from _refs(
            current().repository, last, takes_selector="@" in metavar or "REF" in metavar
        )


def _refs(repository: Repository, last: str, *, takes_selector: bool) -> Iterator[str]:
    """Names of prompts; after `@`, what a name can be asked for."""
    from promptops.delivery.releases import list_releases
    from promptops.repository.repository import list_names

    name, at, _ = last.partition("@")
    if at and takes_selector:
        for release in list_releases(repository, name):
            yield f"{name}@{release.version}"
        for selector in (*repository.config.environment_names, "latest", "working"):
            yield f"{name}@{selector}"
        return
    has_work_tree = repository.git.work_tree is not None
    yield from list_names(repository.working if has_work_tree else repository.at("HEAD"))
