"""`promptops eval noise`: how far two runs of one state differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.cli.running import run

if TYPE_CHECKING:
    from typer.testing import Result

    from tests.repositories import Repo


@pytest.mark.slow
def test_noise_is_what_two_runs_of_one_state_differ_by(released: Repo) -> None:
    answers = ", ".join(["refund", "none"] * 8)
    rule = f"{{when: {{role: user, text: refund}}, answers: [{answers}]}}"
    released.write("answers.yaml", f"rules: [{rule}, {{answer: Hello.}}]")
    result = eval_noise(released, "--concurrency", "1")
    assert result.exit_code == 0, result.output
    # Each sample is asked twice in turn, and the model answers the second time differently.
    assert result.stderr == snapshot("""\
1 suite, 40 samples, 80 trials: 80 calls, 9996 tokens at most
estimated cost 0.0000 USD, highest 0.0000 USD
support/reply, scripted/answers.yaml: 8 of 40 samples differ between two runs of one state, and the whole by -20.0 points; differences of up to 33.2 points can be noise
""")
    assert "80 calls" in result.stdout


def eval_noise(project: Repo, *args: str) -> Result:
    return run(project, "eval", "noise", *args)
