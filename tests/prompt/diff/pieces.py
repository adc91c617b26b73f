"""Prompts made from a few words, compared, and what is said of them."""

from __future__ import annotations

import json

from promptops.prompt.closure import load_closure
from promptops.prompt.diff import ChangeClass, PromptDiff, diff_prompts
from promptops.prompt.prompt import Prompt, load_prompt

BODY = """\
{% system %}
Answer in {{ language }}.
Be kind.
{% endsystem %}
{% user %}
{{ ticket }}
{% enduser %}
"""
INPUTS = "inputs:\n  ticket: string\n  language: {type: string, default: en}\n"

INTERFACE, BEHAVIOUR, DOCUMENTATION = ChangeClass
INCLUDE = '{% include "_tone.md" %}\n'
WITH_PARTIAL = BODY.replace("Be kind.\n", INCLUDE)


def make_prompt(
    body: str = BODY,
    front: str = INPUTS,
    files: dict[str, str] | None = None,
    *,
    version: str = "1.0.0",
) -> Prompt:
    """A prompt called `triage` with these lines of frontmatter, and the files it needs."""
    given = {line.partition(":")[0] for line in front.splitlines()}
    head = "".join(
        f"{key}: {value}\n"
        for key, value in {
            "version": version,
            "description": "Sort tickets.",
            "author": "jane@example.com",
            "model": "openai/gpt-4o-mini",
        }.items()
        if key not in given
    )
    texts = {"triage.md": f"---\n{head}{front}---\n{body}", **(files or {})}
    closure = load_closure("triage", {path: text.encode() for path, text in texts.items()})
    assert closure is not None
    return load_prompt(closure)


def front(line: str) -> str:
    """The inputs of `make_prompt`, and one more line of frontmatter."""
    return f"{INPUTS}{line}\n" if line else INPUTS


def diff_bodies(
    before: str,
    after: str,
    old_files: dict[str, str] | None = None,
    new_files: dict[str, str] | None = None,
) -> PromptDiff:
    return diff_prompts(make_prompt(before, files=old_files), make_prompt(after, files=new_files))


def tell(diff: PromptDiff) -> list[tuple[ChangeClass, str]]:
    return [(one.change_class, one.subject) for one in diff.differences]


def tell_messages(diff: PromptDiff) -> list[tuple[str, str]]:
    return [(message.status.value, message.subject) for message in diff.messages]


def tool(description: str) -> str:
    return json.dumps({"type": "function", "function": {"name": "f", "description": description}})
