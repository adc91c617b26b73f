"""The context of the push checks: the push, the rules, and the refs after the push."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.errors import ConfigurationError, GitError
from promptops.git.history import find_unreachable
from promptops.git.refs import current_branch, short_name
from promptops.prompt.reference import release_tag, yank_tag
from promptops.repository.config import Config, load_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptops.delivery.release import Release
    from promptops.forge.codeowners import Dialect
    from promptops.prompt.version import Version
    from promptops.protection.push.commands import PushCommand
    from promptops.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class Protection:
    """The protected refs, according to the protected branch before the push.

    Attributes:
        branch: the full name of the protected branch, HEAD's.
        tip: its commit; None before the first push.
        config: the configuration there.
        guarded: the full names of the branches guarded by the gate: the protected branch, which has
            the rules, and the configured ones.
    """

    branch: str
    tip: str | None
    config: Config
    guarded: frozenset[str]


@dataclass(slots=True)
class PushContext:
    """A push, with cached lookups.

    Attributes:
        repository: the repository.
        commands: ref -> update.
        protection: the rules.
        variables: the hook's environment variables.
    """

    repository: Repository
    commands: Mapping[str, PushCommand]
    protection: Protection
    variables: Mapping[str, str]
    _releases: dict[str, Release | None] = field(default_factory=dict)
    _tips: list[str] | None = None

    @property
    def dialect(self) -> Dialect | None:
        """The default CODEOWNERS dialect: the server's."""
        from promptops.forge.codeowners import Dialect

        return Dialect.GITLAB if "GL_REPOSITORY" in self.variables else None

    def before(self, ref: str) -> str | None:
        """Return a ref's object id before the push; None if it does not exist."""
        found = self.repository.objects.read(ref)
        return None if found is None else found.oid

    def after(self, ref: str) -> str | None:
        """Return a ref's object id after the whole push.

        A command with a wrong expected object is ignored, since git will refuse it.
        """
        before = self.before(ref)
        command = self.commands.get(ref)
        if command is None or command.old != before:
            return before
        return command.new

    def find_release(self, name: str, version: Version) -> Release | None:
        """Return a release that exists or is pushed; None if there is none.

        Raises IntegrityError if its tag is not a release.
        """
        from promptops.provenance.integrity import (
            inspect_tag,
        )  # imported on use; most pushes do not need it

        ref = release_tag(name, version)
        if ref not in self._releases:
            oid = self.after(ref)
            found = None if oid is None else self.repository.objects.read(oid)
            release, fault = (None, None) if found is None else inspect_tag(name, version, found)
            if fault is not None:
                raise fault
            self._releases[ref] = release
        return self._releases[ref]

    def find_yank(self, name: str, version: Version) -> str | None:
        """Return why a release is yanked, perhaps by this push; None if it is not."""
        from promptops.delivery.release import yank_reason

        oid = self.after(yank_tag(name, version))
        found = None if oid is None else self.repository.objects.read(oid)
        return None if found is None else yank_reason(found)

    def find_ungated(self, commits: Iterable[str]) -> set[str]:
        """Return the commits not reachable from a guarded branch after this push."""
        return self._find_outside(commits, self._guarded_tips())

    def find_unmerged(self, commits: Iterable[str]) -> set[str]:
        """Return the commits that are not on the protected branch."""
        tip = self.after(self.protection.branch)
        return self._find_outside(commits, [tip] if tip else [])

    def _find_outside(self, commits: Iterable[str], tips: Sequence[str]) -> set[str]:
        outside = find_unreachable(self.repository.git, commits, tips)
        if outside and self.repository.git.is_shallow:
            raise GitError(
                "this repository is shallow, so merged commits are unknown",
                hint="deepen it on the server: git fetch --unshallow",
            )
        return outside

    def _guarded_tips(self) -> list[str]:
        if self._tips is None:
            tips = map(self.after, sorted(self.protection.guarded))
            self._tips = [tip for tip in tips if tip is not None]
        return self._tips


def open_context(
    repository: Repository,
    commands: Sequence[PushCommand],
    variables: Mapping[str, str],
) -> PushContext:
    """Create the context of a push. Raises as `judge_push`."""
    by_ref = {command.ref: command for command in commands}
    return PushContext(repository, by_ref, read_protection(repository), variables)


def read_protection(repository: Repository) -> Protection:
    """Read what is protected, from the branch that HEAD names.

    Raises GitError if HEAD names no branch, and ConfigurationError if its configuration is invalid.
    """
    name = current_branch(repository.git)
    if name is None:
        raise GitError(
            "HEAD of this repository is not on a branch, so there is no policy",
            hint="on the server: git symbolic-ref HEAD refs/heads/main",
        )
    branch = f"refs/heads/{name}"
    tip = repository.objects.read(branch)
    if tip is None:
        return Protection(branch, None, Config(), frozenset({branch}))
    try:
        config = load_config(repository.tree(tip.oid).read)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"the policy on {short_name(branch)} cannot be read: {error.message}",
            hint="on the server, move the branch to a commit with a valid policy: "
            f"git update-ref {branch} COMMIT",
        ) from error
    guarded = {f"refs/heads/{one}" for one in config.gate.branches}
    return Protection(branch, tip.oid, config, frozenset({branch, *guarded}))
