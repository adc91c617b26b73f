"""`promptops incident`: what changed, by whom, why, the text, and how to undo it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import accept, refuse
from tests.conftest import SECONDS
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.story
def test_one_page_for_whoever_is_on_call(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for day, (version, words) in enumerate((("1.0.0", "Old"), ("1.1.0", "New"))):
        monkeypatch.setenv("GIT_AUTHOR_DATE", f"{SECONDS + day * 86400} +0000")
        repo.commit({"prompts/a.md": prompt_text(version, f"{words} {{{{ question }}}}")})
        accept(repo, "release", "a")
        accept(repo, "promote", "a", "--to", "staging", "--reason", f"{words} | words")
    accept(repo, "pause", "a", "--env", "staging", "--reason", "wrong | refunds")
    page = accept(repo, "incident", "--env", "staging", "--since", "2026-01-02")
    assert masked(page) == snapshot("""\
# staging since 2026-01-02 00:00 +0000

As of <time>.

## Live now

| Prompt | Version | Paused |
| --- | --- | --- |
| a | 1.1.0 | wrong \\| refunds |

## What changed, newest first

### Deployment 3: pause at 2026-01-02 00:00 +0000

By Jane Doe <jane@example.com>. wrong \\| refunds

* a 1.1.0 -> 1.1.0 (paused)

### Deployment 2: promote at 2026-01-02 00:00 +0000

By Jane Doe <jane@example.com>. New \\| words

* a 1.0.0 -> 1.1.0

```diff
behaviour  message 1 (user): the model reads another text

message 1 (user) changed
@@ line 1 @@
- Old {{ question }}
+ New {{ question }}
```

## How to undo it

```sh
promptops rollback a --env staging --reason TEXT
promptops rollback --env staging --to-deployment 1 --reason TEXT
promptops resume a --env staging
```

`--to-deployment 1` restores everything as it was before this time.
""")
    lines = page.splitlines()
    assert masked(lines) == snapshot(
        [
            "# staging since 2026-01-02 00:00 +0000",
            "",
            "As of <time>.",
            "",
            "## Live now",
            "",
            "| Prompt | Version | Paused |",
            "| --- | --- | --- |",
            "| a | 1.1.0 | wrong \\| refunds |",
            "",
            "## What changed, newest first",
            "",
            "### Deployment 3: pause at 2026-01-02 00:00 +0000",
            "",
            "By Jane Doe <jane@example.com>. wrong \\| refunds",
            "",
            "* a 1.1.0 -> 1.1.0 (paused)",
            "",
            "### Deployment 2: promote at 2026-01-02 00:00 +0000",
            "",
            "By Jane Doe <jane@example.com>. New \\| words",
            "",
            "* a 1.0.0 -> 1.1.0",
            "",
            "```diff",
            "behaviour  message 1 (user): the model reads another text",
            "",
            "message 1 (user) changed",
            "@@ line 1 @@",
            "- Old {{ question }}",
            "+ New {{ question }}",
            "```",
            "",
            "## How to undo it",
            "",
            "```sh",
            "promptops rollback a --env staging --reason TEXT",
            "promptops rollback --env staging --to-deployment 1 --reason TEXT",
            "promptops resume a --env staging",
            "```",
            "",
            "`--to-deployment 1` restores everything as it was before this time.",
        ]
    )
    assert "Old | words" not in page


@pytest.mark.story
def test_texts_that_look_like_markup_are_shown_as_they_are(repo: Repo) -> None:
    hostile = "<script>alert(1)</script> [x](https://evil.example) ![i](y) `c`"
    body = "{{ question }}\n````\n<img src=x>"
    for version in ("1.0.0", "1.1.0"):
        repo.commit({"prompts/a.md": prompt_text(version, f"{version} {body}")})
        accept(repo, "release", "a")
        accept(repo, "promote", "a", "--to", "staging", "--reason", hostile)
    accept(repo, "pause", "a", "--env", "staging", "--reason", hostile)

    page = accept(repo, "incident", "--env", "staging", "--since", "2020-01-01")

    shown = r"\<script\>alert(1)\</script\> \[x\](https://evil.example) !\[i\](y) \`c\`"
    assert hostile not in page
    assert page.count(shown) == 4
    # The text of the prompt cannot end the block that it is in.
    assert "`````diff" in page


@pytest.mark.slow
def test_a_quiet_time(repo: Repo) -> None:
    assert refuse(repo, "incident", "--env", "staging", code=2) == snapshot("""\
error: staging has no deployments
 hint: create the first with promptops promote NAME --to staging\
""")
    repo.commit({"prompts/a.md": prompt_text()})
    accept(repo, "release", "a")
    accept(repo, "promote", "a", "--to", "staging")
    page = accept(repo, "incident", "--env", "staging")
    assert masked(page) == snapshot("""\
# staging since <time>

As of <time>.

## Live now

| Prompt | Version | Paused |
| --- | --- | --- |
| a | 1.0.0 |  |

Nothing was deployed in this time.
""")
    assert masked(page.splitlines()) == snapshot(
        [
            "# staging since <time>",
            "",
            "As of <time>.",
            "",
            "## Live now",
            "",
            "| Prompt | Version | Paused |",
            "| --- | --- | --- |",
            "| a | 1.0.0 |  |",
            "",
            "Nothing was deployed in this time.",
        ]
    )


@pytest.mark.story
def test_every_command_that_undoes_it_works(repo: Repo) -> None:
    repo.commit({f"prompts/{name}.md": prompt_text() for name in ("a", "b", "c")})
    accept(repo, "release", "--all")
    accept(repo, "promote", "a", "b", "c", "--to", "staging")
    accept(repo, "retire", "b", "--env", "staging", "--reason", "old")
    repo.commit({"prompts/c.md": prompt_text("1.1.0", "New {{ question }}")})
    accept(repo, "release", "c")
    accept(repo, "promote", "c", "--to", "staging")
    page = accept(repo, "incident", "--env", "staging", "--since", "2000-01-01")
    commands = [line for line in page.splitlines() if line.startswith("promptops ")]
    assert commands == snapshot(
        [
            "promptops retire a --env staging --reason TEXT",
            "promptops rollback b --env staging --reason TEXT",
            "promptops rollback c --env staging --reason TEXT",
            "promptops pause a --env staging --reason TEXT",
            "promptops pause c --env staging --reason TEXT",
        ]
    )
    for command in commands:
        accept(repo, *command.split()[1:], "--dry-run")
