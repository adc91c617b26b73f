"""Decide path and text of each converted prompt, and write them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from promptops.errors import RefusedError, UsageError
from promptops.files import read_file
from promptops.git.worktree import list_work_files, move_file
from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.reference import check_name, is_prompt, name_fault
from promptops.repository.adoption import formats, promptfoo
from promptops.repository.adoption.draft import Note, UnreadableError
from promptops.repository.adoption.formats.markdown import AGENT_FILES
from promptops.repository.adoption.promptfoo.source import SourceFolder
from promptops.repository.new_prompt import DEFAULT_MODEL, find_author, quote_scalar
from promptops.repository.steps import place_file
from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from promptops.repository.adoption.draft import Draft
    from promptops.repository.repository import Repository

_VERSION = "0.1.0"
# Files for people, not for models.
_FOR_PEOPLE = re.compile(
    r"(?:readme|changelog|contributing|license|notice|security|code_of_conduct|requirements.*)"
    r"\.(?:md|txt)",
    re.IGNORECASE,
)
# Files with these suffixes often contain other things, so one without prompts is not a fault.
_MAY_HOLD_NONE = (".py", ".json")
_WORD = re.compile("[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SPECIAL = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false", "null"})
_HISTORY: Mapping[str, Any] = {"type": "array", "default": []}
_ORDER = ("temperature", "top_p", "max_tokens", "stop", "seed", "tags")


@dataclass(frozen=True, slots=True)
class Adoption:
    """One prompt that would be written.

    Attributes:
        draft: the converted prompt.
        name: its name.
        path: its file, from the repository's top.
        text: the file's text.
        suite: path and text of its eval suite; None if the original has no tests.
        notes: remarks for the user.
        moves: whether the source file is moved by Git, to keep its history.
    """

    draft: Draft
    name: str
    path: str
    text: str
    suite: tuple[str, str] | None
    notes: tuple[Note, ...]
    moves: bool


@dataclass(frozen=True, slots=True)
class AdoptionRefusal:
    """A file that is left out, with the reason."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class AdoptionPlan:
    """The planned conversions; `model` is the model of prompts that name none."""

    adoptions: tuple[Adoption, ...]
    refusals: tuple[AdoptionRefusal, ...]
    model: str


def plan_adoption(
    repository: Repository,
    paths: Sequence[Path],
    *,
    name: str | None = None,
    model: str = DEFAULT_MODEL,
) -> AdoptionPlan:
    """Read files and folders, and plan what to write. Writes nothing.

    Args:
        repository: where the files are.
        paths: files, or folders to search.
        name: the name of the prompt, if there is only one.
        model: the model of prompts that name none.

    Raises:
        UsageError: a path is not in the repository, or several prompts would have the same name.
    """
    top = repository.require_work_tree().resolve()
    author = find_author(repository)
    drafts: list[tuple[Draft, str]] = []
    refusals: list[AdoptionRefusal] = []
    for path, base, is_named in _list_files(repository, top, paths):
        try:
            text = read_file(top / path).decode().replace("\r\n", "\n")
            if _is_ours(repository, path, text):
                refusals.append(AdoptionRefusal(path, "it is a prompt already"))
                continue
            found = _read(top, path, text, is_named=is_named)
        except (UnreadableError, UnicodeDecodeError, IsADirectoryError) as error:
            if is_named or not path.endswith(_MAY_HOLD_NONE):
                refusals.append(AdoptionRefusal(path, str(error)))
            continue
        drafts += [
            (draft, _suggest_name(draft, base, repository.config.prompts)) for draft in found
        ]
    if name is not None:
        if len(drafts) != 1:
            raise UsageError(
                f"--name names one prompt, and {len(drafts)} were found", hint="adopt one file"
            )
        drafts = [(drafts[0][0], check_name(name))]
    ours = {path.lower() for path in repository.working.paths()}
    taken = set(ours)
    adoptions = []
    for draft, wanted in drafts:
        free = _find_free(wanted, taken, draft, repository.config.prompts)
        adopted = _adopt(repository, draft, free, author, model)
        if free != wanted and f"{wanted}.md" in ours:
            place = f"{repository.config.prompts}/{wanted}.md"
            if _has_body(top / place, adopted.text):
                what = f"{draft.path} {draft.title}".rstrip()
                refusals.append(AdoptionRefusal(what, f"{place} has this text already"))
                continue
            note = Note(f"{place} exists already, with another text")
            adopted = replace(adopted, notes=(*adopted.notes, note))
        taken.add(f"{free}.md")
        adoptions.append(adopted)
    return AdoptionPlan(tuple(adoptions), tuple(refusals), model)


