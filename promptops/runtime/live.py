"""Read and verify what is live in a repository's environments, from their branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.environments import (
    branch,
    count_pending,
    first_step,
    last_fetch,
    parse_deployment,
    tracking,
)
from promptops.delivery.release import verify_content
from promptops.delivery.state import LOCK_FILE, parse_lock, release_folder
from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    NotDeployedError,
    PointError,
    PromptNotFoundError,
    VersionNotFoundError,
)
from promptops.git.history import ancestor, is_shallow
from promptops.git.trees import read_tree_files
from promptops.prompt.closure import load_closure
from promptops.prompt.reference import RESERVED_SELECTORS, check_environment
from promptops.prompt.times import format_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptops.delivery.environments import Deployment
    from promptops.delivery.state import Entry, Point
    from promptops.delivery.state import Live as LiveVersion
    from promptops.errors import NotFoundError, PromptopsError
    from promptops.git.objects import GitObject
    from promptops.git.process import Git
    from promptops.git.signing.ssh import SshTrust
    from promptops.prompt.prompt import Prompt
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository
    from promptops.runtime.resolution import ResolvedPrompt, SourceMemory

# Modules for environments are imported on use: a pinned version does not need them.
_BLOB_MODES = frozenset({"100644", "100755"})

# The number of deployments that are searched for a pause, for an error's text.
_PAUSE_SEARCH = 500


class Share(NamedTuple):
    """One live version of a prompt while traffic is split, or the only one.

    Attributes:
        version: the version.
        digest: the digest of its closure.
        share: its share of the traffic, in whole per cent.
    """

    version: str
    digest: str
    share: int


class Placement(NamedTuple):
    """The deployment in which something is live.

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


class LivePrompt(NamedTuple):
    """One prompt of an environment, from its lock. Its files are not read.

    Attributes:
        name: the prompt.
        commit: the commit of the first version in `split`.
        split: the live versions, the one that has been live longer first.
        paused: why it is paused, or None.
    """

    name: str
    commit: str
    split: tuple[Share, ...]
    paused: str | None

    @property
    def version(self) -> str:
        """The version that has been live longer, if traffic is split."""
        return self.split[0].version

    @property
    def digest(self) -> str:
        """The digest of that version."""
        return self.split[0].digest


class LiveVersions(NamedTuple):
    """Everything that is live in an environment.

    Attributes:
        placement: the newest deployment.
        entries: the lock's entries, by prompt name.
        authenticated: the signer, if signatures are required.
        fetched_at_seconds: when this was last known to be current; None for just now.
        warnings: warnings for the reader.
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
    """Return the live version numbered `version`; None: the one that has been live longer."""
    if version is None:
        return entry.live[0]
    for live in entry.live:
        if str(live.version) == version:
            return live
    raise VersionNotFoundError(
        f"{name} {version} is not live in {environment}", hint=f"{entry.live[0].version} is"
    )


def describe_split(entry: Entry) -> tuple[Share, ...]:
    """Return the live versions in a lock's entry as `Share` objects."""
    return tuple(Share(str(live.version), live.digest, live.share) for live in entry.live)


def stands_on(git: Git, later: Point, earlier: Point) -> bool:
    """Return whether `earlier` is an ancestor of `later`, as far as this clone's history shows.

    In a clone with one commit of history, only the numbers are compared.
    """
    found = ancestor(git, later.commit, later.deployment - earlier.deployment)
    return found == earlier.commit or (found is None and is_shallow(git))


def accept_point(
    seen: dict[str, Point],
    environment: str,
    point: Point,
    stands_on: Callable[[Point, Point], bool] | None = None,
) -> None:
    """Record an environment's newest deployment, if it follows the one seen before.

    `stands_on(later, earlier)` tells whether `earlier` is an ancestor of `later`. Raises PointError
    for a lower number, another commit with the same number, or a higher one that does not descend
    from the seen one.
    """
    before = seen.get(environment)
    if before is not None and before != point:
        steps = point.deployment - before.deployment
        what = None
        if steps < 0:
            what = f"went back from deployment {before.deployment} to {point.deployment}"
        elif steps == 0:
            what = f"has another deployment {point.deployment} than before"
        elif stands_on is not None and not stands_on(point, before):
            what = f"has a deployment {point.deployment} that is not based on {before.deployment}"
        if what is not None:
            raise PointError(
                f"{environment} {what}",
                hint="check whether the branch was rewritten or an old copy is served: "
                "environments only grow, even in a rollback",
            )
    seen[environment] = point


