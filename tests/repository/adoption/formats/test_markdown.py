"""Agents, skills and texts are adopted; tools that fill in nothing get no inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.repository.adoption.pieces import (
    SYSTEM,
    adopt,
    messages,
    notes,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_agents_and_skills_stay_where_their_tool_reads_them(repo: Repo) -> None:
    text = (
        "---\nname: r\ndescription: Reviews code: fast\nmodel: sonnet\ntools: Read\n---\nReview.\n"
    )
    plan = adopt(repo, ".claude/agents/reviewer.md", text)
    assert messages(repo, "reviewer") == [(SYSTEM, "Review.")]
    assert masked(notes(plan)) == snapshot(
        [
            "its frontmatter is not YAML; each line was read as `key: value`",
            "the model 'sonnet' is not carried over: its provider is not named",
            "'tools' is not carried over: prompts call no tools of an agent",
            "the file stays: a tool reads it where it is",
        ]
    )
    assert (repo.path / ".claude/agents/reviewer.md").exists()
    adopt(repo, ".claude/skills/pdf/SKILL.md", "---\ndescription: d\n---\nUse pypdf.\n")
    assert messages(repo, "pdf") == [(SYSTEM, "Use pypdf.")]


def test_files_that_their_tool_reads_as_they_stand_get_no_inputs(repo: Repo) -> None:
    text = "---\ndescription: d\n---\nUse `{{placeholder}}` and ${file}, {name}.\n{% liquid %}\n"
    plan = adopt(repo, ".claude/skills/notes/SKILL.md", text)
    assert messages(repo, "notes") == [
        (SYSTEM, "Use `{{placeholder}}` and ${file}, {name}.\n{% liquid %}")
    ]
    assert "{{placeholder}}: left as text, since its tool fills in none" in notes(plan)
