"""Runs, clocks and chance for the tests of the run log."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from promptops.repository.settings.log import LogSettings
from promptops.runtime.log.encryption import Keyring
from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.record import AttemptRecord, Decision, RunRecord
from promptops.runtime.log.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.runtime.log.sqlite import SqliteDatabase

START = 1_795_000_000.0
HOUR = 3600
SYSTEM = "You triage support tickets for a shop. Answer with a topic and an urgency. " * 5
_CHANCE = random.Random(11)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START + 7200

    def __call__(self) -> float:
        return self.now


def make_random(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def store_in(database: SqliteDatabase, clock: Clock) -> Store:
    """The log in a database, with the contents of all runs."""
    settings = LogSettings(content="full")
    return Store(database, settings, clock=clock, random=make_random(1), key=lambda _name: None)


def make_keyring(*letters: bytes) -> Keyring:
    """Keys of one letter each; the first one encrypts."""
    return Keyring([letter * 32 for letter in letters], make_random(5), "RUN_LOG_KEY")


def new_id(at: float = START) -> str:
    return make_id(at, _CHANCE.randbytes(10))


def make_run(at: float = START, **values: Any) -> RunRecord:
    """A run that has begun."""
    run = RunRecord(
        id=new_id(at),
        ref="support/triage@production",
        started_at=at,
        prompt="support/triage",
        version="1.2.0",
        digest="sha256:" + "ab" * 32,
        commit="cd" * 20,
        environment="production",
        deployment=7,
        model="openai/gpt-4o-mini",
        user="u-1",
        tenant="acme",
        key="k-1",
        lease_until=at + 120,
        inputs={"ticket": "I was charged twice."},
        messages=[
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": "I was charged twice."},
        ],
    )
    return run._replace(**values)


def end(run: RunRecord, **values: Any) -> RunRecord:
    """The same run, ended well."""
    ended = run._replace(
        status="succeeded",
        ms=812.25,
        cost_micros=1234,
        input_tokens=100,
        output_tokens=20,
        cached_tokens=0,
        usage_source="measured",
        finish="stop",
        decisions=(Decision("share", "30 % of the keys"),),
        answer='{"topic": "billing"}',
        labels={"page": "help"},
    )
    return ended._replace(**values)


def make_attempt(run: RunRecord, number: int = 1, **values: Any) -> AttemptRecord:
    attempt = AttemptRecord(
        run_id=run.id,
        number=number,
        model="openai/gpt-4o-mini",
        started_at=run.started_at + 0.5,
        served_model="gpt-4o-mini-2024-07-18",
        ms=800.5,
        first_ms=90.0,
        status=200,
        cost_micros=1234,
        input_tokens=100,
        output_tokens=20,
        cached_tokens=0,
        usage_source="measured",
        finish="stop",
        response_id="chatcmpl-1",
        fingerprint="fp_1",
    )
    return attempt._replace(**values)
