"""Check updates of an environment's branch: only valid and permitted deployments.

A deployment is compared with what promptops would have written on top of the previous one: the
state by its action, the trailers by the states, the tree by both, texts and releases by digests and
tags. Only differences from the previous tree are read, so the cost does not depend on the number of
prompts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from promptops.delivery import state as lock
from promptops.delivery.environments import (
    Head,
    change_tree,
    describe_changes,
    describe_title,
    list_trailers,
    parse_deployment,
    read_point,
    read_state,
)
from promptops.delivery.state import State
from promptops.errors import IntegrityError, RefusedError, quote
from promptops.git.form import check_commit_form
from promptops.git.history import is_ancestor, list_trees, rev_list
from promptops.git.message import format_message
from promptops.git.objects import parse_commit
from promptops.git.trees import FILE_MODE, TreeReader, compute_splice, read_tree_files
from promptops.prompt.digest import compute_digest, normalize_newlines
from promptops.prompt.reference import release_tag
from promptops.protection.push.rules import check_rules
from promptops.protection.push.scope import ENVIRONMENTS
from promptops.protection.push.transition import BY_HAND, Transition, check_action, list_promoted
from promptops.provenance.integrity import contradict_lock, read_claims, shorten

if TYPE_CHECKING:
    from promptops.delivery.state import Live, Point
    from promptops.protection.push.commands import PushCommand
    from promptops.protection.push.context import PushContext

_RESTORE = "restore"
_APPEND = "run promptops rollback, which adds a deployment: the branch is never rewritten"


def check_environment(context: PushContext, command: PushCommand) -> None:
    """Raise an error if a push's update of an environment's branch is invalid."""
    environment = command.ref.removeprefix(ENVIRONMENTS)
    known = context.protection.config.environment_names
    if environment not in known:
        raise RefusedError(
            f"there is no environment '{environment}' in the configuration",
            hint=f"the environments are: {', '.join(known)}; add a new one to the configuration "
            "on the protected branch first",
        )
    if command.new is None:
        raise RefusedError("an environment is never deleted", hint=_APPEND)
    before = None if command.old is None else _read_head(context, environment, command.old)
    for oid in _list_new(context, command):
        after = _read_head(context, environment, oid)
        try:
            _DeploymentCheck(context, before, after).run()
        except (IntegrityError, RefusedError) as error:
            error.message = f"deployment {after.deployment.number} ({oid[:12]}): {error.message}"
            error.hint = error.hint or BY_HAND
            raise
        before = after


def _list_new(context: PushContext, command: PushCommand) -> list[str]:
    """Return the new commits, oldest first. Raises RefusedError if old commits would be lost."""
    git, new = context.repository.git, command.new or ""
    found = context.repository.objects.read(new)
    if found is None or found.kind != "commit":
        raise IntegrityError(f"it would not point to a commit ({new[:12]})", hint=_APPEND)
    commits = rev_list(git, new, exclude=command.old)[::-1]
    if command.old is not None and not is_ancestor(git, command.old, new):
        raise RefusedError(f"deployments after {new[:12]} would be lost", hint=_APPEND)
    return commits


def _read_head(context: PushContext, environment: str, oid: str) -> Head:
    """Return a commit's deployment and state. Raises IntegrityError if it is not a deployment."""
    found = context.repository.objects.read(oid)
    if found is None or found.kind != "commit":
        raise IntegrityError(f"{oid[:12]} is not a commit", hint=BY_HAND)
    deployment = parse_deployment(environment, oid, found.data)
    return Head(environment, oid, deployment, read_state(context.repository, oid))


