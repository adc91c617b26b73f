"""The library: resolve prompts by ref, from a source that may be slow, down or compromised.

How long an answer is used without asking the source again is in `finder` and `following`. Refused
content (altered, rolled back, not signed) is an error.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from promptops.errors import PausedError, UsageError
from promptops.prompt.reference import check_environment
from promptops.runtime.finder import Finder
from promptops.runtime.following import Following, Timing, again
from promptops.runtime.forking import forget_imports
from promptops.runtime.resolution import describe_pause
from promptops.runtime.sources.repositories import choose_source, open_options

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from promptops.delivery.environments import Deployment
    from promptops.repository.config import Config
    from promptops.runtime.conversation.conversation import Conversation
    from promptops.runtime.conversation.opening import Conversations
    from promptops.runtime.live import LivePrompt
    from promptops.runtime.past import Released
    from promptops.runtime.resolution import ResolvedPrompt
    from promptops.runtime.run.interface import Caller, Plan, StreamPart
    from promptops.runtime.run.result import Run
    from promptops.runtime.run.runner import Runner
    from promptops.runtime.sources.source import Source

# A missing version may be new, so ask the source, but at most once in this time.
_ASK_AGAIN_SECONDS = 5.0


class Registry:
    """Resolves prompt refs and runs prompts. Threads may share one, and so may forked processes.

    Create one with `promptops.open`. It is a context manager; closing it ends the processes it
    uses.
    """

    def __init__(
        self,
        source: Source,
        *,
        refresh: float = 60.0,
        refresh_timeout: float = 1.0,
        max_stale: float = 86400.0,
        config: str | os.PathLike[str] | None = None,
        timing: Timing | None = None,
    ) -> None:
        """Use prompts from `source`.

        Args:
            source: the source.
            refresh: how long a changeable answer is used without asking again, in seconds.
            refresh_timeout: how long a caller waits for a newer answer, in seconds.
            max_stale: how long an answer is used while the source is unreachable, in seconds.
            config: the configuration file for runs; see `open_registry`.
            timing: clock and threads.
        """
        if not (refresh >= 0 and refresh_timeout >= 0 and max_stale >= 0):
            raise UsageError("refresh, refresh_timeout and max_stale are seconds, and not negative")
        self._source = source
        self._config = config
        self._timing = timing or Timing()
        self._following = Following(
            source,
            refresh=refresh,
            refresh_timeout=refresh_timeout,
            max_stale=max_stale,
            timing=self._timing,
        )
        self._finder = Finder(self._following, self._timing)
        # Held while a runner is created.
        self._making = threading.RLock()
        self._is_closed = False
        self._runner: Runner | None = None
        self._conversations: Conversations | None = None
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
        """The source's name, for display."""
        return self._source.text

    @property
    def default_environment(self) -> str:
        """The default environment of refs.

        Raises SourceUnavailableError if the source cannot be asked.
        """
        self._refuse_closed()
        return self._following.current()[0].look.view.default_environment

    def get(self, ref: str) -> ResolvedPrompt:
        """Return the prompt of `ref` (`name[@selector]`), ready to render.

        The default is the version live in the default environment; while traffic is split, the one
        that has been live longer. There is no fallback to another version.

        Raises:
            UsageError: the ref is malformed.
            PromptNotFoundError, VersionNotFoundError, EnvironmentNotFoundError,
            NotDeployedError: it does not exist.
            PausedError: the prompt's kill switch is on.
            IntegrityError: content differs from its digest, tag or deployment.
            UntrustedError: a required signature is missing or not by an allowed signer.
            SourceUnavailableError: the source is unreachable and no known answer is fresh enough.
        """
        known = self._finder.recall(ref)
        return self._refuse_paused(self._find(ref)) if known is None else known

    async def get_async(self, ref: str) -> ResolvedPrompt:
        """As `get`, without blocking the event loop."""
        known = self._finder.recall(ref)
        if known is not None:
            return known
        import asyncio

        return self._refuse_paused(await asyncio.to_thread(self._find, ref))

    def find(self, ref: str, version: str | None = None) -> ResolvedPrompt:
        """As `get`, for runs: a paused prompt is returned and marked as such.

        Args:
            ref: the ref.
            version: one of the versions that share an environment's traffic; None: the one that has
                been live longer.
        """
        known = self._finder.recall(ref, version)
        return self._find(ref, version) if known is None else known

    async def find_async(self, ref: str, version: str | None = None) -> ResolvedPrompt:
        """As `find`, without blocking the event loop."""
        known = self._finder.recall(ref, version)
        if known is not None:
            return known
        import asyncio

        return await asyncio.to_thread(self._find, ref, version)

    def describe_pause(self, resolved: ResolvedPrompt) -> PausedError:
        """Return the error for a paused prompt, with who paused it, when and why."""
        message, hint = describe_pause(resolved, self._following.current()[0].look.view)
        return PausedError(message, hint=hint)

    def list(self, environment: str | None = None) -> tuple[LivePrompt, ...]:
        """Return the live prompts of an environment (None: the default one), sorted by name.

        Raises as `get` for environments.
        """
        self._refuse_closed()
        view = self._following.current()[0].look.view
        name = view.default_environment if environment is None else check_environment(environment)
        return view.live(name).list()

    def versions(self, name: str) -> tuple[Released, ...]:
        """Return the released versions of a prompt, newest first.

        Raises PromptNotFoundError, and UsageError if the source is a snapshot.
        """
        from promptops.runtime.past import list_versions

        self._refuse_closed()
        return list_versions(self._following.current()[0].look.view, name)

    def deployments(
        self, environment: str | None = None, *, name: str | None = None, limit: int | None = None
    ) -> tuple[Deployment, ...]:
        """Return the deployments of an environment (None: the default one), newest first.

        Args:
            environment: the environment.
            name: only those that changed this prompt.
            limit: the maximum number of deployments.

        Raises EnvironmentNotFoundError, and UsageError if the source is a snapshot.
        """
        from promptops.runtime.past import list_deployments

        self._refuse_closed()
        view = self._following.current()[0].look.view
        where = view.default_environment if environment is None else environment
        return list_deployments(view, where, name=name, limit=limit)

    def refresh(self) -> None:
        """Ask the source now, and wait for the answer.

        Raises SourceUnavailableError if it is unreachable (the known state is kept), or the error
        of a refused answer.
        """
        self._refuse_closed()
        for refusal in self._following.update().look.refusals:
            raise again(refusal)

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
            ref: as in `get`.
            inputs: the values of the prompt's inputs.
            user: the user of the run, for limits and erasure.
            tenant: the tenant.
            key: the key that always gets the same version while traffic is split; None: `user`.
            model: a model to use instead of the prompt's, without fallbacks.

        Raises:
            Every error has `stage` and `run_id`. Besides those of `get`:
            InputError, TemplateError: the inputs are not valid.
            GuardError: a limit refuses the run before it costs anything.
            ModelError, BreakerOpenError: no model answered.
            OutputError: the answer is not valid for the prompt's output schema.
        """
        from promptops.runtime.run.interface import Caller

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
        from promptops.runtime.run.interface import Caller

        caller = Caller(user, tenant, key)
        runner = await self._open_runner_async()
        return await runner.arun(ref, inputs or {}, caller, model)

    def stream(
        self,
        ref: str,
        inputs: Mapping[str, object] | None = None,
        *,
        user: str | None = None,
        tenant: str | None = None,
        key: str | None = None,
        model: str | None = None,
    ) -> Iterator[StreamPart]:
        """As `run`, but stream the answer; the last part has the run.

        Close the iterator to abort the call: the connection to the provider is closed.
        """
        from promptops.runtime.run.interface import Caller

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
    ) -> AsyncIterator[StreamPart]:
        """As `stream`, on an event loop."""
        from promptops.runtime.run.interface import Caller

        caller = Caller(user, tenant, key)
        if self._runner is not None or self._source.is_local:
            return self.open_runner().astream(ref, inputs or {}, caller, model)
        return self._open_and_stream(ref, inputs or {}, caller, model)

    async def _open_and_stream(
        self, ref: str, inputs: Mapping[str, object], caller: Caller, model: str | None
    ) -> AsyncIterator[StreamPart]:
        from contextlib import aclosing

        runner = await self._open_runner_async()
        pieces: Any = runner.astream(ref, inputs, caller, model)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

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
        """Return what `run` would do: model, request, tokens and maximum cost. Calls no model."""
        from promptops.runtime.run.interface import Caller

        return self.open_runner().plan(ref, inputs or {}, Caller(user, tenant, key), model)

    def record(
        self,
        prompt: ResolvedPrompt | str,
        answer: object,
        inputs: Mapping[str, object] | None = None,
        *,
        model: str | None = None,
        seconds: float = 0.0,
        user: str | None = None,
        tenant: str | None = None,
        key: str | None = None,
    ) -> str:
        """Record a call that you made with another client; return the id of its run.

        The run log then has it like all other runs, for `trace`, statistics, replay and feedback.
        Limits do not count it. An unwritable log is not an error.

        Args:
            prompt: the result of `get`, or a ref.
            answer: the model's answer: a text, or the completion in OpenAI's or Anthropic's format,
                as a mapping or as their client's object; or the exception of a failed call.
            inputs: the inputs of the prompt.
            model: the model; None: the prompt's.
            seconds: the duration of the call.
            user: as in `run`.
            tenant: the tenant.
            key: the key for traffic shares.

        Raises:
            UsageError: the answer has an unknown format.
            PromptopsError: the ref selects no prompt.
        """
        from promptops.runtime.run.interface import Caller
        from promptops.runtime.run.recording import MadeCall

        resolved = self.find(prompt) if isinstance(prompt, str) else prompt
        made = MadeCall(resolved, answer, inputs, model, seconds)
        return self.open_runner().record(made, Caller(user, tenant, key))

    def waiting_run(self, run_id: str) -> Run:
        """Return a run that waits for tool results, to continue it with `reply`.

        Use it if the results come much later, or in another process. The log must have the run's
        content; a run without it, or with redacted content, can only be continued where it began.

        Raises:
            NotFoundError: the log has no such run.
            RefusedError: it does not wait, or the log lacks its content.
            IntegrityError: its prompt has changed.
            LogError: the log is unreadable.
        """
        return self.open_runner().reopen(run_id)

    def feedback(
        self,
        run_id: str,
        *,
        score: float | None = None,
        label: str | None = None,
        comment: str | None = None,
        by: str | None = None,
    ) -> None:
        """Record feedback on a run's answer, at any later time."""
        self.open_runner().feedback(run_id, score=score, label=label, comment=comment, by=by)

    def metrics(self) -> str:
        """Return the metrics of all processes on this machine, in Prometheus' format.

        Empty unless `[telemetry]` has `prometheus`.
        """
        from promptops.runtime.telemetry.opening import find_counts

        self._refuse_closed()
        config = self._read_config()
        if not config.telemetry.prometheus:
            return ""
        from promptops.runtime.telemetry.prometheus import format_metrics

        repository = self._source.repository
        common = None if repository is None else repository.git.common_dir
        top = None if repository is None else repository.git.work_tree
        return format_metrics(
            find_counts(config.telemetry, config.log, os.environ, common_dir=common, top=top)
        )

    def conversation(
        self,
        conversation: str,
        *,
        user: str | None = None,
        tenant: str | None = None,
        store: str | os.PathLike[str] | None = None,
        tokens: int | None = None,
        summary: str | None = None,
        ttl: float | None = None,
    ) -> Conversation:
        """Return a conversation by its id; it is created with its first message.

        Defaults come from the configuration's table `[conversations]`.

        Args:
            conversation: its id.
            user: its owner; others have no access.
            tenant: the tenant.
            store: the store: a file's path, `redis://...` or `postgresql://...`.
            tokens: the approximate number of tokens of history that a prompt gets.
            summary: the ref of the prompt that summarizes older messages.
            ttl: how long it is kept after its last message, in seconds.

        Raises:
            ConfigurationError: the table is invalid, or a variable that it names is not set.
            LogError: the store is unusable.
        """
        from dataclasses import replace

        from promptops.runtime.conversation.entries import Owner

        conversations = self.open_conversations()
        given = {
            "store": None if store is None else os.fspath(store),
            "tokens": tokens,
            "summary": summary,
            "ttl_seconds": ttl,
        }
        chosen: dict[str, Any] = {name: one for name, one in given.items() if one is not None}
        if store is not None:
            chosen["store_variable"] = None
        settings = replace(conversations.settings, **chosen)
        return conversations.open(conversation, Owner(user, tenant), settings)

    def open_conversations(self) -> Conversations:
        """Return the conversations of this registry, created on first use."""
        self._refuse_closed()
        with self._making:
            if self._conversations is None:
                from promptops.runtime.conversation.opening import Conversations

                self._conversations = Conversations(
                    self, self._source.repository, self._read_config()
                )
            return self._conversations

    def open_runner(self) -> Runner:
        """Return the runner of this registry's prompts, created on first use."""
        self._refuse_closed()
        runner = self._runner
        if runner is None:
            from promptops.runtime.run.opening import open_runner

            # Only one runner: two would count and record separately.
            with self._making:
                runner = self._runner or open_runner(
                    self, self._source.repository, self._read_config()
                )
                self._runner = runner
        return runner

    async def _open_runner_async(self) -> Runner:
        """As `open_runner`, without blocking the event loop."""
        if self._runner is not None or self._source.is_local:
            return self.open_runner()
        import asyncio

        return await asyncio.to_thread(self.open_runner)

    def _read_config(self) -> Config:
        from promptops.runtime.configuration import choose_config

        return choose_config(
            self._config, os.environ, lambda: self._following.last_known().look.view.config
        )

    async def aclose(self) -> None:
        """Close the connections of the running event loop; `close` ends everything else."""
        if self._runner is not None:
            await self._runner.aclose()

    def close(self) -> None:
        """Close the registry and end its processes. It cannot be used afterwards."""
        self._is_closed = True
        if self._conversations is not None:
            self._conversations.close()
        if self._runner is not None:
            self._runner.close()
        self._finder.forget()
        self._source.close()

    def _find(self, ref: str, version: str | None = None) -> ResolvedPrompt:
        self._refuse_closed()
        return self._finder.find(ref, version)

    def _refuse_paused(self, resolved: ResolvedPrompt) -> ResolvedPrompt:
        if resolved.paused is not None:
            raise self.describe_pause(resolved)
        return resolved

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise UsageError("this registry is closed", hint="open another one: promptops.open()")

    def _after_fork(self) -> None:
        # Another thread of the parent may have held it; that thread does not exist here.
        self._making = threading.RLock()
        self._finder.after_fork()
        self._following.after_fork()
        self._source.after_fork()