class LiveEnvironments:
    """The environments of one repository. Each is read once and then cached.

    Args:
        repository: the repository.
        source: the source's name for display.
        memory: the state shared with earlier looks at the same source.
        trust: the trusted keys; None: trust everybody who can write to the source.
        fetched_at_seconds: when the repository was last fetched; None: find out.
        refusals: environments that must not be read, with the reasons.
        warnings: warnings for every reader.
        lives: the environments read so far, shared by all views of the same state.
    """

    def __init__(
        self,
        repository: Repository,
        *,
        source: str,
        memory: SourceMemory,
        trust: SshTrust | None,
        fetched_at_seconds: float | None,
        refusals: Mapping[str, PromptopsError],
        warnings: tuple[str, ...],
        lives: dict[str, LiveVersions],
    ) -> None:
        self._repository = repository
        self._source = source
        self._memory = memory
        self._trust = trust
        self._fetched_at = fetched_at_seconds
        self._refusals = refusals
        self._warnings = warnings
        self._lives = lives

    def live(self, environment: str) -> LiveVersions:
        """Return what is live in `environment`, as of the first call."""
        refusal = self._refusals.get(environment)
        if refusal is not None:
            raise type(refusal)(refusal.message, hint=refusal.hint)
        known = self._lives.get(environment)
        if known is None:
            # One at a time, so that an older reading is not compared with a later one.
            with self._memory.reading:
                known = self._lives[environment] = self._read_live(environment)
        return known

    def _read_live(self, environment: str) -> LiveVersions:
        check_environment(environment)
        repository = self._repository
        found = repository.objects.read(tracking(repository, environment))
        if found is None and environment in self._memory.seen:
            number = self._memory.seen[environment].deployment
            raise IntegrityError(
                f"{environment} is missing from {self._source}, which had deployment {number}",
                hint="check who removed the branch: environments only grow",
            )
        if found is None:
            raise self._no_environment(environment)
        if found.kind != "commit":
            raise IntegrityError(f"the branch of {environment} does not point to a commit")
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
            fetched_at_seconds=self._fetched_at or last_fetch(repository, environment),
            warnings=self._warnings,
        )

    def _read_deployment(
        self, environment: str, found: GitObject
    ) -> tuple[Deployment, Mapping[str, Entry]]:

        known = self._memory.lives.get(environment)
        if known is not None and known[0].commit == found.oid:
            return known
        deployment = parse_deployment(environment, found.oid, found.data)
        file = self._repository.objects.read(f"{found.oid}:{LOCK_FILE}")
        if file is None or file.kind != "blob":
            raise IntegrityError(
                f"deployment {deployment.number} of {environment} has no {LOCK_FILE}",
                hint="restore the branch: it was edited by hand or not written by promptops",
            )
        return deployment, parse_lock(file.data)

    def _no_environment(self, environment: str) -> EnvironmentNotFoundError:
        from promptops.suggestion import nearest

        repository = self._repository
        known = repository.config.environment_names
        if environment not in known:
            near = nearest(environment, [*known, *RESERVED_SELECTORS])
            return EnvironmentNotFoundError(
                f"there is no environment {environment} in {self._source}",
                hint=f"did you mean {near}?"
                if near
                else f"environments: {', '.join(known)}; a version, a range, latest and working "
                "are selectors, too",
            )
        hint = first_step(repository, environment)
        return EnvironmentNotFoundError(f"{environment} has no deployments", hint=hint)

    def load_live(self, live: LiveVersions, name: str, version: Version, digest: str) -> Prompt:
        """Return the prompt of one live version, from the environment's own tree, verified."""
        known = self._memory.prompts.get((name, digest))
        if known is not None and known.version == version:
            return known
        objects = self._repository.objects
        where = live.placement
        what = f"{name} {version} in deployment {where.deployment} of {where.environment}"
        entries = read_tree_files(objects, where.commit, release_folder(name, version))
        for path, entry in entries.items():
            if entry.mode not in _BLOB_MODES:
                raise IntegrityError(
                    f"{path} of {what} is not a plain file",
                    hint="the branch was edited by hand; run promptops verify",
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
                f"the files of {what} are incomplete or from another prompt",
                hint="the branch was edited by hand; run promptops verify",
            )
        return verify_content(what, closure, digest, version, load=self._memory.adopt)

    def not_live(self, name: str, live: LiveVersions) -> NotFoundError:
        """Return the error for a prompt that is not live there, with a suggestion."""
        from promptops.delivery.releases import list_tags
        from promptops.suggestion import nearest

        environment = live.placement.environment
        near = nearest(name, live.entries)
        released = list_tags(self._repository, name)
        if near and not released:
            return PromptNotFoundError(
                f"there is no prompt {name} in {environment}", hint=f"did you mean {near}?"
            )
        hint = f"promptops promote {name} --to {environment}"
        if not released:
            hint = f"run promptops release {name}, then {hint}"
        return NotDeployedError(f"{name} is not live in {environment}", hint=hint)

    def find_pause(self, resolved: ResolvedPrompt) -> str:
        """Return who paused the prompt and when, as ` by NAME on DATE`; empty if too long ago."""
        oid = resolved.placement.commit if resolved.placement else None
        for _ in range(_PAUSE_SEARCH):
            found = self._repository.objects.read(oid) if oid else None
            if found is None or resolved.environment is None:
                break
            deployment = parse_deployment(resolved.environment, found.oid, found.data)
            if deployment.action == "pause" and any(
                change.name == resolved.name for change in deployment.changes
            ):
                when = format_minute(deployment.author.time_seconds)
                return f" by {deployment.author.name} on {when}"
            oid = deployment.parent
        return ""

    def count_pending(self, environment: str) -> int:
        """Return the number of deployments that wait to be pushed; they are never served."""
        repository = self._repository
        if repository.remote is None:
            return 0
        local, known = repository.objects.read_many(
            (branch(environment), tracking(repository, environment))
        )
        if local is None or (known is not None and known.oid == local.oid):
            return 0
        return count_pending(repository, environment)
