"""Resolve prompt refs in a repository, and verify the result.

Nothing here fetches. A `View` is one state of a source, from which it resolves every ref.
`RepositoryView` reads a Git repository; `snapshot.SnapshotView` reads a snapshot. Environments are
resolved only from their own branch, exact versions from their tag and commit. The digest is always
recomputed, and content with another digest is an error.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from promptops.delivery.release import (
    find_yank,
    parse_release,
    read_released_closure,
    verify_content,
    yank_reason,
)
from promptops.errors import (
    IntegrityError,
    NotFoundError,
    PromptNotFoundError,
    VersionNotFoundError,
)
from promptops.prompt.prompt import load_prompt
from promptops.prompt.reference import (
    PromptRef,
    Selector,
    SelectorKind,
    release_tag,
    yank_tag,
)
from promptops.repository.repository import find_prompt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from promptops.delivery.environments import Deployment
    from promptops.delivery.release import Release
    from promptops.delivery.state import Entry, Point
    from promptops.errors import PromptopsError
    from promptops.git.signing.ssh import SshTrust
    from promptops.prompt.closure import Closure
    from promptops.prompt.prompt import Prompt
    from promptops.prompt.version import Version
    from promptops.repository.config import Config
    from promptops.repository.repository import Repository
    from promptops.runtime.live import LiveEnvironments, LiveVersions, Placement, Share


@dataclass(frozen=True, slots=True)
class ResolvedPrompt:
    """One verified version of one prompt, and its origin.

    Attributes:
        ref: the requested ref.
        prompt: the prompt itself.
        commit: the released commit; None for the work tree.
        source: its source, for display.
        placement: the deployment, if an environment was requested.
        split: the live versions in that environment, the one that has been live longer first.
        paused: why the prompt is paused there, or None.
        yanked: why the release was yanked, or None.
        authenticated: the trusted signer of the deployment, release or snapshot; None if signatures
            are not required.
        warnings: warnings, one sentence each.
        fetched_at_seconds: when this was last known to be current, in seconds since 1970; None for
            just now.
        is_stale: whether the source should have been asked again, but has not answered.
    """

    ref: str
    prompt: Prompt
    commit: str | None
    source: str
    placement: Placement | None = None
    split: tuple[Share, ...] = ()
    paused: str | None = None
    yanked: str | None = None
    authenticated: str | None = None
    warnings: tuple[str, ...] = ()
    fetched_at_seconds: float | None = None
    is_stale: bool = False

    @property
    def name(self) -> str:
        """The prompt's name."""
        return self.prompt.name

    @property
    def version(self) -> str:
        """The version, such as `1.3.0`."""
        return str(self.prompt.version)

    @property
    def digest(self) -> str:
        """The digest of the prompt's closure."""
        return self.prompt.digest

    @property
    def model(self) -> str:
        """The model it was written for."""
        return self.prompt.model

    @property
    def description(self) -> str:
        """The prompt's description."""
        return self.prompt.description

    @property
    def author(self) -> str:
        """The author named in the frontmatter."""
        return self.prompt.author

    @property
    def data(self) -> Mapping[str, Any]:
        """The whole frontmatter, as JSON values."""
        return self.prompt.data

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The declared inputs: name -> type name or JSON Schema."""
        return self.prompt.inputs

    @property
    def parameters(self) -> dict[str, Any]:
        """The declared parameters of the model call besides model and messages."""
        return self.prompt.parameters

    @property
    def output(self) -> Mapping[str, Any] | None:
        """The JSON Schema of the answer, or None."""
        return self.prompt.output

    @property
    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """The tool definitions."""
        return self.prompt.tools

    @property
    def environment(self) -> str | None:
        """The environment it was found in, or None."""
        return self.placement.environment if self.placement else None

    @property
    def deployment(self) -> int | None:
        """The number of the environment's newest deployment, or None."""
        return self.placement.deployment if self.placement else None

    @property
    def deployed_at(self) -> datetime | None:
        """The time of that deployment, in UTC, or None."""
        return _as_time(self.placement.deployed_at_seconds) if self.placement else None

    @property
    def fetched_at(self) -> datetime | None:
        """The time when this was last known to be current, in UTC; None for just now."""
        return _as_time(self.fetched_at_seconds)

    def render(
        self, values: Mapping[str, object] | None = None, /, **inputs: object
    ) -> list[dict[str, Any]]:
        """Return the messages for these inputs: `[{"role": ..., "content": ...}]`.

        Raises InputError for missing, unknown or mistyped inputs, and TemplateError if the template
        fails. The same inputs always give the same messages.
        """
        return self.prompt.render(values, **inputs)

    def request(
        self, values: Mapping[str, object] | None = None, /, **inputs: object
    ) -> dict[str, Any]:
        """Return the keyword arguments for a chat completion call with an OpenAI-like client."""
        return self.prompt.request(values, **inputs)

    def __str__(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


def _as_time(seconds: float | None) -> datetime | None:
    if seconds is None:
        return None
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


@dataclass(slots=True)
class SourceMemory:
    """Data shared by successive looks at a source.

    Attributes:
        prompts: verified prompts by name and digest: the same digest is the same content.
        seen: the newest deployment seen of each environment; older ones are refused.
        lives: environment -> state of the newest deployment read.
        reading: a lock, held from reading an environment's branch until `seen` is updated.
    """

    prompts: dict[tuple[str, str], Prompt] = field(default_factory=dict)
    seen: dict[str, Point] = field(default_factory=dict)
    lives: dict[str, tuple[Deployment, Mapping[str, Entry]]] = field(default_factory=dict)
    reading: threading.Lock = field(default_factory=threading.Lock)

    def after_fork(self) -> None:
        """Replace the lock in a forked child, where its holder does not exist."""
        self.reading = threading.Lock()

    def adopt(self, closure: Closure, digest: str) -> Prompt:
        """Return the prompt of a verified closure; a known one if there is."""
        known = self.prompts.get((closure.name, digest))
        if known is None:
            known = self.prompts[closure.name, digest] = load_prompt(closure, digest=digest)
        return known


class View(Protocol):
    """One state of a source."""

    @property
    def source(self) -> str:
        """The source's name, for display."""

    @property
    def default_environment(self) -> str:
        """The default environment of refs."""

    @property
    def config(self) -> Config:
        """The source's configuration for runs."""

    def live(self, environment: str) -> LiveVersions:
        """Return what is live in an environment. Raises EnvironmentNotFoundError."""

    def resolve(self, ref: PromptRef, version: str | None = None) -> ResolvedPrompt:
        """Resolve a ref. A paused prompt is returned and marked as such.

        `version` chooses among the versions that share an environment's traffic; None: the one that
        has been live longer.
        """

    def find_pause(self, resolved: ResolvedPrompt) -> str:
        """Return who paused it and when, as ` by NAME on DATE`; empty if unknown."""


def describe_pause(resolved: ResolvedPrompt, view: View) -> tuple[str, str]:
    """Return message and hint for a paused prompt: who paused it, when (if known) and why."""
    cause = view.find_pause(resolved)
    message = f"{resolved.name} is paused in {resolved.environment}{cause}: {resolved.paused}"
    hint = (
        f"run promptops resume {resolved.name} --env {resolved.environment}, or use an exact "
        f"version such as {resolved}"
    )
    return message, hint


def with_default(ref: PromptRef, environment: str) -> PromptRef:
    """Return the ref, with the default environment if it has no selector."""
    if ref.selector is not None:
        return ref
    return PromptRef(ref.name, Selector(SelectorKind.ENVIRONMENT, environment))


class RepositoryView:
    """One state of a repository: with a work tree, bare, or a mirror.

    Environments are read once and then cached; create another view to read again.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        source: str,
        memory: SourceMemory | None = None,
        trust: SshTrust | None = None,
        environment: str | None = None,
        fetched_at_seconds: float | None = None,
        refusals: Mapping[str, PromptopsError] | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        """Open a view of `repository`.

        Args:
            repository: the repository.
            source: its name for display.
            memory: the data shared with earlier looks at the same source.
            trust: the trusted keys; None: trust everybody who can write to the source.
            environment: the default environment; None: the configured one.
            fetched_at_seconds: when the repository was last fetched; None: find out.
            refusals: environments that must not be read, with the reasons.
            warnings: warnings for every reader.
        """
        self.repository = repository
        self.source = source
        self._memory = memory or SourceMemory()
        self._trust = trust
        self._environment = environment
        self._fetched_at = fetched_at_seconds
        self._refusals = refusals or {}
        self._warnings = warnings
        # Threads that share this view may each create a reader, but read each environment once.
        self._lives: dict[str, LiveVersions] = {}
        self._environments: LiveEnvironments | None = None

    @property
    def default_environment(self) -> str:
        """The default environment of refs."""
        return self._environment or self.repository.config.default_environment

    @property
    def config(self) -> Config:
        """The configuration of the work tree, or of the default branch.

        If signatures are required, the configuration of a remote source is not used, because it is
        not signed.
        """
        is_elsewhere = self._fetched_at is not None
        if is_elsewhere and self._trust is not None:
            from promptops.repository.config import Config

            return Config()
        return self.repository.config

    def resolve(self, ref: PromptRef, version: str | None = None) -> ResolvedPrompt:
        """Resolve `ref`; see the module's docstring."""
        ref_text = str(ref)
        ref = with_default(ref, self.default_environment)
        selector = ref.selector
        if selector is None or selector.kind is SelectorKind.ENVIRONMENT:
            return self._resolve_live(ref_text, ref.name, str(selector), version)
        if selector.kind is SelectorKind.WORKING:
            prompt = find_prompt(self.repository.working, ref.name, where="in the work tree")
            return ResolvedPrompt(ref_text, prompt, None, self.source)
        return self._resolve_release(ref_text, ref.name, selector)

    # Releases

    def _resolve_release(self, ref: str, name: str, selector: Selector) -> ResolvedPrompt:
        version = selector.version
        if version is None:
            from promptops.delivery.releases import select_release

            try:
                version = select_release(self.repository, name, selector).version
            except VersionNotFoundError as error:
                raise self._refine_error(error, name) from error
        tag, yank = self.repository.objects.read_many(
            (release_tag(name, version), yank_tag(name, version))
        )
        if tag is None or tag.kind != "tag":
            from promptops.delivery.releases import require_release

            try:
                require_release(self.repository, name, version)  # raises the error
            except VersionNotFoundError as error:
                raise self._refine_error(error, name) from error
            raise IntegrityError(f"the release {name}@{version} changed while it was read")
        release = parse_release(name, version, tag.oid, tag.data)
        signer = None
        if self._trust is not None:
            signer = self._trust.authenticate_object(f"the release {release}", tag.oid, tag.data)
        yanked = None if yank is None else yank_reason(yank)
        return ResolvedPrompt(
            ref=ref,
            prompt=self._load_release(release),
            commit=release.commit,
            source=self.source,
            yanked=yanked,
            authenticated=signer,
            warnings=self._warnings
            if yanked is None
            else (*self._warnings, describe_yank(name, str(version), yanked)),
            fetched_at_seconds=self._fetched_at,
        )

    def _load_release(self, release: Release) -> Prompt:
        known = self._memory.prompts.get((release.name, release.digest))
        if known is not None and known.version == release.version:
            return known
        closure = read_released_closure(self.repository, release)
        # In a crafted tree a path may be a link or a folder. It is then read as such, or as
        # missing, and the digest differs from the released one.
        prompt = self._verify(str(release), closure, release.digest, release.version)
        return self._memory.prompts.setdefault((release.name, release.digest), prompt)

    def _verify(self, what: str, closure: Closure, digest: str, version: Version) -> Prompt:
        return verify_content(what, closure, digest, version, load=self._memory.adopt)

    def _refine_error(self, error: NotFoundError, name: str) -> NotFoundError:
        """Return a more precise error if the prompt is unknown, and not only the version."""
        from promptops.delivery.releases import list_tags
        from promptops.suggestion import nearest

        names = {known for known, _ in list_tags(self.repository)}
        if name in names:
            return error
        near = nearest(name, names)
        return PromptNotFoundError(
            f"{name} has no release in {self.source}",
            hint=f"did you mean {near}?" if near else error.hint,
        )

    # Environments

    @property
    def environments(self) -> LiveEnvironments:
        """The reader of environments; a pinned version does not need it."""
        if self._environments is None:
            from promptops.runtime.live import LiveEnvironments

            self._environments = LiveEnvironments(
                self.repository,
                source=self.source,
                memory=self._memory,
                trust=self._trust,
                fetched_at_seconds=self._fetched_at,
                refusals=self._refusals,
                warnings=self._warnings,
                lives=self._lives,
            )
        return self._environments

    def _resolve_live(
        self, ref: str, name: str, environment: str, version: str | None
    ) -> ResolvedPrompt:
        from promptops.runtime.live import choose_live, describe_split

        live = self.live(environment)
        entry = live.entries.get(name)
        if entry is None:
            raise self.environments.not_live(name, live)
        first = choose_live(name, environment, entry, version)
        yanked = self.find_yank(name, first.version)
        warnings = live.warnings
        if yanked is not None:
            warnings += (describe_yank(name, str(first.version), yanked),)
        return ResolvedPrompt(
            ref=ref,
            prompt=self.environments.load_live(live, name, first.version, first.digest),
            commit=first.commit,
            source=self.source,
            placement=live.placement,
            split=describe_split(entry),
            paused=entry.paused,
            yanked=yanked,
            authenticated=live.authenticated,
            warnings=warnings,
            fetched_at_seconds=live.fetched_at_seconds,
        )

    def live(self, environment: str) -> LiveVersions:
        """Return what is live in `environment`, as of the first call."""
        return self.environments.live(environment)

    # Details

    def find_pause(self, resolved: ResolvedPrompt) -> str:
        """Return who paused the prompt and when, as ` by NAME on DATE`; empty if too long ago."""
        return self.environments.find_pause(resolved)

    def find_yank(self, name: str, version: Version) -> str | None:
        """Return why the release was yanked; None if it was not."""
        return find_yank(self.repository, name, version)


def describe_yank(name: str, version: str, reason: str) -> str:
    """Return the warning for a yanked release."""
    return f"{name} {version} was yanked: {reason}"


def as_stale(
    resolved: ResolvedPrompt, fetched_at_seconds: float, warnings: tuple[str, ...]
) -> ResolvedPrompt:
    """Return the result marked as stale, from `fetched_at_seconds`."""
    return replace(
        resolved,
        is_stale=True,
        fetched_at_seconds=fetched_at_seconds,
        warnings=(*resolved.warnings, *warnings),
    )


def open_view(repository: Repository, *, trust: str | None = None) -> RepositoryView:
    """Open a view of the user's own repository, for a command.

    `trust` is the path of an allowed signers file; None: do not require signatures.
    """
    known = None
    if trust is not None:
        from promptops.git.signing.ssh import open_trust

        known = open_trust(trust)
    return RepositoryView(repository, source=describe_repository(repository), trust=known)


def describe_repository(repository: Repository) -> str:
    """Return a repository's location, for display."""
    return str(repository.git.work_tree or repository.git.git_dir)
