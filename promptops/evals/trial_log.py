"""Write the trials of an eval to the run log, many in one commit."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.runtime.log.identifiers import make_id
from promptops.runtime.log.record import FAILED, SUCCEEDED, AttemptRecord, Decision, RunRecord
from promptops.runtime.run.ending import name_calls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.evals.question import QuestionPlace
    from promptops.runtime.log.recorder import Recorder
    from promptops.runtime.models.model import Answer
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.output import OutputError

EVAL = "eval"
"""The environment under which the log and limits count evals."""
_ANSWERED = 200
_MAX_RUNS = 250
_MAX_SECONDS = 1.0
_RANDOM_BYTES = 10


class PlainRun(NamedTuple):
    """A run with one successful request to one model.

    Attributes:
        at: the sample, side and trial.
        resolved: the prompt.
        inputs: its inputs.
        hidden: the names of inputs that are never stored.
        messages: the request's messages.
        model: the model that was asked.
        answer: the answer.
        fault: why the answer does not fit the prompt's output schema; None if it does.
        cost_micros: the (maximum) cost of the call, in micro-dollars; None if unknown.
        is_replayed: whether another sample paid for the answer.
        follows: whether the prompt chose the model.
        started_at: when it began, in seconds since 1970.
        lease_until: when it would have counted as interrupted.
        asked_at: when the model was asked.
        call_ms: the duration of the call, in milliseconds.
        ms: the whole duration, in milliseconds.
    """

    at: QuestionPlace
    resolved: ResolvedPrompt
    inputs: Mapping[str, object]
    hidden: tuple[str, ...]
    messages: Sequence[Mapping[str, Any]]
    model: str
    answer: Answer
    fault: OutputError | None
    cost_micros: int | None
    is_replayed: bool
    follows: bool
    started_at: float
    lease_until: float
    asked_at: float
    call_ms: float
    ms: float


class TrialLog:
    """The run log of an eval. Belongs to one event loop.

    Runs are written in batches after they ended: 250 of them, or those of one second. If the
    process is killed, the unwritten batches are lost, at most three, and never a part of one. As in
    production, records that cannot be written are counted and reported, and the eval goes on.

    Args:
        recorder: writes to the log.
        name: the eval's name, a label of all its runs.
    """

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.name = name
        self._recorder = recorder
        self._waiting: list[PlainRun | tuple[RunRecord, Sequence[AttemptRecord]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def add(self, run: RunRecord, attempts: Sequence[AttemptRecord]) -> None:
        """Queue an ended run for the next batch."""
        self._waiting.append((run, attempts))
        self._plan()

    def add_plain(self, run: PlainRun) -> None:
        """Queue a run with one request for the next batch."""
        self._waiting.append(run)
        self._plan()

    async def keep_up(self) -> None:
        """Wait while two batches are pending, which take memory and would be lost by a kill."""
        while len(self._waiting) >= 2 * _MAX_RUNS:
            self._plan()
            assert self._writing is not None  # noqa: S101 - there is a whole batch
            await asyncio.shield(self._writing)

    def _plan(self) -> None:
        """Write the batch now if it is full, else within a second."""
        if self._writing is not None:
            return
        if len(self._waiting) >= _MAX_RUNS:
            self._start()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_MAX_SECONDS, self._start)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        batch, self._waiting = self._waiting[:_MAX_RUNS], self._waiting[_MAX_RUNS:]
        runs = self._make_records(batch)
        # Here if possible: beside a busy event loop, a thread takes twice the processor time, since
        # both ask for the interpreter in turns. In a thread otherwise: trials must go on while
        # another process holds the database.
        if runs and not self._recorder.try_finish_all(runs):
            await asyncio.to_thread(self._recorder.finish_all, runs)
        self._writing = None
        if self._waiting:
            self._plan()

    def _make_records(
        self, batch: Sequence[PlainRun | tuple[RunRecord, Sequence[AttemptRecord]]]
    ) -> list[tuple[RunRecord, Sequence[AttemptRecord]]]:
        # All together, which takes half the time of creating them between trials.
        name = self.name
        try:
            random = os.urandom(_RANDOM_BYTES * len(batch))
            return [
                record_plain(one, name, random[at : at + _RANDOM_BYTES])
                if isinstance(one, PlainRun)
                else one
                for at, one in zip(range(0, len(random), _RANDOM_BYTES), batch, strict=True)
            ]
        except Exception as error:  # noqa: BLE001 - the eval must go on
            self._recorder.drop(len(batch), error)
            return []

    async def aclose(self) -> None:
        """Write the last batch, and close the log."""
        while self._writing is not None or self._waiting:
            if self._writing is None:
                self._start()
            assert self._writing is not None  # noqa: S101 - started just now
            await self._writing
        await asyncio.to_thread(self._recorder.close)


def label_run(at: QuestionPlace, name: str) -> dict[str, str]:
    """Return the labels of a run in the eval `name`."""
    return {
        "eval": name,
        "cassette": at.tape.path,
        "sample": at.place.sample,
        "side": at.place.side,
        "trial": str(at.trial),
    }


def record_plain(
    run: PlainRun, name: str, random: bytes
) -> tuple[RunRecord, tuple[AttemptRecord, ...]]:
    """Return the records of a run with one request, as a full run creates them.

    `random` is ten random bytes for its id.
    """
    answer, resolved, fault = run.answer, run.resolved, run.fault
    used = answer.usage
    run_id = make_id(run.started_at, random)
    attempt = AttemptRecord(
        run_id,
        1,
        run.model,
        run.asked_at,
        answer.served_model,
        run.call_ms,
        status=_ANSWERED,
        cost_micros=run.cost_micros,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cached_tokens=used.cached_tokens,
        usage_source=used.source,
        finish=answer.finish,
        response_id=answer.response_id,
        fingerprint=answer.fingerprint,
    )
    decisions: tuple[Decision, ...] = ()
    if not run.follows and run.model != resolved.model:
        decisions = (Decision("model", f"{run.model} was asked for"),)
    counts: tuple[int | None, int | None, int | None, str | None]
    if fault is not None:
        # The usage of a failed run is only in its attempts.
        counts = None, None, None, None
    elif used.input_tokens is None:
        counts = None, None, None, "unknown"
    else:
        source = "measured" if used.source == "measured" else "estimated"
        counts = used.input_tokens, used.output_tokens or 0, used.cached_tokens or 0, source
    record = RunRecord(
        run_id,
        resolved.ref,
        run.started_at,
        prompt=resolved.name,
        version=resolved.version,
        digest=resolved.digest,
        commit=resolved.commit,
        environment=EVAL,
        model=run.model,
        status=SUCCEEDED if fault is None else FAILED,
        stage=None if fault is None else "parse",
        error=None if fault is None else fault.message,
        error_kind=None if fault is None else type(fault).__name__,
        lease_until=run.lease_until,
        ms=run.ms,
        cost_micros=0 if run.is_replayed else run.cost_micros,
        input_tokens=counts[0],
        output_tokens=counts[1],
        cached_tokens=counts[2],
        usage_source=counts[3],
        finish=answer.finish if fault is None else None,
        is_cached=run.is_replayed and fault is None,
        decisions=decisions,
        inputs=run.inputs,
        messages=run.messages,
        answer=answer.text if fault is None else answer.text or None,
        tool_calls=name_calls(answer) if fault is None and answer.tool_calls else (),
        labels=label_run(run.at, name),
        hidden=run.hidden,
    )
    return record, () if run.is_replayed else (attempt,)
