"""One push being judged: what it asks for, by whose rules, and what its refs will hold."""

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
    """What is protected, by the word of the protected branch as it was before the push.

    Attributes:
        branch: that branch, the one that HEAD names, by its full name.
        tip: its commit; None before anything was pushed to it.
        config: the configuration there.
        guarded: the full names of the branches that nobody passes without the gate: that one, since
            it says what the rules are, and others that it names.
    """

    branch: str
    tip: str | None
    config: Config
    guarded: frozenset[str]


@dataclass(slots=True)
class Visit:
    """A push and what has been learned of it.

    Attributes:
        repository: the repository that is pushed to.
        commands: what the push asks for, by ref.
        protection: by which rules it is judged.
        variables: the environment of the hook.
    """

    repository: Repository
    commands: Mapping[str, PushCommand]
    protection: Protection
    variables: Mapping[str, str]
    _releases: dict[str, Release | None] = field(default_factory=dict)
    _tips: list[str] | None = None

    @property
    def dialect(self) -> Dialect | None:
        """Whose CODEOWNERS rules hold where the configuration does not say: the server's."""
        from promptops.forge.codeowners import Dialect

        return Dialect.GITLAB if "GL_REPOSITORY" in self.variables else None

    def before(self, ref: str) -> str | None:
        """Return the object that a ref holds now; None when there is no such ref."""
        found = self.repository.objects.read(ref)
        return None if found is None else found.oid

    def after(self, ref: str) -> str | None:
        """Return the object that a ref holds when all of the push has happened.

        A command that starts from another object than the ref holds is one that git will refuse,
        and nothing may rest on it.
        """
        before = self.before(ref)
        command = self.commands.get(ref)
        if command is None or command.old != before:
            return before
        return command.new

    def find_release(self, name: str, version: Version) -> Release | None:
        """Return the release that is there, or that the push brings; None when there is none.

        IntegrityError when its tag is no release.
        """
        from promptops.provenance.integrity import inspect_tag  # other pushes have no use for it

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
        """Return why a release is yanked, or will be by this push; None when it is not."""
        from promptops.delivery.release import yank_reason

        oid = self.after(yank_tag(name, version))
        found = None if oid is None else self.repository.objects.read(oid)
        return None if found is None else yank_reason(found)

    def find_ungated(self, commits: Iterable[str]) -> set[str]:
        """Commits not reachable from a guarded branch after this push."""
        return self._find_outside(commits, self._guarded_tips())

    def find_unmerged(self, commits: Iterable[str]) -> set[str]:
        """Return those of the commits that the protected branch does not have."""
        tip = self.after(self.protection.branch)
        return self._find_outside(commits, [tip] if tip else [])

    def _find_outside(self, commits: Iterable[str], tips: Sequence[str]) -> set[str]:
        outside = find_unreachable(self.repository.git, commits, tips)
        if outside and self.repository.git.is_shallow:
            raise GitError(
                "this repository is shallow, and cannot tell which commits were merged",
                hint="deepen it on the server: git fetch --unshallow",
            )
        return outside

    def _guarded_tips(self) -> list[str]:
        if self._tips is None:
            tips = map(self.after, sorted(self.protection.guarded))
            self._tips = [tip for tip in tips if tip is not None]
        return self._tips


def open_visit(
    repository: Repository,
    commands: Sequence[PushCommand],
    variables: Mapping[str, str],
) -> Visit:
    """Begin to judge a push; errors as `judge_push`."""
    by_ref = {command.ref: command for command in commands}
    return Visit(repository, by_ref, read_protection(repository), variables)


def read_protection(repository: Repository) -> Protection:
    """Return what is protected by the branch that HEAD names.

    GitError when HEAD names no branch, ConfigurationError when its configuration cannot be read.
    """
    name = current_branch(repository.git)
    if name is None:
        raise GitError(
            "HEAD of this repository is on no branch, so there are no rules to go by",
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
            f"the rules on {short_name(branch)} cannot be read: {error.message}",
            hint="whoever runs the server can put the branch back to a commit where they can: "
            f"git update-ref {branch} COMMIT",
        ) from error
    guarded = {f"refs/heads/{one}" for one in config.gate.branches}
    return Protection(branch, tip.oid, config, frozenset({branch, *guarded}))
