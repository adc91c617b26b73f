"""Makes a repository in which a change of many prompts waits for the gate."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from repositories import AUTHOR, Shape, make_promptops, prompt_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CHANGE = "change"
_WHEN = f"{AUTHOR} 1780000000 +0000"


def make_proposal(folder: Path, shape: Shape, changed: int, rules: int) -> None:
    """Make a repository with so many owner rules, and a branch that changes so many prompts."""
    make_promptops(folder, shape)
    owners = "".join(f"{line}\n" for line in owner_rules(rules))
    step = shape.prompts // changed
    names = [prompt_name(number * step) for number in range(changed)]
    files = {
        f"prompts/{name}.md": change_text(show_file(folder, f"prompts/{name}.md")) for name in names
    }
    stream = commit_stream("main", "main^0", {"CODEOWNERS": owners}) + commit_stream(
        CHANGE, "main", files
    )
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"], cwd=folder, input=stream, check=True
    )


def owner_rules(number: int) -> Iterator[str]:
    """Give so many lines of a CODEOWNERS file."""
    yield "* @acme/everybody"
    for index in range(number - 2):
        area, prompt = divmod(index, 10)
        yield f"/prompts/area-{area:02d}/prompt-{prompt}*.md @owner-{index} @acme/team-{area}"
    yield "/CODEOWNERS @acme/leads"


def change_text(text: str) -> str:
    """Give the prompt with another wording, and the version that this takes."""
    found = re.search(r"^version: ([0-9]+)\.([0-9]+)\.[0-9]+$", text, re.MULTILINE)
    if found is None:
        message = "a prompt of the benchmark has no version"
        raise ValueError(message)
    version = f"version: {found[1]}.{int(found[2]) + 1}.0"
    return text.replace(found[0], version).replace("You triage", "You carefully triage")


def show_file(folder: Path, path: str) -> str:
    """Give the text of a file on the branch `main`."""
    line = ["git", "show", f"main:{path}"]
    return subprocess.run(line, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def commit_stream(branch: str, parent: str, files: Mapping[str, str]) -> bytes:
    """Give one commit for `git fast-import`."""
    parts = [f"commit refs/heads/{branch}\ncommitter {_WHEN}\ndata 7\nChange\n\nfrom {parent}\n"]
    for path, text in files.items():
        parts.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
    return "".join(parts).encode()
