"""Find the prompt of a ref: in fresh cached answers, in the known state, or at the source.

Exact versions are cached for ever; everything else is fresh for `refresh` seconds (see
`following`). If the source is unreachable, the last verified state is used for `max_stale` seconds,
and its answers are marked as stale.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from promptops.errors import GitError, IntegrityError, NotFoundError
from promptops.prompt.reference import SelectorKind, parse_ref
from promptops.runtime.following import FOR_EVER
from promptops.runtime.resolution import as_stale

if TYPE_CHECKING:
    from promptops.prompt.reference import PromptRef
    from promptops.runtime.following import Following, KnownState, Timing
    from promptops.runtime.resolution import ResolvedPrompt

# A missing version may be new, so ask the source, but at most once in this time.
_ASK_AGAIN_SECONDS = 5.0


class Finder:
    """Finds prompts in a followed source, and caches the answers. Threads may share it."""

    def __init__(self, following: Following, timing: Timing) -> None:
        """Store the followed source, and the clock."""
        self._following = following
        self._now = timing.now
        # Held while an unreadable copy is replaced.
        self._repairing = threading.RLock()
        self._is_repaired = False

    def recall(self, ref: str, version: str | None = None) -> ResolvedPrompt | None:
        """Return a cached answer that is still fresh; never one of a paused prompt."""
        state = self._following.state
        answer = None if state is None else state.answers.get(_key(ref, version))
        return answer[0] if answer is not None and self._now() < answer[1] else None

    def find(self, ref: str, version: str | None = None) -> ResolvedPrompt:
        """Return the prompt of a ref, which may be paused. Raises as `Registry.find`.

        Args:
            ref: the ref.
            version: one of the versions that share an environment's traffic.
        """
        wanted = parse_ref(ref)
        kind = wanted.selector.kind if wanted.selector is not None else None
        if kind is SelectorKind.VERSION:
            return self._find_exact(ref, wanted)
        state, is_stale = self._following.current()
        key = _key(ref, version)
        known = state.answers.get(key)
        resolved = known[0] if known is not None else self._resolve(state, wanted, version)
        if resolved.paused is not None:
            # Do not cache it: `get` uses cached answers without checking for pauses.
            return resolved
        if known is None and kind is not SelectorKind.WORKING:
            good_until = state.verified_at + self._following.good_for_seconds
            state.answers[key] = (resolved, good_until)
        if not is_stale:
            return resolved
        fetched_at = resolved.fetched_at_seconds
        if fetched_at is None:
            fetched_at = time.time() - (self._now() - state.verified_at)
        return as_stale(resolved, fetched_at, self._following.complaints)

    def forget(self) -> None:
        """Drop all cached answers."""
        state = self._following.state
        if state is not None:
            state.answers = {}

    def after_fork(self) -> None:
        """Replace the lock in a forked child, since a thread of the parent may have held it."""
        self._repairing = threading.RLock()

    def _find_exact(self, ref: str, wanted: PromptRef) -> ResolvedPrompt:
        state = self._following.last_known()
        try:
            resolved = self._resolve(state, wanted)
        except NotFoundError:
            newer = self._following.ask_briefly(_ASK_AGAIN_SECONDS)
            if newer is None:
                raise
            state = newer
            resolved = self._resolve(state, wanted)
        state.answers[ref] = (resolved, FOR_EVER)
        return resolved

    def _resolve(
        self, state: KnownState, wanted: PromptRef, version: str | None = None
    ) -> ResolvedPrompt:
        try:
            return state.look.view.resolve(wanted, version)
        except (GitError, IntegrityError, NotFoundError) as error:
            if isinstance(error, NotFoundError) and type(error) is not NotFoundError:
                raise  # the object is missing; a complete copy has every tree
            refused = any(error.message == one.message for one in state.look.refusals)
            if refused:
                raise
            repaired = self._repair()
            if repaired is None:
                raise
        return repaired.look.view.resolve(wanted, version)

    def _repair(self) -> KnownState | None:
        """Recreate an unreadable copy on disk, once; None if that was not done."""
        with self._repairing:
            if self._is_repaired:
                return None
            self._is_repaired = True
            return self._following.repair()


def _key(ref: str, version: str | None) -> str:
    """Return an answer's cache key; no ref contains a NUL."""
    return ref if version is None else f"{ref}\0{version}"
