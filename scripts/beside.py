"""Run the original packages beside `adopt`, on real files of public repositories.

    nox -s originals

Clones the repositories below, reads their prompts with the packages that they were written for and
with `adopt`, fills both in with the same values, twice, and compares the messages. A file is the
same, noted (`adopt` says that it sends something else), left out (`adopt` says why), or refused by
its own package. Silently different files fail the session, and so do fewer than 200 compared files
or fewer than 5 kinds. Arguments are URLs or folders to read instead.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.prompt.template import CompiledTemplate
from promptops.repository.adoption import formats
from promptops.repository.adoption.draft import Draft, UnreadableError
from promptops.repository.adoption.formats import langfuse as our_langfuse
from promptops.repository.adoption.plan import write_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORIES = (
    "https://github.com/google/dotprompt",
    "https://github.com/firebase/genkit",
    "https://github.com/genkit-ai/samples",
    "https://github.com/mastering-genkit/mastering-genkit-go",
    "https://github.com/microsoft/prompty",
    "https://github.com/Azure-Samples/contoso-chat",
    "https://github.com/hwchase17/langchain-hub",
    "https://github.com/github/awesome-copilot",
)
MIN_FILES = 200
MIN_KINDS = 5
_MAX_BYTES = 100_000
_ROLES = {"model": "assistant", "human": "user", "ai": "assistant", "developer": "system"}
_VARIABLE = re.compile(r"\{\{\s*[A-Za-z_]\w*\s*\}\}", re.ASCII)
_HEADER = re.compile(r"\A---[ \t]*\n.*?^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_PACKAGES = ("dotpromptz", "prompty", "langfuse", "langchain-core")

Messages = list[list[str]]


class RealFile(NamedTuple):
    """One prompt in another tool's format.

    Attributes:
        kind: the format.
        place: the file, from its repository's folder.
        text: its text.
        path: the same file on disk.
        drafts: the result of `adopt`, or why it was left out.
    """

    kind: str
    place: str
    text: str
    path: Path
    drafts: tuple[Draft, ...] | str


def find_files(folder: Path, name: str) -> Iterator[RealFile]:
    """Read the prompts of one repository."""
    for place in sorted(filter(None, ask_git(folder, "ls-files", "-z").split("\0"))):
        path = folder / place
        kind = judge_kind(place)
        if kind is None or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size <= _MAX_BYTES:
            text = path.read_bytes().decode(errors="replace").replace("\r\n", "\n")
            file = read_file(kind, place, text)
            if file is not None:
                yield file._replace(place=f"{name}/{place}", path=path)


def read_file(kind: str, place: str, text: str) -> RealFile | None:
    """Adopt one file; None for code and data without a prompt."""
    if kind == "Langfuse":
        # Langfuse keeps texts, not files: each text is put into a row as its API gives it.
        if not _VARIABLE.search(text) or "{{#" in text or "{%" in text:
            return None
        text = json.dumps({"name": "x", "type": "text", "prompt": text, "config": {}})
    reader = our_langfuse.read if kind == "Langfuse" else formats.read
    drafts: tuple[Draft, ...] | str
    try:
        drafts = tuple(reader(place, text))
    except UnreadableError as error:
        if kind in {"LangChain", "Python"}:
            return None
        drafts = str(error)
    except Exception as error:  # noqa: BLE001 - a crash is a fault of ours
        drafts = f"SILENT CRASH: {type(error).__name__}: {error}"
    if kind == "LangChain" and not isinstance(drafts, str) and drafts[0].kind != kind:
        return None
    return RealFile(kind, place, text, Path(place), drafts)


def judge_kind(place: str) -> str | None:
    """Return the format of a file, by its name."""
    where = Path(place)
    if where.suffix == ".prompt":
        return None if where.name.startswith("_") else "Dotprompt"
    if where.suffix == ".prompty":
        return "Prompty"
    if where.suffix == ".json":
        return "LangChain"
    if where.suffix == ".py":
        return "Python"
    if where.name.endswith((".agent.md", ".chatmode.md", ".instructions.md")):
        return "agent"
    if where.name == "SKILL.md":
        return "skill"
    return "Langfuse" if where.suffix in {".md", ".txt"} else None


def make_values(inputs: dict[str, Any], *, full: bool) -> dict[str, Any]:
    """Return a value for each input: all filled, or all empty."""
    return {name: make_value(name, schema, full=full) for name, schema in inputs.items()}


def make_value(name: str, declared: Any, *, full: bool) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value that is valid for a schema."""
    schema: dict[str, Any] = {"type": declared} if isinstance(declared, str) else declared
    if schema.get("enum"):
        return schema["enum"][0]
    match schema.get("type"):
        case "array":
            item = make_value(name, schema.get("items") or "string", full=full)
            return [item, item] if full else []
        case "object":
            fields = schema.get("properties") or {}
            return {key: make_value(key, one, full=full) for key, one in fields.items()}
        case "boolean":
            return full
        case "integer" | "number":
            return 7 if full else 0
        case _:
            return f"<{name} & more>" if full else ""


