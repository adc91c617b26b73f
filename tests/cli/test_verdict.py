"""A verdict as text: what a change lacks, and what to run."""

from __future__ import annotations

import re

import pytest
from inline_snapshot import snapshot

from tests.cli.pieces import TRIAGE_NAME
from tests.cli.running import accept, run
from tests.gate.world import TRIAGE, World, prompt
from tests.screens import masked


@pytest.mark.slow
def test_a_change_that_may_merge(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well."), "app.py": "1\n"})
    result = run(world.repo, "gate")
    assert result.exit_code == 0
    assert masked(result.stdout) == snapshot("""\
may merge
<id> into main

CODEOWNERS: warning: approvals were not checked [unchecked-approval]
  hint: run the gate in the forge's CI, or pass --approvals signed or file

support/triage  1.0.0 -> 1.1.0  behaviour change, minor bump: done
  about 9 -> 11 tokens without inputs; 1,000 runs $0.00
  approval of @prompt-owner (CODEOWNERS:2): not checked

1 other file, not governed by the gate

support/triage, message 1 (system) changed
  @@ line 1 @@
  - Triage.
  + Triage well.
    Be kind.
""")


@pytest.mark.slow
def test_a_change_that_may_not(world: World) -> None:
    world.propose({TRIAGE: prompt("1.0.0", "Triage well.")})
    result = run(world.repo, "gate", "--base", "main", "--head", "change")
    assert result.exit_code == 1
    assert masked(result.stdout) == snapshot("""\
may not merge: 1 version number missing
<id> into main

missing
  the author writes this version
    prompts/support/triage.md, line 2: version: 1.1.0  [unchanged-version]
      support/triage is still 1.0.0 after a behaviour change

CODEOWNERS: warning: approvals were not checked [unchecked-approval]
  hint: run the gate in the forge's CI, or pass --approvals signed or file

support/triage  1.0.0  behaviour change, minor bump needed: 1.1.0
  about 9 -> 11 tokens without inputs; 1,000 runs $0.00
  approval of @prompt-owner (CODEOWNERS:2): not checked

support/triage, message 1 (system) changed
  @@ line 1 @@
  - Triage.
  + Triage well.
    Be kind.
""")
    assert result.stderr == snapshot("""\

1 error, 1 warning
 hint: promptops bump --level minor support/triage  # 1.1.0
""")


@pytest.mark.slow
def test_what_it_says_to_run_is_what_gets_the_change_further(world: World) -> None:
    """Also where the number was merged by somebody else, and is not released."""
    accept(world.repo, "release", TRIAGE_NAME)
    world.on_main({TRIAGE: prompt("1.1.0", "Triage kindly.")})
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    (command,) = re.findall(
        r"^ hint: promptops (bump .*)  # 1.2.0$", run(world.repo, "gate").stderr, re.MULTILINE
    )
    assert command == f"bump --level minor {TRIAGE_NAME}"
    accept(world.repo, *command.split())
    assert "version: 1.2.0" in (world.repo.path / TRIAGE).read_text()
    world.propose()
    assert accept(world.repo, "gate")


@pytest.mark.slow
def test_explain_says_what_the_verdict_rests_on(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")})
    said = run(world.repo, "gate", "--explain").stderr
    assert masked(said) == snapshot("""\

read from
  rules      <id>, the tip of main
  changes    <id>..<id>, by author@example.com
  prompts    the merged tree <id>
  approvals  none
  owners     CODEOWNERS
prompts/support/triage.md: ownership, CODEOWNERS:2, 1 of @prompt-owner: not met
verdict <digest>

1 warning
""")
