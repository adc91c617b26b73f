"""Prompts made from a few words, for comparing."""

from __future__ import annotations

from promptops.prompt.closure import load_closure
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