def ask_dotprompt(file: RealFile, values: dict[str, Any]) -> Messages:
    """Return the messages of dotpromptz."""
    from dotpromptz.dotprompt import Dotprompt  # type: ignore[import-not-found]
    from dotpromptz.typing import DataArgument, Message, Role, TextPart  # type: ignore[import-not-found]

    past = [
        Message(role=Role.USER, content=[TextPart(text=one["content"])])
        for one in values.get("history", ())
    ]
    data = DataArgument(input=values, messages=past)
    sent = asyncio.run(Dotprompt().render(file.text, data)).messages
    found = []
    for one in sent:
        parts = [getattr(part, "text", None) for part in one.content]
        if None in parts:
            message = "a part that is no text"
            raise ValueError(message)
        found.append([str(one.role.value), "".join(map(str, parts))])
    return found


def ask_prompty(file: RealFile, values: dict[str, Any]) -> Messages:
    """Return the messages of prompty."""
    import prompty  # type: ignore[import-not-found]

    for name in re.findall(r"\$\{env:([A-Za-z_]\w*)", file.text):
        os.environ[name] = "x"
    sent = prompty.prepare(prompty.load(str(file.path)), values)
    return [[str(one.role), str(one.text)] for one in sent]


def ask_langfuse(file: RealFile, values: dict[str, Any]) -> Messages:
    """Return the messages of Langfuse's Python client."""
    from langfuse.api import Prompt_Text  # type: ignore[import-not-found]
    from langfuse.model import TextPromptClient  # type: ignore[import-not-found]

    row = json.loads(file.text)
    prompt = Prompt_Text(version=1, labels=[], tags=[], **row)
    return [["user", TextPromptClient(prompt).compile(**values)]]


def ask_langchain(file: RealFile, values: dict[str, Any]) -> Messages:
    """Return the messages of langchain-core."""
    from langchain_core.load import loads  # type: ignore[import-not-found]
    from langchain_core.prompts.loading import (  # type: ignore[import-not-found]
        load_prompt_from_config,
    )

    data = json.loads(file.text)
    if "lc" in data:
        prompt = loads(file.text, allowed_objects="all")
    else:
        prompt = load_prompt_from_config(data, allow_dangerous_paths=False)
    if hasattr(prompt, "format_messages"):
        return [[one.type, str(one.content)] for one in prompt.format_messages(**values)]
    return [["user", prompt.format(**values)]]


def ask_python(file: RealFile, values: dict[str, Any], draft: Draft) -> Messages:
    """Return the constant on a line, formatted by Python itself."""
    nodes = [
        node
        for node in ast.walk(ast.parse(file.text))
        if getattr(node, "lineno", None) == draft.line
    ]
    # The parts of an f-string are constants on its line, too, and so are the keys of a mapping.
    nodes.sort(key=lambda node: (not isinstance(node, ast.JoinedStr), -len(ast.unparse(node))))
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return [["user", node.value.format(**values) if draft.inputs else node.value]]
        if isinstance(node, ast.JoinedStr):
            # What `adopt` made an input of is filled in; Python formats it.
            computed = iter([name for name in draft.inputs if re.fullmatch(r"value\d+", name)])
            for part in node.values:
                if isinstance(part, ast.FormattedValue) and not isinstance(part.value, ast.Name):
                    part.value = ast.Name(next(computed), ast.Load())
            code = compile(ast.fix_missing_locations(ast.Expression(node)), file.place, "eval")
            return [["user", eval(code, {}, dict(values))]]  # noqa: S307 - names alone, see above
    message = "no text on its line"
    raise ValueError(message)


