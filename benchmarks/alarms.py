"""Look for false alarms of the checks about text, in prompts of public repositories.

    python3 benchmarks/alarms.py FOLDER...
    python3 benchmarks/alarms.py --list joined-lines FOLDER...

Each folder is a clone of a repository with prompts, agents or skills. Every text in it becomes a
prompt twice: pasted, which is the text as it stands under frontmatter of ours, and adopted, which
is what `promptops adopt` makes of it. Texts are partials, too, for the check of partials. Prints
how many files and findings there are; with `--list`, each finding of a check with its line, for a
reader who says whether it is true. Nothing of anybody's text is kept here.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from promptops.checks.engine import validate
from promptops.prompt.frontmatter.document import read_document
from promptops.repository.adoption import formats
from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats.header import split_lax
from promptops.repository.adoption.plan import write_draft
from promptops.repository.config import Config

CHECKS = (
    *("foreign-placeholder", "joined-lines", "partial-frontmatter", "role-like-line"),
    *("constant-expression", "uneven-list", "surprising-yaml"),
)
HEADER = "---\nversion: 1.0.0\ndescription: d\nauthor: a@example.com\nmodel: openai/gpt-4o\n---\n"
_MAX_BYTES = 100_000
_SUFFIXES = (".md", ".txt", ".prompt", ".prompty", ".mdc")


class MemoryFiles(NamedTuple):
    """Files in memory."""

    files: dict[str, bytes]

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file."""
        return self.files.get(path)

    def paths(self) -> list[str]:
        """Return the paths of all files."""
        return sorted(self.files)


def find_texts(folders: list[str]) -> dict[str, str]:
    """Return name -> text of all texts below some folders."""
    found = {}
    for folder in folders:
        for file in sorted(Path(folder).rglob("*")):
            is_wanted = file.suffix in _SUFFIXES and file.is_file() and not file.is_symlink()
            if not is_wanted or file.stat().st_size > _MAX_BYTES or ".git" in file.parts:
                continue
            try:
                text = file.read_bytes().decode().replace("\r\n", "\n")
            except UnicodeDecodeError:
                continue
            if len(text.split()) >= 30:
                found[str(file)] = text
    return found


def make_prompts(texts: dict[str, str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the prompts made from the texts, and the source file of each."""
    files: dict[str, bytes] = {}
    sources = {}
    for number, (path, text) in enumerate(texts.items()):
        try:
            body = split_lax(text)[0].body
        except UnreadableError:
            body = text
        made = {f"pasted/p{number}.md": HEADER + body, f"_partial/p{number}.md": text}
        try:
            drafts = formats.read(path.lstrip("/"), text)
        except UnreadableError:
            drafts = ()
        made |= {
            f"adopted/p{number}-{index}.md": write_draft(one) for index, one in enumerate(drafts)
        }
        for name, content in made.items():
            files[name] = content.encode()
            sources[name] = path
    return files, sources


def main(arguments: list[str]) -> int:
    """Count findings, and list the requested ones."""
    listed = arguments[1] if arguments[:1] == ["--list"] else None
    texts = find_texts(arguments[2:] if listed else arguments)
    files, sources = make_prompts(texts)
    findings = [
        one
        for one in validate(MemoryFiles(files), Config()).findings
        if one.check in CHECKS and one.check != "surprising-yaml"
    ]
    counts: Counter[tuple[str, str]] = Counter()
    for one in findings:
        name = one.path.removeprefix("prompts/")
        counts[one.check, name.partition("/")[0]] += 1
        if one.check == listed and one.position is not None:
            line = files[name].decode().split("\n")[one.position.line - 1]
            sys.stdout.write(f"{sources[name]} {name} {one.message}: {line.strip()[:140]}\n")
    for path, text in texts.items():
        for fault in read_document("a.md", text.encode()).faults:
            if fault.check == "surprising-yaml" and "#" in fault.message:
                counts["surprising-yaml", "as it is"] += 1
                if listed == "surprising-yaml":
                    sys.stdout.write(f"{path}: {fault.message}\n")
    made = Counter(name.partition("/")[0] for name in files)
    sys.stdout.write(f"{len(texts):,} texts; {dict(made)}\n")
    for (check, how), count in sorted(counts.items()):
        sys.stdout.write(f"{check} {how}: {count}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
