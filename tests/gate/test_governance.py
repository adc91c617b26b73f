"""Which files are governed, and why."""

from __future__ import annotations

import pytest

from promptops.gate.governance import Governance, governs, is_below
from promptops.gate.rules import PathKind
from promptops.repository.config import Config, Gate

CONFIG = Config(
    prompts="texts/prompts",
    gate=Gate(groups="texts/prompts/groups.toml", govern=("/app/*.py", "./schemas/", "docs/**")),
)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("texts/prompts/a.md", PathKind.PROMPTS),
        ("TEXTS/Prompts/a.md", PathKind.PROMPTS),
        ("texts/promptsx/a.md", None),
        # A file of groups below the prompts is one of groups.
        ("texts/prompts/groups.toml", PathKind.GROUPS),
        (".promptops/allowed_signers", PathKind.SIGNERS),
        (".promptops/allowed_keys.asc", PathKind.SIGNERS),
        ("CODEOWNERS", PathKind.OWNERS),
        (".github/codeowners", PathKind.OWNERS),
        ("promptops.toml", PathKind.CONFIGURATION),
        ("evals/a/b.yaml", PathKind.EVALS),
        (".github/workflows/ci.yaml", PathKind.WORKFLOW),
        (".gitlab-ci.yml", PathKind.WORKFLOW),
        # In place of a folder it would hide what is below.
        ("texts", PathKind.GOVERNED),
        (".github", PathKind.GOVERNED),
        ("app/main.py", PathKind.GOVERNED),
        ("App/Main.PY", PathKind.GOVERNED),
        ("schemas/x.json", PathKind.GOVERNED),
        ("docs/a/b.md", PathKind.GOVERNED),
        ("src/app/main.py", None),
        ("README.md", None),
    ],
)
def test_each_path_is_governed_for_one_reason(path: str, kind: PathKind | None) -> None:
    assert Governance(CONFIG).kind(path) is kind


def test_what_a_change_proposes_to_govern_is_governed_as_well() -> None:
    now, proposed = Config(), Config(prompts="texts")
    assert Governance(now).kind("texts/a.md") is None
    assert Governance(now, proposed).kind("texts/a.md") is PathKind.PROMPTS
    assert Governance(now, proposed).kind("prompts/a.md") is PathKind.PROMPTS
    # What is in force wins.
    assert Governance(Config(evals="texts"), proposed).kind("texts/a.md") is PathKind.PROMPTS
    assert Governance(proposed, Config(evals="texts")).kind("texts/a.md") is PathKind.PROMPTS


def test_a_pattern_for_everything_governs_everything() -> None:
    assert governs(Config(gate=Gate(govern=(".",))), "any/thing")
    assert not governs(Config(), "any/thing")


@pytest.mark.parametrize(
    ("path", "folder", "is_in"),
    [
        ("a/b", "a", True),
        ("a", "a", True),
        ("ab", "a", False),
        ("a", "a/b", False),
        ("a", "", True),
    ],
)
def test_a_folder_ends_at_a_slash(path: str, folder: str, is_in: bool) -> None:
    assert is_below(path, folder) is is_in