def ask_nobody(file: RealFile, _: dict[str, Any]) -> Messages:
    """Return what an agent reads: the text after the frontmatter."""
    return [["system", _HEADER.sub("", file.text)]]


ASKED: dict[str, Callable[..., Messages]] = {
    "Dotprompt": ask_dotprompt,
    "Prompty": ask_prompty,
    "Langfuse": ask_langfuse,
    "LangChain": ask_langchain,
    "agent": ask_nobody,
    "skill": ask_nobody,
}


def send(draft: Draft, values: dict[str, Any]) -> Messages:
    """Return the messages of the adopted prompt."""
    body = "\n".join([*write_messages(draft), ""])
    defaults = {
        name: one["default"]
        for name, one in draft.inputs.items()
        if isinstance(one, dict) and "default" in one
    }
    sent = CompiledTemplate("a.md", body, {}).render({**defaults, **values})
    return [[str(one["role"]), str(one["content"])] for one in sent]


def judge(file: RealFile, draft: Draft) -> tuple[str, str]:
    """Return the outcome for one prompt, with its evidence."""
    for full in (True, False):
        values = make_values(dict(draft.inputs), full=full)
        past = [{"role": "user", "content": "before"}] if full else []
        values |= {one.body: past for one in draft.messages if one.role == "history"}
        try:
            if file.kind == "Python":
                theirs = ask_python(file, values, draft)
            else:
                theirs = ASKED[file.kind](file, values)
        except Exception as error:  # noqa: BLE001 - whatever it raises is its answer
            return "refused by its package", f"{type(error).__name__}: {error}"[:120]
        wanted = [[_ROLES.get(role, role), text.strip()] for role, text in theirs if text.strip()]
        try:
            ours = send(draft, values)
        except Exception as error:  # noqa: BLE001 - as above
            ours = [["error", str(error)]] if wanted else []
        if ours != wanted:
            is_named = any(note.is_lost for note in draft.notes)
            return "noted" if is_named else "SILENTLY DIFFERENT", show(wanted, ours)
    return "same", ""


def show(wanted: Messages, ours: Messages) -> str:
    """Return the first difference between two lists of messages."""
    one, other = json.dumps(wanted, ensure_ascii=False), json.dumps(ours, ensure_ascii=False)
    place = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(place - 30, 0)
    return f"theirs ...{one[start : place + 50]} ours ...{other[start : place + 50]}"


def ask_git(folder: Path, *arguments: str) -> str:
    """Run git; return its output."""
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=600
    ).stdout


def clone(address: str, target: Path) -> Path:
    """Clone a repository's newest commit; a folder is used in place."""
    if Path(address).is_dir():
        return Path(address)
    ask_git(target.parent, "clone", "--quiet", "--depth", "1", address, str(target))
    return target


def main(addresses: list[str]) -> int:
    """Compare, print the results, and return the exit code."""
    counts: dict[str, Counter[str]] = {}
    silent = []
    with tempfile.TemporaryDirectory() as base:
        for address in addresses or REPOSITORIES:
            name = address.removesuffix("/").rpartition("/")[2]
            try:
                folder = clone(address, Path(base, name))
            except (subprocess.SubprocessError, OSError) as error:
                sys.stdout.write(f"{address} cannot be read: {error}\n")
                continue
            for file in find_files(folder, name):
                found = counts.setdefault(file.kind, Counter())
                if isinstance(file.drafts, str):
                    found["left out"] += 1
                    if file.drafts.startswith("SILENT"):
                        silent.append(file.place)
                    sys.stdout.write(f"{file.place}: left out: {file.drafts}\n")
                    continue
                for draft in file.drafts:
                    what, why = judge(file, draft)
                    found[what] += 1
                    if what != "same":
                        sys.stdout.write(f"{file.place}: {what}: {why}\n")
                    if what == "SILENTLY DIFFERENT":
                        silent.append(file.place)
    for kind, found in counts.items():
        total = ", ".join(f"{count} {what}" for what, count in found.most_common())
        sys.stdout.write(f"{kind}: {total}\n")
    compared = {kind: found["same"] + found["noted"] for kind, found in counts.items()}
    kinds = sum(count > 0 for count in compared.values())
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    sys.stdout.write(
        f"{sum(compared.values())} compared, {kinds} kinds, {len(silent)} silently different"
        f" ({packages})\n"
    )
    return int(bool(silent) or sum(compared.values()) < MIN_FILES or kinds < MIN_KINDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
