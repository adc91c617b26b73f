"""`promptops eval bisect`: the release that broke a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.eval.pieces import BODY, MODEL
from tests.cli.running import accept, refuse, run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo


@pytest.mark.story
def test_bisect_finds_the_release_that_broke_it(released: Repo) -> None:
    keys = {"inputs": "{q: string}", "model": MODEL}
    for minor in range(1, 6):
        released.write("prompts/support/reply.md", prompt_text(f"1.{minor}.0", body=BODY, **keys))
        released.write("prompts/_shared/tone.md", "Be brief.\n" if minor >= 3 else f"Be {minor}.\n")
        released.commit()
        accept(released, "release", "support/reply", "--local")
    result = run(released, "eval", "bisect", "support/reply")
    assert result.exit_code == 0, result.output
    assert result.stdout == snapshot("""\
support/reply 1.3.0 is the first release that fails; 1.2.0 passes
promptops diff support/reply@1.2.0..1.3.0 shows what changed
""")
    assert len(result.stderr.splitlines()) == 4
    refuse(released, "eval", "bisect", "support/reply", "--good", "1.3.0", code=2)
    refuse(released, "eval", "bisect", "support/reply", "--bad", "1.2.0", code=2)
    refuse(released, "eval", "bisect", "support/reply", "--bad", "7.0.0", code=2)
    assert refuse(released, "eval", "bisect", "support/rely", code=2) == snapshot("""\
error: there is no prompt support/rely in the work tree
 hint: did you mean support/reply?\
""")
