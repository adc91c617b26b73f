"""Prompt files for tests: short, valid, and different where a test wants them different."""

from __future__ import annotations


def prompt_text(version: str = "1.0.0", body: str = "Answer {{ question }}", **keys: str) -> str:
    """A valid prompt file; `keys` are further frontmatter lines."""
    lines = {
        "version": version,
        "description": "Answer a question.",
        "author": "jane@example.com",
        "model": "openai/gpt-4o-mini",
        "inputs": "{question: string}",
        **keys,
    }
    frontmatter = "".join(f"{key}: {value}\n" for key, value in lines.items())
    return f"---\n{frontmatter}---\n{body}\n"


def suite_text(prompt: str, *, expect: str = "contains: e") -> str:
    """A valid eval suite of one sample, for a prompt as `prompt_text` writes it."""
    sample = f"{{name: one, inputs: {{question: Why?}}, expect: [{{{expect}}}]}}"
    return f"schema: promptops.suite/v1\nprompt: {prompt}\nsamples:\n  - {sample}\n"
