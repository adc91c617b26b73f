"""Agents, skills and texts are adopted; tools that fill in nothing get no inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats.markdown import read
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


@pytest.mark.parametrize(
    ("path", "kind", "role"),
    [
        ("a/SKILL.md", "skill", "system"),
        ("a/AGENTS.md", "agent", "system"),
        (".claude/agents/x.md", "agent", "system"),
        ("agents.md", "Markdown", None),
        ("x.chatmode.md", "instructions", "system"),
        (".cursor/rules/x.mdc", "instructions", "system"),
        ("x.md", "Markdown", None),
        ("x.txt", "text", None),
    ],
)
def test_the_place_of_a_file_says_what_it_is(path: str, kind: str, role: str | None) -> None:
    (draft,) = read(path, "Hi {{ name }}\n")
    assert (draft.kind, draft.messages[0].role) == (kind, role)
    # A tool that reads a file as it stands fills in nothing.
    assert (draft.inputs == {}) == (role is not None)


def test_the_frontmatter_gives_a_model_and_settings() -> None:
    text = "---\nmodel: openai/x\ntemperature: 0.5\nteam: a\n---\n\nHi {{ name }}\n"
    (draft,) = read("a.md", text)
    assert draft.settings == {"model": "openai/x", "temperature": 0.5, "metadata": {"team": "a"}}
    (note,) = [note for note in draft.notes if "was taken for the input" in note.message]
    assert note.line == 7


def test_a_file_without_a_text_is_refused() -> None:
    with pytest.raises(UnreadableError, match="it has no text"):
        read("a.md", "---\nname: a\n---\n\n")
