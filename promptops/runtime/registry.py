"""The library: prompts by ref, from a source that may be slow, down or lying.

Exact versions are kept for ever; everything that can move is known for `refresh` seconds, then
served as it was while one thread asks the source again. A source that is out of reach leaves the
last verified state, marked as stale, for `max_stale` seconds. A source whose content is refused
(altered, gone back, not signed) leaves an error: somebody has to look.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.errors import (
    GitError,
    IntegrityError,
    NotFoundError,
    PausedError,
    PromptopsError,
    SourceUnavailableError,
    UsageError,
)
from promptops.prompt.reference import SelectorKind, check_environment, parse_ref
from promptops.runtime.resolution import as_stale, describe_pause
from promptops.runtime.sources import choose_source, open_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from promptops.prompt.reference import PromptRef
    from promptops.runtime.resolution import LivePrompt, ResolvedPrompt
    from promptops.runtime.run.result import Run
    from promptops.runtime.run.runner import Plan, Runner, Spoken
    from promptops.runtime.sources import Look, Source

# A version that is not there may have been released a moment ago: ask, but not at every call.
_ASK_AGAIN_SECONDS = 5.0
_FOR_EVER = float("inf")


@dataclass(slots=True)
class _State:
    """What the registry goes by until the next look.

    `verified_at` is on the registry's clock. `answers` are what was resolved from the look.
    """

    look: Look
    verified_at: float
    answers: dict[str, tuple[ResolvedPrompt, float]] = field(default_factory=dict)


class Registry:
    """Resolves prompt refs. Threads may share one; a forked child may go on using its parent's.

    Make one with `promptops.open`. It is a context manager; closing it ends the processes it uses.
    """

    def __init__(
        self,
        source: Source,
        *,
        refresh: float = 60.0,
        max_stale: float = 86400.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take prompts from `source`.

        Args:
            source: where they come from.
            refresh: for how many seconds an answer that can move is good without asking again.
            max_stale: for how many seconds one is served when the source is out of reach.
            clock: tells seconds that never go back.
        """
        if refresh < 0 or max_stale < 0:
            raise UsageError("refresh and max_stale are seconds, and not negative")
        self._source = source
        self._refresh = refresh
        self._max_stale = max(max_stale, refresh)
        self._clock = clock
        self._state: _State | None = None
        self._answers: dict[str, tuple[ResolvedPrompt, float]] = {}
        self._trouble: PromptopsError | None = None
        self._refusal: PromptopsError | None = None
        self._asked_at = -_FOR_EVER
        self._is_asked_behind = False
        self._is_repaired = False
        self._is_closed = False
        self._runner: Runner | None = None
        # Held while the source is asked; whoever only wants what is known does without.
        self._asking = threading.RLock()
        _REGISTRIES.add(self)

    def __repr__(self) -> str:
        """`<Registry SOURCE>`."""
        return f"<Registry {self._source.text}>"

    def __enter__(self) -> Self:
        """Use it as a context manager."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @property
    def source(self) -> str:
        """Where the prompts come from, for people."""
        return self._source.text

    def get(self, ref: str) -> ResolvedPrompt:
        """The prompt that `ref` (`name[@selector]`) means, ready to render.

        Without a selector that is the version live in the default environment; while traffic is
        split, the longer-standing one. Never anything else than what was asked for.

        Raises:
            UsageError: the ref is malformed.
            PromptNotFoundError, VersionNotFoundError, EnvironmentNotFoundError,
            NotDeployedError: there is no such thing.
            PausedError: the prompt's kill switch is on.
            IntegrityError: content is not what its digest, tag or deployment says.
            UntrustedError: a signature is required and missing or not by an allowed signer.
            SourceUnavailableError: the source is out of reach and nothing known is fresh enough.
        """
        answer = self._answers.get(ref)
        if answer is not None and self._clock() < answer[1]:
            return answer[0]
        return self._refuse_paused(self._find(ref))

    async def get_async(self, ref: str) -> ResolvedPrompt:
        """The same as `get`, without keeping the event loop waiting."""
        answer = self._answers.get(ref)
        if answer is not None and self._clock() < answer[1]:
            return answer[0]
        import asyncio

        return self._refuse_paused(await asyncio.to_thread(self._find, ref))

    def find(self, ref: str, version: str | None = None) -> ResolvedPrompt:
        """As `get`, for runs: a prompt that is paused is returned, too, and says so.

        Args:
            ref: the ref.
            version: which of the versions that share the traffic of an environment; None: the
                longer-standing one.
        """
        answer = self._answers.get(_key(ref, version))
        if answer is not None and self._clock() < answer[1]:
            return answer[0]
        return self._find(ref, version)

    async def find_async(self, ref: str, version: str | None = None) -> ResolvedPrompt:
        """The same as `find`, without keeping the event loop waiting."""
        answer = self._answers.get(_key(ref, version))
        if answer is not None and self._clock() < answer[1]:
            return answer[0]
        import asyncio

        return await asyncio.to_thread(self._find, ref, version)

    def describe_pause(self, resolved: ResolvedPrompt) -> PausedError:
        """Return the error that says by whom, when and why a prompt was paused."""
        message, hint = describe_pause(resolved, self._current()[0].look.view)
        return PausedError(message, hint=hint)

    def list(self, environment: str | None = None) -> tuple[LivePrompt, ...]:
        """What is live in an environment (the default one when None), sorted by name.

        Raises what `get` raises for environments.
        """
        self._refuse_closed()
        view = self._current()[0].look.view
        name = view.default_environment if environment is None else check_environment(environment)
        return view.live(name).list()

    def refresh(self) -> None:
        """Ask the source now, and wait for the answer.

        Raises SourceUnavailableError when it is out of reach (what is known stays), and what is
        wrong with its answer otherwise.
        """
        self._refuse_closed()
        with self._asking:
            state = self._update()
        for refusal in state.look.refusals:
            raise _again(refusal)

    def run(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        user: str | None = None,
        tenant: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> Run:
        """Run a prompt: check the inputs, render, ask a model within the limits, and record it.

        Args:
            ref: as `get` takes it.
            inputs: the values of the prompt's inputs.
            user: on whose behalf; limits and erasure go by it.
            tenant: of which customer.
            key: what stays with one version while traffic is split; `user` when None.
            model: another model than the prompt's; its fallbacks do not count then.

        Raises:
            Every error says its `stage` and `run_id`. Beside those of `get`:
            InputError, TemplateError: the inputs do not fit.
            GuardError: a limit refuses the run before money is spent.
            ModelError, BreakerOpenError: no model answered.
            OutputError: the answer is not what the prompt's output schema promises.
        """
        from promptops.runtime.run.runner import Caller

        return self.open_runner().run(ref, inputs or {}, Caller(user, tenant, key), model)

    async def arun(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        user: str | None = None,
        tenant: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> Run:
        """As `run`, on an event loop."""
        from promptops.runtime.run.runner import Caller

        caller = Caller(user, tenant, key)
        return await self.open_runner().arun(ref, inputs or {}, caller, model)

    def stream(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        user: str | None = None,
        tenant: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> Iterator[Spoken]:
        """As `run`, but yield the answer as it is written; the last piece holds the run.

        Close the iterator to end the call early: the provider sees the connection go.
        """
        from promptops.runtime.run.runner import Caller

        return self.open_runner().stream(ref, inputs or {}, Caller(user, tenant, key), model)

    def astream(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        user: str | None = None,
        tenant: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> AsyncIterator[Spoken]:
        """As `stream`, on an event loop."""
        from promptops.runtime.run.runner import Caller

        return self.open_runner().astream(ref, inputs or {}, Caller(user, tenant, key), model)

    def plan(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        user: str | None = None,
        tenant: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> Plan:
        """Return what `run` would do: model, request, tokens and highest cost; nothing is asked."""
        from promptops.runtime.run.runner import Caller

        return self.open_runner().plan(ref, inputs or {}, Caller(user, tenant, key), model)

    def feedback(
        self,
        run_id: str,
        *,
        score: float | None = None,
        label: str | None = None,
        comment: str | None = None,
        by: str | None = None,
    ) -> None:
        """Record what somebody thought of the answer of a run, also long after it."""
        self.open_runner().feedback(run_id, score=score, label=label, comment=comment, by=by)

    def open_runner(self) -> Runner:
        """Return what runs this registry's prompts, made when first asked for."""
        self._refuse_closed()
        runner = self._runner
        if runner is None:
            from promptops.runtime.run.opening import open_runner

            # Two runners would count and record in two places.
            with self._asking:
                runner = self._runner or open_runner(self, self._source.repository)
                self._runner = runner
        return runner

    async def aclose(self) -> None:
        """Close the connections of the running event loop; `close` ends everything else."""
        if self._runner is not None:
            await self._runner.aclose()

    def close(self) -> None:
        """End the processes in use. A closed registry answers nothing any more."""
        self._is_closed = True
        if self._runner is not None:
            self._runner.close()
        self._answers = {}
        self._source.close()

    # Finding

    def _refuse_paused(self, resolved: ResolvedPrompt) -> ResolvedPrompt:
        if resolved.paused is not None:
            raise self.describe_pause(resolved)
        return resolved

    def _find(self, ref: str, version: str | None = None) -> ResolvedPrompt:
        self._refuse_closed()
        wanted = parse_ref(ref)
        kind = wanted.selector.kind if wanted.selector is not None else None
        if kind is SelectorKind.VERSION:
            return self._find_exact(ref, wanted)
        state, is_stale = self._current()
        key = _key(ref, version)
        known = state.answers.get(key) if is_stale else None
        resolved = known[0] if known is not None else self._resolve(state, wanted, version)
        if resolved.paused is not None:
            # Never kept: what `get` finds among the answers may be used.
            return resolved
        if is_stale:
            state.answers.setdefault(key, (resolved, -_FOR_EVER))
            fetched_at = resolved.fetched_at_seconds
            if fetched_at is None:
                fetched_at = time.time() - (self._clock() - state.verified_at)
            resolved = as_stale(resolved, fetched_at, self._complaint())
        elif kind is not SelectorKind.WORKING:
            state.answers[key] = (resolved, state.verified_at + self._refresh)
        return resolved

    def _find_exact(self, ref: str, wanted: PromptRef) -> ResolvedPrompt:
        state = self._state or self._start_at_hand()
        try:
            resolved = self._resolve(state, wanted)
        except NotFoundError:
            if self._source.is_local:
                state = self._current()[0]
            elif self._clock() - self._asked_at > min(self._refresh, _ASK_AGAIN_SECONDS):
                with self._asking:
                    state = self._ask_kindly() or state
            else:
                raise
            resolved = self._resolve(state, wanted)
        state.answers[ref] = (resolved, _FOR_EVER)
        return resolved

    def _resolve(
        self, state: _State, wanted: PromptRef, version: str | None = None
    ) -> ResolvedPrompt:
        try:
            return state.look.view.resolve(wanted, version)
        except (GitError, IntegrityError) as error:
            refused = any(error.message == one.message for one in state.look.refusals)
            if refused or not self._repair():
                raise
        return (self._state or state).look.view.resolve(wanted, version)

    def _repair(self) -> bool:
        """Have a copy on disk that cannot be read made anew, once; whether that was done."""
        with self._asking:
            if self._is_repaired:
                return False
            self._is_repaired = True
            look = self._source.repair()
            if look is not None:
                self._adopt(look)
            return look is not None

    # Asking

    def _current(self) -> tuple[_State, bool]:
        """The state to answer from, and whether it is stale."""
        state = self._state
        if state is None:
            return self._start()
        age = self._clock() - state.verified_at
        if age < self._refresh:
            return state, False
        if self._source.is_local or age > self._max_stale:
            with self._asking:
                return self._renew(state)
        self._refresh_behind()
        if self._refusal is not None:
            raise _again(self._refusal)
        return state, True

    def _start_at_hand(self) -> _State:
        """The first state for what never changes: whatever is on disk will do, however old."""
        with self._asking:
            look = self._source.look() if self._state is None else None
            if look is not None:
                return self._adopt(look)
            return self._state or self._start()[0]

    def _start(self) -> tuple[_State, bool]:
        """The first state: asked for, or else the copy on disk."""
        with self._asking:
            if self._state is not None:
                return self._current()
            look = self._source.look()
            if look is not None and self._is_fresh(look):
                return self._adopt(look), False
            try:
                return self._update(), False
            except SourceUnavailableError as error:
                if look is None or look.age_seconds > self._max_stale:
                    raise
                self._trouble = error
                return self._adopt(look), True

    def _renew(self, known: _State) -> tuple[_State, bool]:
        """Ask and wait; while the source is out of reach, what is known for as long as it may."""
        if self._state is not None and self._state is not known:
            return self._current()
        try:
            return self._update(), False
        except SourceUnavailableError:
            if self._clock() - known.verified_at > self._max_stale:
                raise
            return known, True

    def _ask_kindly(self) -> _State | None:
        """Ask and wait; None while the source is out of reach."""
        try:
            return self._update()
        except SourceUnavailableError:
            return None

    def _refresh_behind(self) -> None:
        """Let one thread ask, unless one does already or one just failed."""
        has_failed = self._trouble is not None or self._refusal is not None
        if has_failed and self._clock() - self._asked_at < self._refresh:
            return
        if self._asking.acquire(blocking=False):
            try:
                if self._is_asked_behind:
                    return
                self._is_asked_behind = True
            finally:
                self._asking.release()
            threading.Thread(
                target=self._update_behind, name="promptops-refresh", daemon=True
            ).start()

    def _update_behind(self) -> None:
        try:
            with self._asking:
                self._update()
        except PromptopsError:
            return  # kept by _update, for those who ask next
        finally:
            self._is_asked_behind = False

    def _update(self) -> _State:
        """Ask the source, and go by its answer; `_asking` is held."""
        self._asked_at = self._clock()
        try:
            look = self._source.update()
        except SourceUnavailableError as error:
            self._trouble = error
            raise
        except PromptopsError as error:
            self._refusal = error
            raise
        finally:
            self._asked_at = self._clock()
        return self._adopt(look)

    def _adopt(self, look: Look) -> _State:
        if self._is_fresh(look):
            self._trouble = self._refusal = None
        state = _State(look, self._clock() - look.age_seconds)
        known = self._answers.copy()  # at once: other threads may be adding to it
        state.answers.update(
            {ref: answer for ref, answer in known.items() if answer[1] == _FOR_EVER}
        )
        self._state = state
        self._answers = state.answers
        return state

    def _is_fresh(self, look: Look) -> bool:
        if self._source.is_local:
            return True
        return look.age_seconds < self._refresh and not look.is_doubtful

    def _complaint(self) -> tuple[str, ...]:
        trouble = self._trouble
        return () if trouble is None else (f"the source is out of reach: {trouble.message}",)

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise UsageError("this registry is closed", hint="open another one: promptops.open()")

    def _after_fork(self) -> None:
        # Another thread of the parent may have held it, and does not exist here.
        self._asking = threading.RLock()
        self._is_asked_behind = False
        self._source.after_fork()


