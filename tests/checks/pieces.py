"""Folders in memory, and the cases of every check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from promptops.checks.engine import validate
from promptops.checks.registry import CHECKS, MASKED, OFF
from promptops.repository.config import Gate, load_config, read_config_table
from promptops.repository.repository import WorkTreeFiles
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.checks.validation import Validation
    from promptops.prompt.finding import Finding
    from promptops.repository.config import Config


_CASES = Path(__file__).with_name("rules") / "cases"


class Folder:
    """A folder of a repository in memory; paths in `files` begin at the repository's top."""

    def __init__(self, files: dict[str, str], folder: str = "prompts") -> None:
        self._all = files
        below = f"{folder}/" if folder else ""
        self._files = {
            path.removeprefix(below): text for path, text in files.items() if path.startswith(below)
        }

    def read(self, path: str) -> bytes | None:
        text = self._files.get(path)
        return None if text is None else text.encode()

    def paths(self) -> list[str]:
        return sorted(self._files)

    def beside(self, folder: str) -> Folder:
        return Folder(self._all, folder)


def list_cases() -> dict[str, Path]:
    """Return the file of cases of each check, by the check's id."""
    return {file.stem.replace("_", "-"): file for file in sorted(_CASES.glob("*.yaml"))}


def load(kind: str) -> list[Any]:
    """Return all `passing` or `failing` cases, each with its check, as parameters of a test."""
    return [
        pytest.param(check, case, id=f"{check}: {case['name']}")
        for check, file in list_cases().items()
        for case in yaml.safe_load(file.read_text())[kind]
    ]


# Whole secrets in a file would set off those who look for them there.
JOINT = "\u00b7"


def validate_case(check: str, case: dict[str, Any]) -> Validation:
    files = {f"prompts/{path}": text for path, text in case.get("files", {}).items()}
    files |= case.get("around", {})
    if "body" in case:
        head = ["---", "version: 1.0.0", "description: d", "author: a"]
        more = [case["frontmatter"]] if "frontmatter" in case else []
        if not case.get("frontmatter", "").startswith("model:"):
            head.append("model: m")
        files["prompts/a.md"] = "\n".join([*head, *more, "---", case["body"]])
    if check in MASKED:
        files = {path: text.replace(JOINT, "") for path, text in files.items()}
    weights = {check: CHECKS[check].RULE.severity.value} if check in OFF else {}
    tables = case.get("config", {})
    config = replace(
        read_config_table(tables, "promptops.toml"),
        checks=weights,
        gate=Gate(**case.get("gate", {})),
    )
    live = case.get("live", {})
    return validate(Folder(files), config, list_live=lambda: live)


def judge(check: str, case: dict[str, Any]) -> list[Finding]:
    return list(validate_case(check, case).findings)


def config(text: str = "") -> Config:
    return load_config({"promptops.toml": text.encode()}.get)


def write(folder: Path, files: Mapping[str, str | bytes]) -> WorkTreeFiles:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    return WorkTreeFiles(folder)


def found(result: Validation) -> list[str]:
    return [f"{one.place} {one.severity.value} {one.check}" for one in result.findings]


UNUSED = prompt_text(body="Hello")
