"""Shares work out to processes that are copies of this one, where the system can copy processes.

A copy has read and imported all that this one has, so that nothing is started anew or passed in; it
hands back bytes and ends. Whoever shares out work must hold no process and no lock that the work
needs, and run no other thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from promptops.checks.result import ValidationResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# Fewer are judged before a copy of the process has answered.
_MIN_TO_SHARE = 400


def judge_shared(
    names: Sequence[str], judge: Callable[[str], ValidationResult | None]
) -> Iterator[ValidationResult]:
    """Judge prompts on all cores, where there are many; what a copy fails at is done here."""
    count = count_workers() if len(names) >= _MIN_TO_SHARE else 1
    ours, *others = (names[start::count] for start in range(count))

    def work(names: Sequence[str]) -> bytes:
        return json.dumps([one.encode() for one in judge_each(names, judge)]).encode()

    with ExitStack() as stack:
        pending = [stack.enter_context(working(partial(work, names))) for names in others]
        yield from judge_each(ours, judge)
        for theirs, collect in zip(others, pending, strict=True):
            found = collect()
            if found is None:
                yield from judge_each(theirs, judge)
            else:
                yield from map(ValidationResult.decode, json.loads(found))


def judge_each(
    names: Iterable[str], judge: Callable[[str], ValidationResult | None]
) -> Iterator[ValidationResult]:
    """Judge prompts one after another in this process."""
    return (found for name in names if (found := judge(name)) is not None)


def count_workers() -> int:
    """Return how many processes may work at once here; 1 where processes cannot be copied
    safely.
    """
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def working(work: Callable[[], bytes]) -> Iterator[Callable[[], bytes | None]]:
    """Do some work in a copy of this process, beside what is done inside the block.

    Gives a function that waits for the result: what `work` returns, or None when the copy came to
    no end (it was killed, or `work` raised).
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Nothing of the parent may run on here: no handler, no buffer, no exit function.
        code = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "wb") as result:
                result.write(work())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    ended: list[int] = []

    def wait() -> int:
        if not ended:
            ended.append(os.waitpid(child, 0)[1])
        return ended[0]

    with os.fdopen(reader, "rb") as stream:

        def collect() -> bytes | None:
            found = stream.read()
            return found if wait() == 0 else None

        try:
            yield collect
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                if not ended:
                    os.kill(child, 9)
            raise
        finally:
            wait()
