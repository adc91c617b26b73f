"""Split work among forked processes, if the system can fork.

A fork has everything that this process has read and imported, so nothing is loaded or passed in. It
returns bytes and exits. The caller must hold no process and no lock that the work needs, and must
have no other thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from contextlib import ExitStack
from functools import partial
from typing import IO, TYPE_CHECKING

from promptops.checks.result import ValidationResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

# The minimum number of prompts for which forking saves time.
_MIN_TO_SHARE = 400
# Prompts validated before the fork, so that their imports happen only once.
_FIRST = 30


def judge_shared(
    names: Sequence[str],
    judge: Callable[[str], ValidationResult | None],
    forget: Callable[[str], None],
) -> Iterator[ValidationResult]:
    """Validate many prompts on all cores; prompts of a failed worker are validated here.

    `forget` is called with the path of each prompt that a worker is done with. A worker's results
    go through a file, so that no process holds all of them.
    """
    count = count_workers() if len(names) >= _MIN_TO_SHARE else 1
    first = list(judge_each(names[:_FIRST], judge)) if count > 1 else []
    rest = names[_FIRST:] if count > 1 else names
    ours, *others = (rest[start::count] for start in range(count))

    def work(names: Sequence[str], spool: IO[bytes]) -> bytes:
        for one in judge_each(names, judge):
            spool.write(json.dumps(one.encode()).encode() + b"\n")
            forget(one.path)
        spool.flush()
        return b""

    with ExitStack() as stack:
        spools = [stack.enter_context(tempfile.TemporaryFile()) for _ in others]
        pending = [
            stack.enter_context(working(partial(work, theirs, spool)))
            for theirs, spool in zip(others, spools, strict=True)
        ]
        yield from first
        yield from judge_each(ours, judge)
        for theirs, collect, spool in zip(others, pending, spools, strict=True):
            if collect() is None:
                yield from judge_each(theirs, judge)
            else:
                spool.seek(0)
                yield from (ValidationResult.decode(json.loads(line)) for line in spool)


def judge_each(
    names: Iterable[str],
    judge: Callable[[str], ValidationResult | None],
    _: Callable[[str], None] | None = None,
) -> Iterator[ValidationResult]:
    """Validate prompts one after another in this process."""
    return (found for name in names if (found := judge(name)) is not None)


def count_workers() -> int:
    """Return the number of worker processes; 1 if forking is not safe."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def working(work: Callable[[], bytes]) -> Iterator[Callable[[], bytes | None]]:
    """Run `work` in a fork while the block runs.

    Yields a function that waits for the result: what `work` returns, or None if the fork was killed
    or `work` raised.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Leave without the parent's handlers, buffers and exit functions.
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