def _key(ref: str, version: str | None) -> str:
    """What an answer is kept under; no ref holds a NUL."""
    return ref if version is None else f"{ref}\0{version}"


def _again(error: PromptopsError) -> PromptopsError:
    """The same error once more: one raised in another thread has that thread's traceback."""
    return type(error)(error.message, hint=error.hint)


_REGISTRIES: weakref.WeakSet[Registry] = weakref.WeakSet()


def _after_fork() -> None:
    for registry in list(_REGISTRIES):
        registry._after_fork()  # noqa: SLF001 - one module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def open_registry(
    source: str | os.PathLike[str] | None = None,
    *,
    refresh: float = 60.0,
    max_stale: float = 86400.0,
    trust: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    environment: str | None = None,
) -> Registry:
    """Open a source of prompts.

    Args:
        source: a repository's folder (a work tree or a bare clone; None: the one around the
            current folder), which is read as it is and never fetched into; a clone URL
            (`file://`, `ssh://`, `https://`, `user@host:path`), followed in a mirror on disk; a
            snapshot's file; or a snapshot's URL, which ends in `.json`.
        refresh: for how many seconds an answer that can move is good without asking again.
        max_stale: for how many seconds one is served, marked as stale, when the source is out
            of reach.
        trust: an allowed signers file, as ssh-keygen(1) describes it, that does not come from the
            source. Deployments, releases and snapshots must then be signed by a key in it.
            Without it, whoever can write to the source is believed.
        cache: the folder for mirrors and copies; the system's cache folder when None.
        environment: the default environment; the source's own when None.

    Raises:
        NotARepositoryError, UsageError: there is no such source.
    """
    options = open_options(trust=trust, cache=cache, environment=environment)
    return Registry(choose_source(source, options), refresh=refresh, max_stale=max_stale)
