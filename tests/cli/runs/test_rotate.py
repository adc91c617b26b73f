"""`promptops runs rotate`: the log is encrypted with another key."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, refuse
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from promptops.runtime.log.log import RunLog
    from tests.repositories import Repo


def test_keys_are_changed(
    repo: Repo, write_log: Callable[..., RunLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.runtime.log.pieces import START, end, make_run

    keys = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]
    monkeypatch.setenv("LOG_KEY", keys[0])
    made = end(make_run(START), answer="the secret answer")
    write_log(content="full", encryption_key="LOG_KEY").finish(made)
    assert masked(refuse(repo, "runs", "rotate", code=2)) == snapshot("""\
error: the run log is encrypted, and no key is configured
 hint: set encryption_key in [log]\
""")
    repo.write("promptops.toml", "[log]\nencryption_key = 'LOG_KEY'\n")
    monkeypatch.setenv("LOG_KEY", f"{keys[1]},{keys[0]}")
    assert accept(repo, "runs", "rotate").startswith("encrypted ")
    monkeypatch.setenv("LOG_KEY", keys[1])
    assert masked(accept(repo, "runs", "show", made.id)) == snapshot("""\
support/triage@1.2.0  succeeded
  run          <uuid>
  asked for    support/triage@production
  started      <time>
  took         <duration>
  cost         $0.001234
  tokens       100 in, 20 out (measured)
  model        openai/gpt-4o-mini
  finish       stop
  environment  production, deployment 7
  digest       <digest>
  commit       cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
  user         u-1
  tenant       acme
  key          k-1
  label page   help
  decided by share 30 % of the keys

inputs
  {
    "ticket": "I was charged twice."
  }

message: system
  You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. You triage support tickets for a shop. Answer with a topic and an urgency. \n\

message: user
  I was charged twice.

answer
  the secret answer
""")
    monkeypatch.setenv("LOG_KEY", keys[0])
    assert masked(refuse(repo, "runs", "show", made.id, code=2)) == snapshot("""\
error: the run log was encrypted with a key that LOG_KEY does not contain
 hint: add the old key after the new one, separated by a comma\
""")
