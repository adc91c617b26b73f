"""Tell prompts and partials from other files, by path, and name them."""

from __future__ import annotations


def name_from_path(path: str) -> str:
    """Return the name of the prompt at `path` below the prompts folder."""
    return path.removesuffix(".md")


def is_partial(path: str) -> bool:
    """Return whether the file, or a folder above it, begins with `_`: included, never run."""
    return path.startswith("_") or "/_" in path


def is_prompt(path: str) -> bool:
    """Return whether a file below the prompts folder is a prompt: `.md`, no partial, no
    README.md.
    """
    is_readme = path == "README.md" or path.endswith("/README.md")
    return path.endswith(".md") and not is_partial(path) and not is_readme
