"""Make prompt files from prompts in Python packages, to look for false alarms.

    pip download --no-deps --only-binary :all: --dest WHEELS smolagents pr-agent ...
    python3 benchmarks/corpus.py WHEELS FOLDER
    cd FOLDER && promptops validate

With the word `between` at the end, it takes those between the ones that it takes without it, of
packages that hold at least twice as many as it takes of one.

Texts come from files, from YAML and TOML, and from Python's strings; placeholders of any style
become Jinja's, and frontmatter declares each input with the type that its use suggests. Half of
those whose names tell of a stranger's text are declared as untrusted, with a limit. Nothing here
holds a text of anybody's. Needs promptops and what it stands on, nothing else.
"""

from __future__ import annotations

import ast
import re
import string
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import yaml

from promptops.prompt.template import analyze

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_OF_ONE = 40
_MIN_CHARACTERS = 200
_MIN_WORDS = 30
_ABOUT = re.compile("prompt|template|instruction|system|guideline", re.IGNORECASE)
_NOT_PROMPTS = re.compile(
    "license|readme|changelog|nltk|/tests?/|requirements|formats", re.IGNORECASE
)
_JINJA = re.compile(r"\{\{-?\s*[A-Za-z_][^{}]*\}\}")
_FORMAT = re.compile(r"(?<!\{)\{[A-Za-z_]\w*\}(?!\})")
_STRANGERS = re.compile(
    r"(?!no_|safe_)(?:.*_)?(?:answer|content|context|conversation|diff|documents?|email|history|input"
    r"|messages?|output|passage|query|question|response|text|ticket|title|transcript)",
    re.IGNORECASE,
)

# A prompt on the way: its messages, each a role (None for a body without any) and parts, which are
# texts or names of inputs; or a body that is Jinja already.
Part = tuple[str, str]
Messages = list[tuple[str | None, list[Part]]]


def find_prompts(wheel: Path) -> Iterator[tuple[str, Messages]]:
    """Yield every prompt of a package, with a label."""
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if _NOT_PROMPTS.search(name) or ".dist-info/" in name:
                continue
            path = Path(name)
            text = archive.read(name).decode("utf-8", "replace") if path.suffix in _READERS else ""
            for label, messages in _READERS.get(path.suffix, _read_nothing)(name, text):
                yield (
                    re.sub(r"[^a-z0-9]+", "-", f"{path.stem}-{label}".lower()).strip("-"),
                    messages,
                )


def _read_nothing(name: str, text: str) -> Iterator[tuple[str, Messages]]:
    del name, text
    yield from ()


def _read_text(name: str, text: str) -> Iterator[tuple[str, Messages]]:
    if _ABOUT.search(name) and _is_long(text):
        yield Path(name).parent.name, [(_role(name), _split(text))]


def _read_yaml(name: str, text: str) -> Iterator[tuple[str, Messages]]:
    try:
        for document in yaml.safe_load_all(text):
            yield from _read_value(name, document)
    except yaml.YAMLError:
        return


