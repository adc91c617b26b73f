"""Resolving: what a prompt ref means exactly, read from a repository and checked against itself.

Nothing here caches for long, fetches or guesses. A `View` is one look at a source: it answers every
ref from one state of it. `RepositoryView` looks at a Git repository; `promptops.snapshot` has the
other one. An environment is answered from its own branch alone, an exact version from its tag and
commit; either way the digest is computed anew, and content that does not fit it is an error.
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
    """One version of one prompt, verified, and how it was found.

    Attributes:
        ref: the ref that was asked for.
        prompt: the prompt itself.
        commit: the commit that was released; None for the work tree.
        source: where it came from, for people.
        placement: the deployment it was found in, when an environment was asked.
        split: what is live in that environment, the longer-standing version first.
        paused: why the prompt is paused there, or None.
        yanked: why the release was yanked, or None.
        authenticated: the trusted signer of the deployment, release or snapshot; None when the
            source is unauthenticated.
        warnings: what the caller should know, one sentence each.
        fetched_at_seconds: when the source was last known to be so, in seconds since 1970; None
            where it was read just now.
        is_stale: whether the source could not (or not yet) be asked again when it should have been.
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
        """The digest of all that the prompt consists of."""
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
        """The prompt's author, as the frontmatter names them."""
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
        """What the model call takes beside model and messages, as declared."""
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
        """When that deployment was made, in UTC, or None."""
        return _as_time(self.placement.deployed_at_seconds) if self.placement else None

    @property
    def fetched_at(self) -> datetime | None:
        """When the source was last known to be so, in UTC; None where it was read just now."""
        return _as_time(self.fetched_at_seconds)

    def render(
        self, values: Mapping[str, object] | None = None, /, **inputs: object
    ) -> list[dict[str, Any]]:
        """Return the messages for these inputs: `[{"role": ..., "content": ...}]`.

        Raises InputError for missing, unknown or mistyped inputs, TemplateError for what goes wrong
        inside the template. The same inputs always give the same messages.
        """
        return self.prompt.render(values, **inputs)

    def request(
        self, values: Mapping[str, object] | None = None, /, **inputs: object
    ) -> dict[str, Any]:
        """Return the keyword arguments of a chat completion call, for any client with OpenAI's
        interface.
        """
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
class Memory:
    """What outlives one look at a source.

    Attributes:
        prompts: verified prompts by name and digest: the same digest is the same content.
        seen: the newest deployment seen of each environment; nothing older is taken again.
        lives: the state of each deployment read, by environment: only the newest.
        reading: held from reading an environment's branch until it is noted in `seen`.
    """

    prompts: dict[tuple[str, str], Prompt] = field(default_factory=dict)
    seen: dict[str, Point] = field(default_factory=dict)
    lives: dict[str, tuple[Deployment, Mapping[str, Entry]]] = field(default_factory=dict)
    reading: threading.Lock = field(default_factory=threading.Lock)

    def after_fork(self) -> None:
        """In a forked child: the thread that held the lock does not exist here."""
        self.reading = threading.Lock()

    def adopt(self, closure: Closure, digest: str) -> Prompt:
        """Return the prompt of a closure whose digest was verified: the one known already, if
        so.
        """
        known = self.prompts.get((closure.name, digest))
        if known is None:
            known = self.prompts[closure.name, digest] = load_prompt(closure, digest=digest)
        return known


class View(Protocol):
    """One look at a source."""

    @property
    def source(self) -> str:
        """Where this looks, for people."""

    @property
    def default_environment(self) -> str:
        """What a ref without a selector means."""

    @property
    def config(self) -> Config:
        """The configuration that runs of these prompts go by, as far as the source says."""

    def live(self, environment: str) -> LiveVersions:
        """Return what is live there; EnvironmentNotFoundError without that environment."""

    def resolve(self, ref: PromptRef, version: str | None = None) -> ResolvedPrompt:
        """Return what the ref means. A paused prompt resolves, and says so.

        `version` chooses among those that share an environment's traffic; None: the longer-standing
        one.
        """

    def find_pause(self, resolved: ResolvedPrompt) -> str:
        """Return who paused it and when, as ` by NAME on DATE`; nothing where that is not known."""


def describe_pause(resolved: ResolvedPrompt, view: View) -> tuple[str, str]:
    """Message and hint for a prompt whose kill switch is on: by whom, when (if known) and why."""
    cause = view.find_pause(resolved)
    message = f"{resolved.name} is paused in {resolved.environment}{cause}: {resolved.paused}"
    hint = (
        f"promptops resume {resolved.name} --env {resolved.environment} lifts it; "
        f"an exact version such as {resolved} is not paused"
    )
    return message, hint