_REGISTRIES: weakref.WeakSet[Registry] = weakref.WeakSet()


def _after_fork() -> None:
    forget_imports()
    for registry in list(_REGISTRIES):
        registry._after_fork()  # noqa: SLF001 - one module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def open_registry(  # noqa: PLR0913 - each is a setting of its own
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    *,
    refresh: float = 60.0,
    refresh_timeout: float = 1.0,
    max_stale: float = 86400.0,
    config: str | os.PathLike[str] | None = None,
    trust: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    environment: str | None = None,
    follow: bool = True,
) -> Registry:
    """Open a source of prompts.

    Args:
        source: a repository's folder (a work tree or a bare clone; None: the one around the current
            folder), which follows its remote where it has one; a clone URL (`file://`,
            `ssh://`, `https://`, `user@host:path`), followed in a mirror on disk; a snapshot's
            file; or a snapshot's URL, which ends in `.json`. Or a list of copies of one source:
            each is asked if those before it are unreachable.
        refresh: how long a changeable answer is used without asking again, in seconds.
        refresh_timeout: how long a caller waits for a newer answer, in seconds. A pause is seen
            within `refresh` + `refresh_timeout` if the source answers within the latter.
        max_stale: how long an answer is used, marked as stale, while the source is unreachable, in
            seconds.
        config: the configuration file for runs (`[models]`, `[guards]`, `[log]` and others); None:
            the file in PROMPTOPS_CONFIG, else the source's: of the work tree, the default branch,
            or the snapshot.
        trust: an allowed signers file, as ssh-keygen(1) describes it, that does not come from the
            source. Deployments, releases and snapshots must then be signed by a key in it. Without
            it, everybody who can write to the source is trusted.
        cache: the folder for mirrors and copies; None: the user's cache folder.
        environment: the default environment; None: the source's own.
        follow: whether a local repository with a remote is asked for newer deployments, which are
            fetched into it (environments and release tags, never branches). Without it, the clone
            is read as it is: every resolution says when it was last fetched, the log warns once,
            and after `max_stale` it is refused.

    Raises:
        NotARepositoryError, UsageError: there is no such source.
    """
    options = open_options(
        trust=trust,
        cache=cache,
        environment=environment,
        max_fetch_age=None if follow else max_stale,
    )
    return Registry(
        choose_source(source, options),
        refresh=refresh,
        refresh_timeout=refresh_timeout,
        max_stale=max_stale,
        config=config,
    )
