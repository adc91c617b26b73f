"""The prompt that drafts samples with a model, its suite, and the setting that names it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promptops.files import read_file
from promptops.repository.config import CONFIG_FILE, PYPROJECT_FILE
from promptops.repository.new_prompt import DEFAULT_MODEL, find_author, quote_scalar
from promptops.repository.steps import ScaffoldStep, StepResult, append, read_text, write_new

if TYPE_CHECKING:
    from promptops.repository.repository import Repository

NAME = "evals/scenarios"
_SETTING = f'scenarios = "{NAME}"'
_SUITE = f"""\
schema: promptops.suite/v1
prompt: {NAME}
samples:
  - name: as many as asked for
    inputs:
      prompt: "Summarize the text in one sentence: {{{{ text }}}}"
      inputs: {{text: {{type: string}}}}
      count: 3
    expect:
      - json_path: {{path: scenarios, length: 3}}
"""


def write_scenario_prompt(repository: Repository, *, dry_run: bool) -> list[ScaffoldStep]:
    """Write the scenario prompt where `[eval]` names none. Nothing is overwritten."""
    config = repository.config
    if config.eval.scenarios is not None:
        return [
            ScaffoldStep(
                config.path or CONFIG_FILE, StepResult.KEPT, "names a scenario prompt already"
            )
        ]
    text = read_file(Path(__file__).with_name("scenarios.md")).decode()
    text = text.replace("AUTHOR", quote_scalar(find_author(repository)), 1)
    text = text.replace("MODEL", quote_scalar(DEFAULT_MODEL), 1)
    return [
        write_new(repository, f"{config.prompts}/{NAME}.md", text, dry_run=dry_run),
        write_new(repository, f"{config.evals}/{NAME}.yaml", _SUITE, dry_run=dry_run),
        _name_it(repository, dry_run=dry_run),
    ]


def _name_it(repository: Repository, *, dry_run: bool) -> ScaffoldStep:
    config = repository.config
    path = config.path or CONFIG_FILE
    if "eval" in config.tables:
        return ScaffoldStep(path, StepResult.LEFT, f"add to its table for evals:\n{_SETTING}")
    if path == PYPROJECT_FILE:
        return ScaffoldStep(
            path, StepResult.LEFT, f"add this table:\n[tool.promptops.eval]\n{_SETTING}"
        )
    detail = "the prompt that drafts samples"
    if dry_run and config.path is None:
        return ScaffoldStep(path, StepResult.EXTENDED, detail)
    before = read_text(repository.require_work_tree() / path) or ""
    return append(repository, path, before, f"\n[eval]\n{_SETTING}", detail, dry_run=dry_run)