def with_default(ref: PromptRef, environment: str) -> PromptRef:
    """Return the ref with the default environment where it names nothing."""
    if ref.selector is not None:
        return ref
    return PromptRef(ref.name, Selector(SelectorKind.ENVIRONMENT, environment))


class RepositoryView:
    """One look at a repository: a work tree's, a bare clone or a mirror.

    Environments are read once and then stay as they were; make another view to look again.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        source: str,
        memory: Memory | None = None,
        trust: SshTrust | None = None,
        environment: str | None = None,
        fetched_at_seconds: float | None = None,
        refusals: Mapping[str, PromptopsError] | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        """Look at `repository`.

        Args:
            repository: where to look.
            source: its name for people.
            memory: what earlier looks at the same source know.
            trust: whom to believe; None believes whoever can write to the source.
            environment: the default environment; the configuration's when None.
            fetched_at_seconds: when the repository was brought up to date; found out when None.
            refusals: environments that may not be read now, and why.
            warnings: what every reader should know.
        """
        self.repository = repository
        self.source = source
        self._memory = memory or Memory()
        self._trust = trust
        self._environment = environment
        self._fetched_at = fetched_at_seconds
        self._refusals = refusals or {}
        self._warnings = warnings
        # Threads that share this view may each make what reads, but read once between them.
        self._lives: dict[str, LiveVersions] = {}
        self._environments: LiveEnvironments | None = None

    @property
    def default_environment(self) -> str:
        """The environment that a ref without a selector means."""
        return self._environment or self.repository.config.default_environment

    @property
    def config(self) -> Config:
        """That of the work tree, or of the default branch.

        Where signatures are required, that of a source elsewhere is not taken: nobody signs it.
        """
        is_elsewhere = self._fetched_at is not None
        if is_elsewhere and self._trust is not None:
            from promptops.repository.config import Config

            return Config()
        return self.repository.config

    def resolve(self, ref: PromptRef, version: str | None = None) -> ResolvedPrompt:
        """Return what `ref` means; see the module."""
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
                raise self._sharpen(error, name) from error
        tag, yank = self.repository.objects.read_many(
            (release_tag(name, version), yank_tag(name, version))
        )
        if tag is None or tag.kind != "tag":
            from promptops.delivery.releases import require_release

            try:
                require_release(self.repository, name, version)  # raises what is to be said
            except VersionNotFoundError as error:
                raise self._sharpen(error, name) from error
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
        # A path that a crafted tree makes a link or a folder is read as what it is, or as
        # missing, and then the digest cannot be the one that was released.
        prompt = self._verify(str(release), closure, release.digest, release.version)
        return self._memory.prompts.setdefault((release.name, release.digest), prompt)

    def _verify(self, what: str, closure: Closure, digest: str, version: Version) -> Prompt:
        return verify_content(what, closure, digest, version, load=self._memory.adopt)

    def _sharpen(self, error: NotFoundError, name: str) -> NotFoundError:
        """Say that the prompt is unknown where that, and not the version, is what is wrong."""
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
        """What reads the environments; a pinned version does without."""
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
        """Return what is live in `environment`, as it was when this view was first asked."""
        return self.environments.live(environment)

    # What people ask beside

    def find_pause(self, resolved: ResolvedPrompt) -> str:
        """Return who paused the prompt and when, as ` by NAME on DATE`; nothing if too long ago."""
        return self.environments.find_pause(resolved)

    def find_yank(self, name: str, version: Version) -> str | None:
        """Return why the release was yanked, or None when it was not."""
        return find_yank(self.repository, name, version)


def describe_yank(name: str, version: str, reason: str) -> str:
    """Return the warning for a release that was yanked."""
    return f"{name} {version} was yanked: {reason}"


def as_stale(
    resolved: ResolvedPrompt, fetched_at_seconds: float, warnings: tuple[str, ...]
) -> ResolvedPrompt:
    """Return the same answer, marked as one from `fetched_at_seconds` that could not be renewed."""
    return replace(
        resolved,
        is_stale=True,
        fetched_at_seconds=fetched_at_seconds,
        warnings=(*resolved.warnings, *warnings),
    )


def open_view(repository: Repository, *, trust: str | None = None) -> RepositoryView:
    """Look at the user's own repository once, as a command does.

    `trust` is the path of an allowed signers file, or None to believe the repository.
    """
    known = None
    if trust is not None:
        from promptops.git.signing.ssh import open_trust

        known = open_trust(trust)
    return RepositoryView(repository, source=describe_repository(repository), trust=known)


def describe_repository(repository: Repository) -> str:
    """Return a repository's place, for people."""
    return str(repository.git.work_tree or repository.git.git_dir)
