"""Resolving: what a prompt ref means exactly, read from a repository and checked against itself.

Nothing here caches for long, fetches or guesses. A `View` is one look at a source: it answers every
ref from one state of it. `RepositoryView` looks at a Git repository; `promptops.snapshot` has the
other one. An environment is answered from its own branch alone, an exact version from its tag and
commit; either way the digest is computed anew, and content that does not fit it is an error.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from promptops.delivery.release import (
    find_yank,
    parse_release,
    read_released_closure,
    verify_content,
    yank_reason,
)
from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    NotDeployedError,
    NotFoundError,
    PromptNotFoundError,
    VersionNotFoundError,
)
from promptops.prompt.closure import load_closure
from promptops.prompt.prompt import load_prompt
from promptops.prompt.reference import (
    RESERVED_SELECTORS,
    PromptRef,
    Selector,
    SelectorKind,
    check_environment,
    release_tag,
    yank_tag,
)
from promptops.repository.repository import find_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from promptops.delivery.environments import Deployment
    from promptops.delivery.release import Release
    from promptops.delivery.state import Entry, Point
    from promptops.delivery.state import Live as LiveVersion
    from promptops.errors import PromptopsError
    from promptops.git.objects import GitObject
    from promptops.git.process import Git
    from promptops.git.signing.ssh import SshTrust
    from promptops.prompt.closure import Closure
    from promptops.prompt.prompt import Prompt
    from promptops.prompt.version import Version
    from promptops.repository.config import Config
    from promptops.repository.repository import Repository

# What only environments need is imported where it is used: a pinned version does without.
_BLOB_MODES = frozenset({"100644", "100755"})
# A pause is looked for among so many deployments; it is only words in an error.
_PAUSE_SEARCH = 500


class Share(NamedTuple):
    """One live version of a prompt while traffic is split, or the only one.

    Attributes:
        version: the version.
        digest: the digest of its closure.
        share: its part of the traffic, in whole per cents.
    """

    version: str
    digest: str
    share: int


class Placement(NamedTuple):
    """Where and since when something is live: one deployment of an environment.

    Attributes:
        environment: the environment.
        deployment: the newest deployment's number.
        commit: that deployment's commit.
        deployed_at_seconds: its time, in seconds since 1970.
        deployed_by: who deployed it.
    """

    environment: str
    deployment: int
    commit: str
    deployed_at_seconds: int
    deployed_by: str


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


class LivePrompt(NamedTuple):
    """One prompt of an environment, as its lock says; its files are not read.

    Attributes:
        name: the prompt.
        commit: the commit released as the longer-standing version.
        split: the live versions, the longer-standing one first.
        paused: why it is paused, or None.
    """

    name: str
    commit: str
    split: tuple[Share, ...]
    paused: str | None

    @property
    def version(self) -> str:
        """The longer-standing live version."""
        return self.split[0].version

    @property
    def digest(self) -> str:
        """The digest of that version."""
        return self.split[0].digest


class LiveVersions(NamedTuple):
    """All that is live in an environment.

    Attributes:
        placement: the newest deployment.
        entries: the lock's entries, by prompt name.
        authenticated: who signed it, as far as that was asked.
        fetched_at_seconds: when this was last known to be so, or None for just now.
        warnings: what a reader should know.
    """

    placement: Placement
    entries: Mapping[str, Entry]
    authenticated: str | None = None
    fetched_at_seconds: float | None = None
    warnings: tuple[str, ...] = ()

    def list(self) -> tuple[LivePrompt, ...]:
        """Return the prompts, sorted by name."""
        return tuple(
            LivePrompt(name, entry.live[0].commit, describe_split(entry), entry.paused)
            for name, entry in sorted(self.entries.items())
        )


def choose_live(name: str, environment: str, entry: Entry, version: str | None) -> LiveVersion:
    """Return the live version of that number, or the longer-standing one where none is asked
    for.
    """
    if version is None:
        return entry.live[0]
    for live in entry.live:
        if str(live.version) == version:
            return live
    raise VersionNotFoundError(
        f"{name} {version} is not live in {environment}", hint=f"{entry.live[0].version} is"
    )


def describe_split(entry: Entry) -> tuple[Share, ...]:
    """Return the live versions of a lock's entry, as the public type."""
    return tuple(Share(str(live.version), live.digest, live.share) for live in entry.live)


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
        self._lives: dict[str, LiveVersions] = {}

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

    def live(self, environment: str) -> LiveVersions:
        """Return what is live in `environment`, as it was when this view was first asked."""
        refusal = self._refusals.get(environment)
        if refusal is not None:
            raise type(refusal)(refusal.message, hint=refusal.hint)
        known = self._lives.get(environment)
        if known is None:
            # One at a time: what was read first must not be judged after what was read later.
            with self._memory.reading:
                known = self._lives[environment] = self._read_live(environment)
        return known

    def _read_live(self, environment: str) -> LiveVersions:
        from promptops.delivery.environments import tracking

        check_environment(environment)
        repository = self.repository
        found = repository.objects.read(tracking(repository, environment))
        if found is None and environment in self._memory.seen:
            number = self._memory.seen[environment].deployment
            raise IntegrityError(
                f"{environment} is gone from {self.source}, which had deployment {number}",
                hint="environments only ever grow; somebody removed the branch",
            )
        if found is None:
            raise self._no_environment(environment)
        if found.kind != "commit":
            raise IntegrityError(f"the branch of {environment} does not lead to a commit")
        deployment, entries = self._read_deployment(environment, found)
        signer = None
        if self._trust is not None:
            what = f"deployment {deployment.number} of {environment}"
            signer = self._trust.authenticate_object(what, found.oid, found.data)
        accept_point(
            self._memory.seen,
            environment,
            deployment.point,
            lambda later, earlier: stands_on(repository.git, later, earlier),
        )
        self._memory.lives[environment] = (deployment, entries)
        return LiveVersions(
            placement=Placement(
                environment,
                deployment.number,
                deployment.commit,
                deployment.author.time_seconds,
                deployment.author.name,
            ),
            entries=entries,
            authenticated=signer,
            fetched_at_seconds=self._fetched_at or self._find_fetch(environment),
            warnings=self._warnings,
        )

    def _find_fetch(self, environment: str) -> float | None:
        """Return when the user's clone last heard of the environment, as far as its files tell."""
        remote, git = self.repository.remote, self.repository.git
        if remote is None:
            return None
        ref = f"refs/remotes/{remote}/promptops/{environment}"
        places = (
            git.git_dir / "FETCH_HEAD",
            git.common_dir / "FETCH_HEAD",
            git.common_dir / ref,
            git.common_dir / "logs" / ref,
        )
        times = []
        for place in places:
            try:
                times.append(place.stat().st_mtime)
            except OSError:
                continue
        return max(times, default=None)

    def _read_deployment(
        self, environment: str, found: GitObject
    ) -> tuple[Deployment, Mapping[str, Entry]]:
        from promptops.delivery.environments import parse_deployment
        from promptops.delivery.state import LOCK_FILE, parse_lock

        known = self._memory.lives.get(environment)
        if known is not None and known[0].commit == found.oid:
            return known
        deployment = parse_deployment(environment, found.oid, found.data)
        file = self.repository.objects.read(f"{found.oid}:{LOCK_FILE}")
        if file is None or file.kind != "blob":
            raise IntegrityError(
                f"deployment {deployment.number} of {environment} has no {LOCK_FILE}",
                hint="the branch was not written by promptops, or was edited by hand",
            )
        return deployment, parse_lock(file.data)

    def _no_environment(self, environment: str) -> EnvironmentNotFoundError:
        from promptops.delivery.environments import first_step
        from promptops.suggestion import nearest

        repository = self.repository
        known = repository.config.environment_names
        if environment not in known:
            near = nearest(environment, [*known, *RESERVED_SELECTORS])
            return EnvironmentNotFoundError(
                f"there is no environment {environment} in {self.source}",
                hint=f"did you mean {near}?"
                if near
                else f"there are: {', '.join(known)}; versions, ranges, latest and working do too",
            )
        hint = first_step(repository, environment)
        return EnvironmentNotFoundError(f"{environment} has no deployments", hint=hint)

    def _resolve_live(
        self, ref: str, name: str, environment: str, version: str | None
    ) -> ResolvedPrompt:
        live = self.live(environment)
        entry = live.entries.get(name)
        if entry is None:
            raise self._not_live(name, live)
        first = choose_live(name, environment, entry, version)
        yanked = self.find_yank(name, first.version)
        warnings = live.warnings
        if yanked is not None:
            warnings += (describe_yank(name, str(first.version), yanked),)
        return ResolvedPrompt(
            ref=ref,
            prompt=self.load_live(live, name, first.version, first.digest),
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

    def load_live(self, live: LiveVersions, name: str, version: Version, digest: str) -> Prompt:
        """Return the prompt of one live version, from the environment's own tree, verified."""
        from promptops.delivery.state import release_folder
        from promptops.git.trees import read_tree_files

        known = self._memory.prompts.get((name, digest))
        if known is not None and known.version == version:
            return known
        objects = self.repository.objects
        where = live.placement
        what = f"{name} {version} in deployment {where.deployment} of {where.environment}"
        entries = read_tree_files(objects, where.commit, release_folder(name, version))
        for path, entry in entries.items():
            if entry.mode not in _BLOB_MODES:
                raise IntegrityError(
                    f"{path} of {what} is not a plain file",
                    hint="the branch was edited by hand; promptops verify says more",
                )
        contents = objects.read_many([entry.oid for entry in entries.values()])
        files = {
            path: found.data
            for path, found in zip(entries, contents, strict=True)
            if found is not None
        }
        closure = load_closure(name, files)
        if closure is None or closure.files.keys() != files.keys():
            raise IntegrityError(
                f"the files of {what} are not complete, or not its own",
                hint="the branch was edited by hand; promptops verify says more",
            )
        return self._verify(what, closure, digest, version)

    def _not_live(self, name: str, live: LiveVersions) -> NotFoundError:
        from promptops.delivery.releases import list_tags
        from promptops.suggestion import nearest

        environment = live.placement.environment
        near = nearest(name, live.entries)
        released = list_tags(self.repository, name)
        if near and not released:
            return PromptNotFoundError(
                f"there is no prompt {name} in {environment}", hint=f"did you mean {near}?"
            )
        hint = f"promptops promote {name} --to {environment}"
        if not released:
            hint = f"it has no release here; promptops release {name}, then {hint}"
        return NotDeployedError(f"{name} is not live in {environment}", hint=hint)

    # What people ask beside

    def find_pause(self, resolved: ResolvedPrompt) -> str:
        """Return who paused the prompt and when, as ` by NAME on DATE`; nothing if too long ago."""
        from promptops.delivery.environments import parse_deployment

        oid = resolved.placement.commit if resolved.placement else None
        for _ in range(_PAUSE_SEARCH):
            found = self.repository.objects.read(oid) if oid else None
            if found is None or resolved.environment is None:
                break
            deployment = parse_deployment(resolved.environment, found.oid, found.data)
            if deployment.action == "pause" and any(
                change.name == resolved.name for change in deployment.changes
            ):
                moment = _as_time(deployment.author.time_seconds)
                return f" by {deployment.author.name} on {moment:%Y-%m-%d %H:%M} UTC"
            oid = deployment.parent
        return ""

    def find_yank(self, name: str, version: Version) -> str | None:
        """Return why the release was yanked, or None when it was not."""
        return find_yank(self.repository, name, version)

    def count_pending(self, environment: str) -> int:
        """Return how many deployments wait to be pushed; they are never served."""
        from promptops.delivery.environments import branch, count_pending, tracking

        repository = self.repository
        if repository.remote is None:
            return 0
        local, known = repository.objects.read_many(
            (branch(environment), tracking(repository, environment))
        )
        if local is None or (known is not None and known.oid == local.oid):
            return 0
        return count_pending(repository, environment)


def stands_on(git: Git, later: Point, earlier: Point) -> bool:
    """Return whether `earlier` is where `later` says it came from, as far as the history here goes.

    A runtime may keep one commit of history; then the numbers alone speak.
    """
    from promptops.git.history import ancestor, is_shallow

    found = ancestor(git, later.commit, later.deployment - earlier.deployment)
    return found == earlier.commit or (found is None and is_shallow(git))


def accept_point(
    seen: dict[str, Point],
    environment: str,
    point: Point,
    stands_on: Callable[[Point, Point], bool] | None = None,
) -> None:
    """Take note of an environment's newest deployment, if it follows the one seen before.

    `stands_on(later, earlier)` tells whether the one is an ancestor of the other, where that can
    be asked. IntegrityError for a lower number, another commit under the same number, or a
    higher one that does not stand on what was seen.
    """
    before = seen.get(environment)
    if before is not None and before != point:
        steps = point.deployment - before.deployment
        what = None
        if steps < 0:
            what = f"went back from deployment {before.deployment} to {point.deployment}"
        elif steps == 0:
            what = f"has another deployment {point.deployment} than the one seen before"
        elif stands_on is not None and not stands_on(point, before):
            what = f"has a deployment {point.deployment} that does not stand on {before.deployment}"
        if what is not None:
            raise IntegrityError(
                f"{environment} {what}",
                hint="environments only ever grow, even when they roll back: somebody rewrote "
                "the branch, or an old copy is being served",
            )
    seen[environment] = point


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