def _read_toml(name: str, text: str) -> Iterator[tuple[str, Messages]]:
    try:
        yield from _read_value(name, tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return


def _read_value(label: str, value: object) -> Iterator[tuple[str, Messages]]:
    """Yield the long texts of a data file; texts of one chat stay together."""
    if isinstance(value, dict):
        chat = [(role, value[role]) for role in ("system", "user") if _is_text(value.get(role))]
        if len(chat) > 1:
            yield label, [(role, _split(text)) for role, text in chat]
            return
        for key, inner in value.items():
            yield from _read_value(str(key), inner)
    elif isinstance(value, list):
        chat = [
            (one.get("type") or one.get("role"), one["content"])
            for one in value
            if isinstance(one, dict) and _is_text(one.get("content"))
        ]
        roles = [role for role, _ in chat]
        if chat and len(chat) == len(value) and {*roles} <= {"system", "user", "assistant"}:
            yield label, [(role, _split(text)) for role, text in chat]
            return
        for inner in value:
            yield from _read_value(label, inner)
    elif isinstance(value, str) and _is_long(value):
        yield label, [(_role(label), _split(value))]


def _read_python(name: str, text: str) -> Iterator[tuple[str, Messages]]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    yield from _read_node(tree, name, "", documentation)


def _read_node(
    node: ast.AST, name: str, around: str, documentation: set[int]
) -> Iterator[tuple[str, Messages]]:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        around = node.targets[0].id
    elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        around = node.name
    elif isinstance(node, ast.keyword):
        around = node.arg or around
    wanted = _ABOUT.search(f"{Path(name).stem} {around}") is not None
    if isinstance(node, ast.JoinedStr):
        parts = [_read_piece(piece) for piece in node.values]
        if wanted and _is_long("".join(text for kind, text in parts if kind == "text")):
            yield around, [(_role(around), parts)]
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if wanted and id(node) not in documentation and _is_long(node.value):
            yield around, [(_role(around), _split(node.value))]
        return
    for child in ast.iter_child_nodes(node):
        yield from _read_node(child, name, around, documentation)


def _read_piece(piece: ast.expr) -> Part:
    if isinstance(piece, ast.Constant):
        return "text", str(piece.value)
    names = [one.id for one in ast.walk(piece) if isinstance(one, ast.Name)]
    names += [one.attr for one in ast.walk(piece) if isinstance(one, ast.Attribute)]
    keys = [
        one.value for one in ast.walk(piece)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.isidentifier()
    ]  # fmt: skip
    return "input", (keys or names or ["value"])[-1]


_READERS = {
    **dict.fromkeys((".md", ".txt", ".j2", ".jinja", ".jinja2", ".prompt"), _read_text),
    **dict.fromkeys((".yaml", ".yml"), _read_yaml),
    ".toml": _read_toml,
    ".py": _read_python,
}


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_long(text: str) -> bool:
    return len(text) >= _MIN_CHARACTERS and (len(text.split()) >= _MIN_WORDS or not text.isascii())


def _role(label: str) -> str | None:
    return "system" if "system" in label.lower() else None


def _split(text: str) -> list[Part]:
    """A text whose placeholders are Jinja's, or those of `str.format`, or that has none."""
    if "{%" in text or (_JINJA.search(text) and not _FORMAT.search(text)):
        return [("jinja", text)]
    if not _FORMAT.search(text):
        return [("text", text)]
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError:
        pieces = []
    if not pieces or any(field is not None and not field.isidentifier() for _, field, *_ in pieces):
        # Braces of code beside placeholders: the author replaces these one by one.
        odd = re.split(r"(?<!\{)\{([A-Za-z_]\w*)\}(?!\})", text)
        return [("input" if index % 2 else "text", part) for index, part in enumerate(odd)]
    parts: list[Part] = []
    for literal, field, *_ in pieces:
        parts += [("text", literal), *([("input", field)] if field else [])]
    return parts


def write_body(messages: Messages) -> str:
    """Return the messages as the body of a prompt file."""
    bodies = []
    for role, parts in messages:
        text = "".join(_write_part(parts, index) for index in range(len(parts))).strip()
        bodies.append(f"{{% {role} %}}\n{text}\n{{% end{role} %}}" if role else text)
    return "\n".join(bodies) + "\n"


def _write_part(parts: list[Part], index: int) -> str:
    kind, text = parts[index]
    if kind == "jinja":
        return text
    if kind == "input":
        return f"{{{{ {text} }}}}"
    text = re.sub(r"\{(?=[{%#])", "{% raw %}{{% endraw %}", text)
    before_input = index + 1 < len(parts) and parts[index + 1][0] == "input"
    if before_input and text.endswith("{"):
        text = f"{text[:-1]}{{% raw %}}{{{{% endraw %}}"
    return text


def declare(body: str) -> dict[str, Any] | None:
    """Return the declarations of the body's inputs; None for a body that is no valid template."""
    analysis = analyze("a.md", body, partial=False)
    if analysis.problems or analysis.includes:
        return None
    printed = {use.name for use in analysis.uses if use.printed}
    return {
        name: _declare_one(name, body, is_printed=name in printed) for name in analysis.undeclared
    }


def _declare_one(name: str, body: str, *, is_printed: bool) -> dict[str, Any]:
    code = " ".join(re.findall(r"\{[{%].*?[}%]\}", body, re.DOTALL))
    word = rf"(?<![\w.]){re.escape(name)}\b"
    if re.search(rf"{word}\s*(?:\.|\[)", code):
        return {"type": "object"}
    if re.search(rf"\bin\s+{word}|{word}\s*\|\s*(?:join|length|list)", code):
        return {"type": "array"}
    if re.search(rf"{word}\s*(?:[<>]=?|[-+*/%])\s*\d", code):
        return {"type": "number"}
    compared = rf"{word}\s*(?:[=!]=|\||in\b)|(?:[=!]=|\bin)\s*{word}"
    if not is_printed and not re.search(compared, code):
        return {"type": "boolean"}
    if _STRANGERS.fullmatch(name) and crc32(f"{name} {body}".encode()) % 2:
        return {"type": "string", "maxLength": 20_000, "untrusted": True}
    return {"type": "string"}


def main() -> None:
    """Write a repository of prompts."""
    wheels, folder = Path(sys.argv[1]), Path(sys.argv[2])
    shift = 0.5 if sys.argv[3:] == ["between"] else 0.0
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    seen: set[str] = set()
    for wheel in sorted(wheels.glob("*.whl")):
        package = wheel.name.partition("-")[0].replace("_", "-").lower()
        found: list[tuple[str, str, dict[str, Any]]] = []
        for label, messages in find_prompts(wheel):
            body = write_body(messages)
            inputs = declare(body) if body not in seen else None
            seen.add(body)
            if inputs is not None:
                found.append((label[:80].strip("-"), body, inputs))
        # Evenly from the whole package, where it holds more.
        step = max(1, len(found) / _MAX_OF_ONE)
        most = 0 if shift and step < 2 else min(len(found), _MAX_OF_ONE)
        chosen = [found[int((index + shift) * step)] for index in range(most)]
        for number, (label, body, inputs) in enumerate(chosen):
            head = {
                "version": "1.0.0",
                "description": f"{label} of {package}",
                "author": "corpus@example.com",
                "model": "openai/gpt-4o",
                **({"inputs": inputs} if inputs else {}),
            }
            file = folder / "prompts" / package / f"{label}-{number}.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            written = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=1000)
            file.write_text(f"---\n{written}---\n{body}", "utf-8")
        print(f"{package}: {len(chosen)} of {len(found)}")


if __name__ == "__main__":
    main()
