"""Tests for validating what is live in an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.story
def test_the_releases_that_are_live_are_validated(repo: Repo) -> None:
    partial = {"prompts/_shared/tone.md": "Be brief.{# so #}\nBe kind.\n"}
    body = 'Answer {{ question }}\n{% include "_shared/tone.md" %}'
    repo.commit({"prompts/a.md": prompt_text(body=body), "prompts/b.md": prompt_text(), **partial})
    accept(repo, "release", "--all")
    accept(repo, "promote", "a", "b", "--to", "staging")
    # What is not live does not count.
    repo.commit({"prompts/a.md": prompt_text("1.1.0", "{{ other")})
    done = run(repo, "validate", "--rev", "promptops/staging")
    assert (done.exit_code, done.output) == snapshot(
        (
            0,
            """\
releases/a@1.0.0/_shared/tone.md:1:16: warning: the next line is joined to this one [joined-lines]
1 | Be brief.{# so #}
  |                ^^
  included from releases/a@1.0.0/a.md:9:1
  hint: write `+#}` to keep the line break
2 prompts checked: 1 warning
""",
        )
    )
    assert accept(repo, "validate", "--rev", "promptops/staging", "b") == snapshot("")
    told = refuse(repo, "validate", "--rev", "promptops/staging", "c", code=2)
    assert told == snapshot("""\
error: there is no prompt c live at promptops/staging
 hint: run promptops list to see the prompts\
""")


@pytest.mark.story
def test_each_version_of_split_traffic_is_validated(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    accept(repo, "release", "a")
    accept(repo, "promote", "a", "--to", "staging")
    repo.commit({"prompts/a.md": prompt_text("1.1.0", "Answer{# x #}\n{{ question }}")})
    accept(repo, "release", "a")
    accept(repo, "promote", "a", "--to", "staging", "--share", "10")
    done = run(repo, "validate", "--rev", "promptops/staging", "--format", "concise")
    assert (done.exit_code, done.output) == snapshot(
        (
            0,
            """\
releases/a@1.1.0/a.md:8:12: warning: the next line is joined to this one [joined-lines]
1 prompt checked: 1 warning
""",
        )
    )
