"""Read the prompts of a configuration: texts, conversations, and files of these."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.repository.adoption.draft import DraftMessage, UnreadableError
from promptops.repository.adoption.promptfoo.source import load_json, load_yaml
from promptops.repository.adoption.promptfoo.values import AdoptedTemplate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.repository.adoption.promptfoo.notebook import Notebook
    from promptops.repository.adoption.promptfoo.source import SourceFolder

_TEXTS = (".txt", ".md", ".j2")
_FILES = (*_TEXTS, ".json", ".jsonl", ".yaml", ".yml", ".csv")
_PROGRAM = re.compile(r"\.(?:[cm]?[jt]s|py|sh|rb|bat|exe)(?::\w+)?\Z", re.IGNORECASE)
_DELIMITER = re.compile(r"^---[ \t]*$", re.MULTILINE)
_ROLES = frozenset({"system", "user", "assistant"})
_LEADING_TAGS = re.compile(r"(?:\s*\{[%#].*?[%#]\})+\s*", re.DOTALL)


class PromptSource(NamedTuple):
    """One prompt.

    Attributes:
        title: its name here; "" if it has none.
        labels: the names by which tests may refer to it.
        text: promptfoo's template.
        file: its file; "" for the configuration itself.
    """

    title: str
    labels: tuple[str, ...]
    text: str
    file: str = ""


class AdoptedPrompt(NamedTuple):
    """A prompt in our template language.

    Attributes:
        messages: its messages.
        names: the variables that are printed whole.
        inner: the variables of which it prints a part, or that its tags read.
        tags: the tags that are kept as Jinja.
    """

    messages: tuple[DraftMessage, ...]
    names: Mapping[str, None]
    inner: Mapping[str, None]
    tags: tuple[str, ...]


def list_prompts(value: Any, folder: SourceFolder, notebook: Notebook) -> list[PromptSource]:  # noqa: ANN401 - any YAML
    """Return the prompts that `prompts` names."""
    found: list[PromptSource] = []
    if isinstance(value, dict):
        value = [{"id": key, "label": one} for key, one in value.items()]
    for one in value if isinstance(value, list) else [value]:
        try:
            found += _read_entry(one, folder, notebook)
        except UnreadableError as error:
            notebook.add(f"a prompt is not carried over: {error}", is_lost=True)
    return found


def _read_entry(one: Any, folder: SourceFolder, notebook: Notebook) -> Iterator[PromptSource]:  # noqa: ANN401 - any YAML
    label = ""
    if isinstance(one, dict):
        label = str(one.get("label") or "")
        if one.get("function") or one.get("config"):
            raise UnreadableError(f"'{label or one.get('id')}' is made by a program")
        one = one.get("raw") or one.get("id") or one.get("content")
    if not isinstance(one, str) or not one.strip():
        raise UnreadableError(f"'{label}' has no text" if label else "it has no text")
    name = one.removeprefix("file://")
    if not _is_file(one):
        yield PromptSource(label, tuple(filter(None, (label, one))), one)
        return
    if one.startswith("exec:") or _PROGRAM.search(name):
        raise UnreadableError(f"{name} is a program")
    files = folder.find(name)
    if not files:
        raise UnreadableError(
            f"no file matches {name}, and promptfoo sends the pattern as the prompt"
        )
    for file in files:
        if _PROGRAM.search(file):
            notebook.add(f"a prompt is not carried over: {file} is a program", is_lost=True)
            continue
        title = label or file.rpartition("/")[2].rpartition(".")[0]
        labels = tuple(filter(None, (label, file, f"file://{file}", one, name)))
        texts = list(_split(folder.read(file), file))
        for number, text in enumerate(texts, 1):
            yield PromptSource(f"{title}-{number}" if texts[1:] else title, labels, text, file)


def _is_file(text: str) -> bool:
    """Return whether an entry names files: by its scheme, its extension, or a slash and no
    space.
    """
    if text.startswith(("file://", "exec:")):
        return True
    if "\n" in text or "{{" in text:
        return False
    is_known = text.lower().endswith(_FILES) or _PROGRAM.search(text) is not None
    return is_known or ("/" in text and " " not in text)


def _split(text: str, file: str) -> Iterator[str]:
    ending = f".{file.rpartition('.')[2].lower()}"
    if ending == ".txt":
        yield from filter(None, (one.strip() for one in _DELIMITER.split(text)))
    elif ending == ".jsonl":
        yield from (line for line in text.split("\n") if line.strip())
    elif ending == ".csv":
        rows = csv.DictReader(io.StringIO(text, newline=""))
        if "prompt" not in (rows.fieldnames or ()):
            raise UnreadableError(f"{file} has no column 'prompt'")
        yield from (str(row["prompt"]) for row in rows if row.get("prompt"))
    else:
        yield text


def adopt_prompt(source: PromptSource, notebook: Notebook) -> AdoptedPrompt:
    """Return a prompt in our template language; UnreadableError if it sends more than texts."""
    conversation = _read_conversation(source)
    messages: list[DraftMessage] = []
    names: dict[str, None] = {}
    inner: dict[str, None] = {}
    tags: list[str] = []
    parts = conversation if conversation is not None else [(None, source.text)]
    for role, text in parts:
        template = AdoptedTemplate(text.rstrip("\n"))
        names |= template.names
        inner |= template.inner
        tags += template.tags
        messages.append(DraftMessage(_place_role(role, source, notebook), template.body))
    return AdoptedPrompt(tuple(messages), names, inner, tuple(dict.fromkeys(tags)))


def _place_role(role: str | None, source: PromptSource, notebook: Notebook) -> str | None:
    if role is None or role in _ROLES:
        return role
    if role == "developer":
        notebook.add(f"the role 'developer' of '{source.title}' becomes system", is_lost=True)
        return "system"
    raise UnreadableError(f"'{source.title}' has a message of the role '{role}'")


def _read_conversation(source: PromptSource) -> list[tuple[str, str]] | None:
    """Return the messages of a text that lists them in JSON or YAML; None for plain text."""
    text = source.text.strip()
    file = source.file or "the prompt"
    is_yaml = source.file.endswith((".yaml", ".yml")) or text.startswith("- role:")
    if not is_yaml and not _begins_as_json(text, is_json=source.file.endswith(".json")):
        return None
    try:
        value = load_yaml(text, file) if is_yaml else load_json(text, file)
    except UnreadableError:
        if "{%" in text or is_yaml or source.file.endswith(".json"):
            raise UnreadableError(f"{file} is a conversation only once it is filled in") from None
        return None
    if not isinstance(value, list):
        raise UnreadableError(f"{file} is not a list of messages")
    messages = []
    for one in value:
        content = one.get("content") if isinstance(one, dict) else None
        if not isinstance(content, str) or set(one) - {"role", "content"}:
            raise UnreadableError(f"{file} has a message of more than a text")
        messages.append((str(one.get("role")), content))
    return messages


def _begins_as_json(text: str, *, is_json: bool) -> bool:
    """Return whether a text, or what follows its leading tags, begins as a list or an object."""
    if is_json:
        return text.startswith(("[", "{"))
    start = _LEADING_TAGS.sub("", text, count=1) if text.startswith(("{%", "{#")) else text
    return start.startswith(("[", "{")) and not start.startswith(("{{", "{%"))
