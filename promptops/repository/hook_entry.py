"""Write the configuration of pre-commit, or add our hook to an existing one."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promptops.repository.config import CONFIG_FILE
from promptops.repository.origin import find_origin
from promptops.repository.steps import (
    ScaffoldStep,
    StepResult,
    read_text,
    write_new,
)

if TYPE_CHECKING:
    from promptops.repository.repository import Repository


def write_hook(repository: Repository, *, dry_run: bool) -> ScaffoldStep:
    """Write the hook for pre-commit, or add it to the existing hooks."""
    path = ".pre-commit-config.yaml"
    entry = _hook_entry(repository)
    file = repository.require_work_tree() / path
    text = read_text(file)
    if text is None:
        lines = "\n".join(f"  {line}" for line in entry.split("\n"))
        return write_new(repository, path, f"repos:\n{lines}\n", dry_run=dry_run)
    if "promptops" in text:
        return ScaffoldStep(path, StepResult.KEPT, "has a promptops hook")
    # Writing through a link could change a file outside of the repository.
    extended = None if file.is_symlink() else extend_hooks(text, entry)
    if extended is None:
        return ScaffoldStep(path, StepResult.LEFT, f"add this below repos:\n{entry}")
    if not dry_run:
        file.write_bytes(extended.encode())
    return ScaffoldStep(path, StepResult.EXTENDED, "runs promptops validate before each commit")


def _hook_entry(repository: Repository) -> str:
    config = repository.config
    folders = "".join(f"{re.escape(folder)}/|" for folder in (config.prompts, config.evals))
    files = f"^({folders}{re.escape(CONFIG_FILE)}$)"
    origin = find_origin()
    # Other machines cannot install from a folder here, so promptops must be installed there.
    language = "system" if origin.is_folder else "python"
    added = "" if origin.is_folder else f"\n      additional_dependencies: [{origin.require()}]"
    return f"""\
- repo: local
  hooks:
    - id: promptops-validate
      name: promptops validate
      entry: promptops validate --staged
      language: {language}{added}
      files: {json.dumps(files)}
      pass_filenames: false"""


def extend_hooks(text: str, entry: str) -> str | None:
    """Return the file with `entry` after the last item of `repos`; None if that is not safe.

    The result is parsed again: it must consist of exactly the old content and the new entry.
    """
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        before: Any = yaml.safe_load(text)
        repos = next(
            value
            for key, value in (root.value if isinstance(root, yaml.MappingNode) else ())
            if key.value == "repos"
        )
        if not isinstance(repos, yaml.SequenceNode) or repos.flow_style or not repos.value:
            return None
        lines = text.replace("\r\n", "\n").split("\n")
        end = _last_line(repos)
        indent = " " * (repos.start_mark.column)
        added = [f"{indent}{line}" for line in entry.split("\n")]
        newline = "\r\n" if "\r\n" in text else "\n"
        joined = newline.join([*lines[:end], *added, *lines[end:]])
        result = joined if joined.endswith(newline) else joined + newline
        expected = {**before, "repos": [*before["repos"], *yaml.safe_load(entry)]}
        return result if yaml.safe_load(result) == expected else None
    except (yaml.YAMLError, StopIteration, RecursionError):
        return None


def _last_line(node: Any) -> int:  # noqa: ANN401 - a YAML node, whose package has no types
    """Return the line, from 1, on which the last value of a node ends."""
    import yaml

    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        item = node.value[-1]
        node = item[1] if isinstance(item, tuple) else item
    mark = node.end_mark
    # A block scalar ends at the beginning of the next line.
    return int(
        mark.line if mark.column == 0 and mark.line > node.start_mark.line else mark.line + 1
    )