@dataclass(frozen=True, slots=True)
class _DeploymentCheck:
    """Checks one deployment against the previous one."""

    context: PushContext
    before: Head | None
    after: Head

    def run(self) -> None:
        """Raise the first fault."""
        found = self.context.repository.objects.read(self.after.deployment.commit)
        assert found is not None  # noqa: S101 - the deployment was read from it
        check_commit_form(found.data)
        self._check_place()
        before = self.before.state if self.before else State()
        transition = Transition(
            self.after.deployment,
            before,
            self.before.deployment.point if self.before else None,
            self.after.state,
            lock.touched_names(before, self.after.state),
            self._read_state_at,
        )
        if not transition.names:
            raise IntegrityError("it changes nothing", hint=BY_HAND)
        if transition.deployment.action == _RESTORE:
            self._check_restored()
        else:
            check_action(transition)
        self._check_releases(transition)
        self._check_message(transition, parse_commit(found.data).message)
        self._check_tree(transition)
        check_rules(self.context, transition)

    def _check_place(self) -> None:
        deployment, before = self.after.deployment, self.before
        number = before.deployment.number + 1 if before else 1
        if deployment.number != number:
            raise IntegrityError(
                f"its number should be {number}",
                hint=BY_HAND,
            )
        if deployment.parent != (before.deployment.commit if before else None):
            raise IntegrityError("it is not based on the previous deployment", hint=BY_HAND)

    def _read_state_at(self, point: Point) -> State:
        """Return the state after an older deployment of this branch."""
        context, tip = self.context, self.after.deployment.commit
        if not is_ancestor(context.repository.git, point.commit, tip):
            raise IntegrityError(
                f"it rolls back to {point.commit[:12]}, which is not on this branch",
                hint="run promptops verify",
            )
        return read_point(context.repository, self.after.environment, point)

    def _check_restored(self) -> None:
        """Check a restoration: its tree must equal that of an earlier deployment."""
        deployment = self.after.deployment
        git = self.context.repository.git
        if deployment.parent is None or deployment.tree not in list_trees(git, deployment.parent):
            raise IntegrityError(
                "its action is restore, but no earlier deployment had this state", hint=BY_HAND
            )

    def _check_message(self, transition: Transition, message: str) -> None:
        """Check that the message's trailers are exactly those of the changes."""
        deployment = transition.deployment
        tags = {}
        if deployment.action == "promote":
            for claim in read_claims(deployment):
                tag = claim.release_tag or ""
                if tag in self._list_promoted_tags(transition, claim.name):
                    tags[claim.name] = tag
        changes = describe_changes(transition.before, transition.after)
        missing = [change.name for change in changes if change.name not in tags]
        if deployment.action == "promote" and missing:
            raise IntegrityError(
                f"its Release-Tag is not the tag of the version of {missing[0]} that it makes live",
                hint=BY_HAND,
            )
        expected = list_trailers(
            deployment.number,
            deployment.action,
            changes,
            tags=tags,
            reason=deployment.reason,
            operation=deployment.operation,
        )
        for said, true in zip_longest(deployment.trailers, expected):
            if said != true:
                raise IntegrityError(
                    f"its message says {_quote(said)} where it should say {_quote(true)}",
                    hint=BY_HAND,
                )
        title = describe_title(deployment.environment, deployment.action, changes)
        if message != format_message(title, "", expected):
            raise IntegrityError(f"its message is not '{title}' and the trailers", hint=BY_HAND)

    def _list_promoted_tags(self, transition: Transition, name: str) -> set[str]:
        """Return the tag objects of the releases whose promotion would explain a prompt's
        change.
        """
        releases = (
            self.context.find_release(name, live.version)
            for live in list_promoted(transition, name)
        )
        return {release.tag for release in releases if release is not None}

    def _check_tree(self, transition: Transition) -> None:
        """Check that the tree is exactly the one that promptops writes for these states."""
        objects = self.context.repository.objects
        deployment = transition.deployment
        files = TreeReader(objects, deployment.commit)
        texts: dict[str, str] = {}
        for name in transition.names:
            entry = transition.after.entries.get(name)
            for live in entry.live if entry else ():
                folder = lock.release_folder(name, live.version)
                found = files.entry(folder)
                if found is None or not found.is_folder:
                    raise IntegrityError(
                        f"{name}@{live.version} is live, but its texts are missing", hint=BY_HAND
                    )
                self._check_texts(f"{name}@{live.version}", live, found.oid)
                texts[folder] = found.oid
        root = self.before.deployment.tree if self.before else None
        changes = change_tree(transition.before, transition.after, texts)
        if compute_splice(self.context.repository.git, objects, root, changes) != deployment.tree:
            raise IntegrityError(
                "its files differ from what promptops writes for this state",
                hint=BY_HAND,
            )

    def _check_texts(self, label: str, live: Live, folder: str) -> None:
        """Check the texts of a release: digest and form."""
        git, objects = self.context.repository.git, self.context.repository.objects
        files = read_tree_files(objects, folder)
        for file in files.values():
            if file.mode != FILE_MODE:
                raise IntegrityError(
                    f"{file.path} of {label} has a mode that releases do not use: {file.mode}",
                    hint=BY_HAND,
                )
        # With duplicate names, some readers would use the first entry and others the last.
        entries = {path: (file.mode, file.oid) for path, file in files.items()}
        if compute_splice(git, objects, None, entries) != folder:
            raise IntegrityError(
                f"the folder of {label} is not a tree that Git writes", hint=BY_HAND
            )
        blobs = objects.read_many([file.oid for file in files.values()])
        texts = {path: blob.data for path, blob in zip(files, blobs, strict=True) if blob}
        digest = compute_digest(texts)
        if digest != live.digest or len(texts) < len(files):
            raise IntegrityError(
                f"{label} has texts of {shorten(digest)}, but {lock.LOCK_FILE} says "
                f"{shorten(live.digest)}",
                hint=BY_HAND,
            )
        if any(normalize_newlines(text) != text for text in texts.values()):
            raise IntegrityError(f"the texts of {label} have other newlines than \\n", hint=BY_HAND)

    def _check_releases(self, transition: Transition) -> None:
        """Check newly live versions against their release tags."""
        for name in transition.names:
            entry = transition.after.entries.get(name)
            for live in entry.live if entry else ():
                release = self.context.find_release(name, live.version)
                if release is None:
                    raise RefusedError(
                        f"{name}@{live.version} is not released here",
                        hint=f"git push REMOTE {release_tag(name, live.version)}",
                    )
                fault = contradict_lock(live, release.digest, release.commit)
                if fault is not None:
                    raise IntegrityError(f"{release}: {fault}", hint=BY_HAND)


def _quote(trailer: tuple[str, str] | None) -> str:
    return "nothing" if trailer is None else quote(": ".join(trailer))
