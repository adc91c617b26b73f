"""The pages for each role, walked through as they are written: every screen is a real one.

A page is a script. `<!-- do: ... -->` runs unseen. In a block that begins with `$ `, each such line
is run and what follows it is what it says, both streams joined. `<!-- show: ... -->` runs a command
whose output is the block that follows. Ids and times differ from run to run and are not compared.

    PROMPTOPS_WRITE_PAGES=1 python -m pytest tests/stories/test_pages.py    writes the screens anew
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
# Read here: tests see none of the variables that are ours.
WRITES = bool(os.environ.get("PROMPTOPS_WRITE_PAGES"))
PAGES = ("wording.md", "reviewing.md", "on-call.md", "bill.md")
PROMPT = """\
---
version: 1.0.0
description: {what}
author: jane@example.com
model: openai/gpt-4o-mini
max_tokens: 400
inputs:
  ticket: {{type: string, maxLength: 8000, untrusted: true}}
---
{{% system %}}
{words}
{{% include "_shared/tone.md" %}}
{{% endsystem %}}
{{% user %}}
{{{{ ticket }}}}
{{% enduser %}}
"""
WORDS = {
    "triage": ("Sort a ticket by urgency.", "Say whether the ticket is urgent."),
    "reply": ("Answer a ticket.", "Answer the customer."),
    "close": ("Write why a ticket is closed.", "Write one sentence that closes the ticket."),
    "summary": ("Sum a ticket up.", "Sum the ticket up for a colleague."),
}
FILES = {
    **{
        f"prompts/support/{name}.md": PROMPT.format(what=what, words=words)
        for name, (what, words) in WORDS.items()
    },
    "prompts/_shared/tone.md": "Be kind and brief.\nNever promise a refund.\n",
    "CODEOWNERS": "* @acme/platform\n/prompts/ @acme/support\n",
    ".promptops/groups.toml": '[teams]\n"@acme/support" = ["@wim", "@mo"]\n'
    '"@acme/platform" = ["@pat", "@kim"]\n',
    "promptops.toml": "# nothing but the defaults\n",
}
_BLOCK = re.compile(r"(`{3,})(\w*)\n")
_VARYING = (
    (re.compile(r"sha256:[0-9a-f]+"), "sha256:0"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "0" * 12),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?(?: ?[+-]\d{4}|Z| UTC)?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}\b"), "RUN"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DAY"),
    # How long a run took, and so how wide its column is.
    (re.compile(r"(?:<|~)?\d+(?:\.\d+)? (?:ms|s)\b"), "MS"),
    (re.compile(r"(?<=(?:P50|P95|IME| MS)) +"), "  "),
    (re.compile(r"less than \d+ minutes ago|\d+ (?:second|minute)s? ago|just now"), "AGO"),
)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A team's clone: four released prompts with a partial of their own, and a remote."""
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.delenv(name, raising=False)  # `--since` asks about now
    repo = Repo.init(tmp_path / "shop")
    repo.config("user.name", "Jane Doe")
    repo.config("user.email", "jane@example.com")
    repo.commit(FILES, "Begin")
    repo.publish(tmp_path / "origin.git")
    return repo


def run(repo: Repo, command: str, *, code: int | None = None) -> str:
    """Run a line as a shell does; give both streams as one."""
    names = {"GIT_AUTHOR_NAME": "Jane Doe", "GIT_AUTHOR_EMAIL": "jane@example.com"}
    names |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in names.items()}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=repo.path,
        env={
            **os.environ,
            **names,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert code in {None, done.returncode}, f"{command}: {done.stdout}"
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout.rstrip("\n")


def walk(repo: Repo, page: str) -> Iterator[str]:
    """Yield the page with the screens that there are now."""
    lines = page.splitlines(keepends=True)
    at = 0
    shown: str | None = None
    while at < len(lines):
        line = lines[at]
        at += 1
        yield line
        if line.startswith("<!-- do: "):
            run(repo, line.removeprefix("<!-- do: ").removesuffix(" -->\n"), code=0)
        elif line.startswith("<!-- show: "):
            shown = run(repo, line.removeprefix("<!-- show: ").removesuffix(" -->\n"))
        elif begun := _BLOCK.fullmatch(line):
            end = lines.index(f"{begun[1]}\n", at)
            body = lines[at:end]
            at = end
            if shown is not None:
                yield f"{shown}\n"
                shown = None
            elif begun[2] == "console":
                yield from _retell(repo, body)
            else:
                yield from body
            yield lines[at]
            at += 1


def _retell(repo: Repo, body: list[str]) -> Iterator[str]:
    commands = [line for line in body if line.startswith("$ ")]
    for number, line in enumerate(commands):
        if number:
            yield "\n"
        yield line
        said = run(repo, line.removeprefix("$ ").rstrip("\n"))
        if said:
            yield f"{said}\n"


def settle(text: str) -> str:
    """Give the text without what differs from run to run."""
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


@pytest.mark.parametrize("name", PAGES)
def test_every_screen_of_the_page_is_a_real_one(clone: Repo, name: str) -> None:
    file = DOCS / name
    page = file.read_text("utf-8")
    walked = "".join(walk(clone, page))
    if WRITES:
        file.write_text(walked, "utf-8")
    else:
        assert settle(walked) == settle(page)