def write_adoption(repository: Repository, plan: AdoptionPlan) -> None:
    """Write the planned files. Files to move are moved by Git, to keep their history."""
    for one in plan.adoptions:
        target = place_file(repository, one.path)
        if target.exists() and one.path != one.draft.path:
            raise RefusedError(f"{one.path} already exists", hint="run the command again")
        target.parent.mkdir(parents=True, exist_ok=True)
        if one.moves and one.path != one.draft.path:
            move_file(repository.git, one.draft.path, one.path)
        write_atomically(target, one.text.encode())
        if one.suite is not None:
            suite = place_file(repository, one.suite[0])
            if not suite.exists():
                suite.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(suite, one.suite[1].encode())


def _has_body(path: Path, text: str) -> bool:
    """Return whether a prompt's file has the same body as `text`; frontmatter is ignored."""
    try:
        there = read_file(path).decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return False
    return _body(there) == _body(text)


def _body(text: str) -> str:
    _, _, rest = text.partition("---\n")
    return rest.partition("\n---\n")[2].strip()


def _list_files(
    repository: Repository, top: Path, paths: Sequence[Path]
) -> Iterator[tuple[str, str, bool]]:
    """Yield each file's path from the top, the folder that prompt names are relative to, and
    whether the user named the file.
    """
    known: list[str] | None = None
    for path in paths:
        whole = path.resolve()
        if not whole.is_relative_to(top):
            raise UsageError(f"{path} is not in this repository", hint=f"it is {top}")
        if not whole.exists():
            raise UsageError(f"there is no file or folder {path}", hint="check the path")
        place = whole.relative_to(top).as_posix()
        if whole.is_file():
            yield place, PurePosixPath(place).parent.as_posix(), True
            continue
        if known is None:
            known = list_work_files(repository.git)
        folder = "" if place == "." else f"{place}/"
        for file in known:
            suffix_fits = file.lower().endswith(tuple(formats.SUFFIXES))
            suffix_fits = suffix_fits or promptfoo.is_configuration(file, "", is_named=False)
            is_for_people = _FOR_PEOPLE.fullmatch(PurePosixPath(file).name) is not None
            is_wanted = file.startswith(folder) and suffix_fits and not is_for_people
            if is_wanted and (top / file).is_file():
                yield file, place, False


def _read(top: Path, path: str, text: str, *, is_named: bool) -> Sequence[Draft]:
    if promptfoo.is_configuration(path, text, is_named=is_named):
        folder = SourceFolder(top, PurePosixPath(path).parent.as_posix())
        return promptfoo.read_drafts(path, text, folder)
    return formats.read(path, text)


def _is_ours(repository: Repository, path: str, text: str) -> bool:
    below = f"{repository.config.prompts}/"
    if not path.startswith(below) or not is_prompt(path.removeprefix(below)):
        return False
    return {"version", "author"} <= read_document(path, text.encode()).data.keys()


def _suggest_name(draft: Draft, base: str, prompts: str) -> str:
    where = PurePosixPath(draft.path)
    stem = where.name
    for suffix in formats.SUFFIXES:
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
            break
    if where.name == "SKILL.md":
        where, stem = where.parent, where.parent.name
    folders = list(where.parts[:-1])
    if where.is_relative_to(prompts):
        folders = list(where.relative_to(prompts).parts[:-1])
    elif "prompts" in folders:
        folders = folders[len(folders) - folders[::-1].index("prompts") :]
    elif where.is_relative_to(base):
        folders = list(where.relative_to(base).parts[:-1])
    # Hidden folders and `src` are not part of a prompt's name.
    parts = [*(one for one in folders if not one.startswith(".") and one != "src"), stem]
    if draft.title:
        parts = [*parts, draft.title]
    if draft.kind in {"Langfuse", "promptops"}:
        parts = [draft.title]
    elif draft.kind == "promptfoo":
        # All such files have the same name.
        parts = [*parts[:-2], draft.title]
    return _slug("/".join(parts))


