"""The items of the first level: one person, one tool, nothing lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptops.errors import count_of
from promptops.files import read_file
from promptops.git.worktree import list_work_files
from promptops.readiness.item import (
    Evidence,
    ReadinessItem,
    ReadinessLevel,
    each_prompt,
    met,
    missing,
    name_some,
    unseen,
)

if TYPE_CHECKING:
    from promptops.readiness.facts import ReadinessFacts

FEW_SAMPLES = 5
_MAX_BYTES = 1_000_000
# The forms that providers and forges document for their keys.
_KEY = re.compile(
    rb"\bsk-(?:proj-|ant-|or-)?[A-Za-z0-9_-]{24,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    rb"|\bAIza[0-9A-Za-z_-]{35}\b|\bglpat-[A-Za-z0-9_-]{20,}\b|\bxox[abpr]-[A-Za-z0-9-]{20,}"
)


def _judge_keys(facts: ReadinessFacts) -> Evidence:
    found, count = [], 0
    for path in list_work_files(facts.repository.git):
        place = facts.top / path
        try:
            if place.is_symlink() or not place.is_file() or place.stat().st_size > _MAX_BYTES:
                continue
            data = read_file(place)
        except OSError:
            continue
        count += 1
        match = _KEY.search(data)
        if match is not None:
            found.append(f"{path}:{data[: match.start()].count(10) + 1}")
    if found:
        return missing(
            f"possible keys in {name_some(found)}",
            "revoke the key, then remove it from the file and the history",
        )
    return met(f"none of {count_of(count, 'file')} contains what looks like a provider's key")


def _judge_errors(facts: ReadinessFacts) -> Evidence:
    calls = [f"{one.path}:{one.line}" for one in facts.code if one.what == "call"]
    if calls:
        return missing(
            f"models are called without the runtime in {name_some(calls)}",
            "call registry.run there; run promptops adopt --scan . to list all",
        )
    return met("no code calls a model directly; the runtime retries and reports errors")


def _judge_logging(facts: ReadinessFacts) -> Evidence:
    runs = facts.runs.get("runs", 0)
    if facts.config.log.content == "none":
        return missing(
            "the log keeps no content, so outputs cannot be reviewed",
            'set content = "redacted" in the table log',
        )
    if runs:
        return met(f"{count_of(runs, 'run')} of the last 30 days in the log")
    return missing(
        "no run of the last 30 days is in the log", "promptops run NAME, or registry.run"
    )


def _judge_files(facts: ReadinessFacts) -> Evidence:
    if facts.unreadable:
        return missing(f"{name_some(facts.unreadable)} cannot be read", "run promptops validate")
    if not facts.prompts:
        return missing("there is no active prompt", "promptops new NAME, or promptops adopt PATH")
    texts = [f"{one.path}:{one.line}" for one in facts.code if one.what == "text"]
    if texts:
        return missing(
            f"possible prompts in {name_some(texts)}",
            "promptops adopt FILE --write, and read the prompt where the code holds its text; "
            "promptops adopt --scan . lists all",
        )
    return met(f"{count_of(len(facts.prompts), 'prompt')} in files, and none in Python code")


def judge_samples(facts: ReadinessFacts, minimum: int, tag: str = "") -> Evidence:
    """Return whether each prompt has enough samples."""
    what = f"samples tagged {tag}" if tag else "samples"
    if not facts.prompts:
        return missing("there is no active prompt", "promptops new NAME")
    few = facts.lacking(minimum, tag)
    if few:
        return missing(
            f"fewer than {minimum} {what}: {name_some(few)}",
            f"add samples to {facts.config.evals}/NAME.yaml",
        )
    return met(f"{each_prompt(len(facts.prompts))} has at least {minimum} {what}")


def _judge_few(facts: ReadinessFacts) -> Evidence:
    return judge_samples(facts, FEW_SAMPLES)


def _judge_limitations(facts: ReadinessFacts) -> Evidence:
    without = [name for name, one in facts.prompts.items() if not one.data.get("limitations")]
    if not facts.prompts:
        return unseen("there is no active prompt", "promptops new NAME")
    if without:
        return missing(
            f"no limitations are written down in {name_some(without)}",
            "write the key limitations into the frontmatter",
        )
    return met(f"{each_prompt(len(facts.prompts))} says what it cannot do")


ITEMS = (
    ReadinessItem("keys", ReadinessLevel.TOOL, "Keys are not in files", _judge_keys),
    ReadinessItem("errors", ReadinessLevel.TOOL, "Errors of providers are handled", _judge_errors),
    ReadinessItem("logging", ReadinessLevel.TOOL, "Runs are logged", _judge_logging),
    ReadinessItem("files", ReadinessLevel.TOOL, "Prompts are in files", _judge_files),
    ReadinessItem(
        "five-samples", ReadinessLevel.TOOL, "Each prompt has five documented cases", _judge_few
    ),
    ReadinessItem(
        "limitations", ReadinessLevel.TOOL, "Known limitations are written down", _judge_limitations
    ),
)
