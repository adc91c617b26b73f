"""Check the library's copies of sources on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.protection.doctor.answer import fine, note, warning
from promptops.runtime.sources.mirror import is_doubtful, list_mirrors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject
    from promptops.runtime.sources.copies import CacheState

_DAY_SECONDS = 86_400
_MAX_NAMED = 5


def look_at_mirrors(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that the library's mirrors on this machine follow their sources."""
    folder = str(subject.cache)
    mirrors = list_mirrors(subject.cache)
    answers = [
        answer for mirror, state in mirrors for answer in _judge(mirror, state, subject.now_seconds)
    ]
    yield from answers[:_MAX_NAMED]
    hidden = len(answers) - _MAX_NAMED
    if hidden > 0:
        yield note(
            f"{hidden:,} more mirrors have this problem",
            folder,
            risk="as above",
            remedy=f"remove those that nobody uses: each is a folder of {folder}",
        )
    if mirrors and not answers:
        count = "1 mirror is" if len(mirrors) == 1 else f"{len(mirrors):,} mirrors are"
        yield fine(f"{count} up to date", folder)


def _judge(mirror: Path, state: CacheState | None, now_seconds: float) -> Iterator[DoctorAnswer]:
    if state is None:
        yield note(
            "a mirror was never finished",
            str(mirror),
            risk="it uses disk space, and is rebuilt when its source is opened",
            remedy=f"remove {mirror}",
        )
        return
    if is_doubtful(state):
        yield warning(
            "a mirror refused a state of its source",
            str(mirror),
            risk="the source went back to an older deployment, dropped an environment, or lacks "
            "a trusted signature; readers get the last accepted state",
            remedy="run promptops verify in a clone of the source; once it is resolved, remove "
            f"{mirror} to start again",
        )
        return
    days = int(max(0.0, now_seconds - state.fetched_at_seconds) // _DAY_SECONDS)
    if days:
        yield note(
            f"a mirror was last updated {days:,} day{'' if days == 1 else 's'} ago",
            str(mirror),
            risk="its source is unused or unreachable; after a day (max_stale) its readers get "
            "errors",
            remedy=f"remove {mirror} when nothing on this machine uses it",
        )