def _slug(text: str) -> str:
    segments = []
    for segment in text.split("/"):
        plain = re.sub(r"[^a-z0-9._-]+", "-", segment.lower())
        plain = re.sub(r"[._-]{2,}", "-", plain).strip("._-")
        if plain and name_fault(plain) is None:
            segments.append(plain)
    return "/".join(segments) or "prompt"


def _find_free(name: str, taken: set[str], draft: Draft, prompts: str) -> str:
    """Return the name, with a number appended if it is taken."""
    number, free = 1, name
    while f"{free}.md" in taken and draft.path != f"{prompts}/{free}.md":
        number += 1
        free = f"{name}-{number}"
    return free


def _adopt(repository: Repository, draft: Draft, name: str, author: str, model: str) -> Adoption:
    notes = list(draft.notes)
    text = write_draft(draft, author, model)
    path = f"{repository.config.prompts}/{name}.md"
    document = read_document(f"{name}.md", text.encode())
    notes += [Note(f"to be fixed by hand: {fault.message}") for fault in document.faults]
    suite = None
    if draft.samples:
        place = f"{repository.config.evals}/{name}.yaml"
        suite = (place, _write_suite(name, draft))
    is_hidden = draft.path.startswith(".") or "/." in draft.path
    stays = is_hidden or draft.path.rpartition("/")[2] in AGENT_FILES
    if stays:
        notes.append(Note("the file stays: a tool reads it where it is"))
    moves = not stays and not draft.title and not draft.path.endswith(_MAY_HOLD_NONE)
    return Adoption(draft, name, path, text, suite, tuple(notes), moves)


def write_draft(draft: Draft, author: str = "nobody", model: str = DEFAULT_MODEL) -> str:
    """Return the file of a prompt; `model` is used if it names none."""
    settings = {"model": model, "description": f"Adopted from {draft.path}.", **draft.settings}
    histories = {one.body for one in draft.messages if one.role == "history"}
    inputs = dict(draft.inputs) | {name: dict(_HISTORY) for name in histories}
    return _write_prompt(settings, inputs, author, draft)


def _write_prompt(
    settings: Mapping[str, Any], inputs: Mapping[str, Any], author: str, draft: Draft
) -> str:
    lines = ["---", f"version: {_VERSION}"]
    about = " ".join(str(settings["description"]).split())
    lines += [f"description: {quote_scalar(about)}", f"author: {quote_scalar(author)}"]
    lines.append(f"model: {quote_scalar(str(settings['model']))}")
    lines += [f"{key}: {_flow(settings[key])}" for key in _ORDER if key in settings]
    if inputs:
        lines.append("inputs:")
        lines += [f"  {name}: {_flow(value)}" for name, value in inputs.items()]
    for key in ("output", "parameters", "metadata"):
        if key in settings:
            lines += _write_block(key, settings[key])
    return "\n".join([*lines, "---", *write_messages(draft), ""])


def _write_block(key: str, value: Mapping[str, Any]) -> Iterable[str]:
    yield f"{key}:"
    for name, one in value.items():
        yield f"  {_flow(str(name))}: {_flow(one)}"


def write_messages(draft: Draft) -> Iterator[str]:
    """Yield the lines of the body that renders a draft's messages."""
    if len(draft.messages) == 1 and draft.messages[0].role is None:
        yield draft.messages[0].body.strip("\n")
        return
    for message in draft.messages:
        if message.role == "history":
            yield (
                "{% history %}" if message.body == "history" else f"{{% history {message.body} %}}"
            )
            continue
        role = message.role or "user"
        yield f"{{% {role} %}}"
        yield message.body.strip("\n")
        yield f"{{% end{role} %}}"


def _flow(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value on one line of YAML."""
    if isinstance(value, dict):
        pairs = (f"{_flow(str(key))}: {_flow(one)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str):
        is_word = _WORD.fullmatch(value) is not None and value.lower() not in _SPECIAL
        return value if is_word else quote_scalar(value)
    return json.dumps(value)


def _write_suite(name: str, draft: Draft) -> str:
    from promptops.prompt.frontmatter.writing import dump_yaml

    whole = {**draft.suite, "samples": [dict(sample) for sample in draft.samples]}
    # As JSON first, so that tuples become lists.
    plain = json.loads(json.dumps(whole))
    return f"schema: promptops.suite/v1\nprompt: {name}\n{dump_yaml(plain)}"
