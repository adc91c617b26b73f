"""Store the history of nightly evals in a Git branch: a JSON file per suite, night and version.

    refs/heads/promptops-evals
        production/evals/support/triage.yaml/2026-11-29_1.2.0.json

A night is added as a commit, which is pushed only if the remote's branch has not changed since it
was read. If it has, the branch is read again, so concurrent runners lose nothing. A killed runner
leaves the branch unchanged.

The branch stays small: files older than 400 days are removed, a suite keeps at most 400 nights, and
every 400th commit starts the branch again without its earlier commits.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import (
    ConflictError,
    GitError,
    IntegrityError,
    NotFoundError,
    PromptopsError,
    RefusedError,
    UnclearPushError,
    UsageError,
    count_of,
)
from promptops.evals.nightly.record import MAX_BYTES, read_night, write_night
from promptops.git.history import write_commit
from promptops.git.message import format_message, parse_message
from promptops.git.objects import list_sizes, parse_commit
from promptops.git.refs import RefUpdate, read_ref, update_refs
from promptops.git.remote import PushRef, PushStatus, fetch, list_remote, push
from promptops.git.trees import TreeReader, splice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from promptops.evals.nightly.record import NightRecord
    from promptops.git.limits import GitLimits
    from promptops.git.trees import Change, TreeFile
    from promptops.repository.repository import Repository

NAME = "promptops-evals"
BRANCH = f"refs/heads/{NAME}"
MAX_DAYS = 400
MAX_NIGHTS = 400
MAX_COMMITS = 400
_RETRY_SECONDS = 60.0
_COUNT = "Commits"
_README = """\
# Results of nightly evals

Written by `promptops eval nightly`, one file a suite and night; `promptops eval trends` shows them.
Nothing here is edited by hand.
"""


class NightHistory(NamedTuple):
    """The content of the branch.

    Attributes:
        records: the nights, oldest first.
        damaged: the fault of each unreadable file.
    """

    records: tuple[NightRecord, ...] = ()
    damaged: tuple[str, ...] = ()

    def of_suite(self, environment: str, suite: str) -> list[NightRecord]:
        """Return the nights of one suite, oldest first."""
        return [one for one in self.records if (one.environment, one.suite) == (environment, suite)]


class HistoryBranch:
    """The history branch in this clone.

    Args:
        repository: the clone.
        is_local: whether to write to this clone's branch only, even if there is a remote.
    """

    def __init__(self, repository: Repository, *, is_local: bool = False) -> None:
        self._repository = repository
        self._remote = repository.remote
        self._writes_here = is_local or self._remote is None
        self._tracking = f"refs/remotes/{self._remote}/{NAME}"
        self._never_anew = False

    def refresh(self, limits: GitLimits | None = None) -> None:
        """Fetch the branch. Raises RemoteError if the remote does not answer in time."""
        if self._remote is None:
            return
        git = self._repository.git
        limits = limits or self._repository.config.timeouts.usual
        tip = list_remote(git, self._remote, [BRANCH], limits=limits).get(BRANCH)
        known = read_ref(git, self._tracking)
        if tip is not None and tip != known:
            # Forced, because a restarted branch does not contain the commits that this clone has.
            fetch(git, self._remote, [f"+{BRANCH}:{self._tracking}"], limits=limits)
        elif tip is None and known is not None:
            update_refs(git, [RefUpdate(self._tracking, None, known)], "promptops eval nightly")

    def _tip(self) -> str | None:
        git = self._repository.git
        here = read_ref(git, BRANCH) if self._writes_here else None
        return here or (None if self._remote is None else read_ref(git, self._tracking))

    def read(
        self, environments: Iterable[str] | None = None, *, newest: int | None = None
    ) -> NightHistory:
        """Return the nights of environments. Never asks the remote.

        Args:
            environments: the environments; None: all.
            newest: the number of files to read of each suite, newest first; None: all.
        """
        tip = self._tip()
        if tip is None:
            return NightHistory()
        reader = TreeReader(self._repository.objects, tip)
        wanted = None if environments is None else set(environments)
        found = [
            one
            for one in reader.files()
            if one.path.endswith(".json")
            and (wanted is None or one.path.partition("/")[0] in wanted)
        ]
        if newest is not None:
            folders: dict[str, list[TreeFile]] = {}
            for one in found:
                folders.setdefault(one.path.rpartition("/")[0], []).append(one)
            # Git sorts paths, so nights are in order.
            found = [one for files in folders.values() for one in files[-newest:]]
        sizes = list_sizes(self._repository.git, list({one.oid for one in found}))
        small = [one.path for one in found if sizes.get(one.oid, ("", 0))[1] <= MAX_BYTES]
        large = {one.path for one in found} - set(small)
        reader.keep(small)
        records = []
        damaged = [f"{path} is damaged: it is too large" for path in sorted(large)]
        for path in small:
            try:
                records.append(_read_record(reader, path))
            except (UsageError, IntegrityError, GitError) as error:
                damaged.append(error.message)
        records.sort(key=lambda one: (one.night, one.at))
        return NightHistory(tuple(records), tuple(damaged))

    def append(self, records: Sequence[NightRecord]) -> str:
        """Commit nights, and push them unless `is_local`; return the new commit's id.

        Raises:
            RefusedError: the remote refused the push.
            ConflictError: other runners kept changing the branch for a minute.
            RemoteError: the remote cannot be reached.
        """
        files = {path_of(one): one for one in records}
        newest = max(one.night for one in records)
        deadline = time.monotonic() + _RETRY_SECONDS
        doubt: UnclearPushError | None = None
        while True:
            tip = self._tip()
            changes = self._plan(tip, files, newest)
            if not changes and tip is not None:
                return tip
            commit, is_anew = self._write(tip, changes, records)
            doubt = None
            try:
                if self._move(commit, tip, is_anew=is_anew):
                    return commit
            except UnclearPushError as error:
                doubt = error  # the branch's content shows whether the push succeeded
            if time.monotonic() > deadline:
                raise doubt or ConflictError(
                    f"the branch {NAME} kept changing; tonight's results are not in it",
                    hint="run promptops eval nightly again",
                )
            time.sleep(random.uniform(0.05, 0.5))  # noqa: S311 - jitter, not secrecy
            self.refresh()

    def _plan(
        self, tip: str | None, files: Mapping[str, NightRecord], newest: str
    ) -> dict[str, Change]:
        """Return the changes to commit: new files, and removals of files that are too old."""
        changes: dict[str, Change] = {}
        reader = None if tip is None else TreeReader(self._repository.objects, tip)
        for path, record in files.items():
            data = write_night(record)
            known = None if reader is None else _read(reader, path)
            if known == data or (known is not None and _is_better(known, path, record)):
                continue
            changes[path] = data
        if reader is None:
            changes["README.md"] = _README.encode()
        elif changes:
            changes |= dict.fromkeys(_list_old({*reader.paths(), *files}, files, newest))
        return changes

    def _write(
        self, tip: str | None, changes: Mapping[str, Change], records: Sequence[NightRecord]
    ) -> tuple[str, bool]:
        """Write a commit; return its id, and whether it starts the branch again."""
        repository = self._repository
        tree, count = None, 0
        if tip is not None:
            tree, count = self._read_commit(tip)
        root = splice(repository.git, repository.objects, tree, changes)
        is_anew = count >= MAX_COMMITS and not self._never_anew
        parents = [] if tip is None or is_anew else [tip]
        count = 1 if is_anew else count + 1
        environments = ", ".join(dict.fromkeys(one.environment for one in records))
        suites = count_of(len(records), "suite")
        title = f"Evals of {environments}, {records[0].night}: {suites}"
        message = format_message(title, "", [(_COUNT, str(count))])
        is_signed = repository.signs_commits
        return write_commit(repository.git, root, parents, message, is_signed=is_signed), is_anew

    def _read_commit(self, tip: str) -> tuple[str, int]:
        """Return a commit's tree, and the number of commits of the branch up to it."""
        found = self._repository.objects.read(tip)
        if found is None or found.kind != "commit":
            raise IntegrityError(
                f"the branch {NAME} does not point to a commit",
                hint=f"rename it, and the next night begins a new one: {BRANCH}",
            )
        commit = parse_commit(found.data)
        count = parse_message(commit.message).value(_COUNT) or ""
        return commit.tree, int(count) if count.isdecimal() and len(count) < 7 else 1

    def _move(self, commit: str, tip: str | None, *, is_anew: bool) -> bool:
        git = self._repository.git
        if self._writes_here:
            known = read_ref(git, BRANCH)
            if known is not None and known != tip:
                return False
            try:
                update_refs(git, [RefUpdate(BRANCH, commit, known)], "promptops eval nightly")
            except ConflictError:
                return False
            return True
        assert self._remote is not None  # noqa: S101 - else it writes here
        limits = self._repository.config.timeouts.usual
        (result,) = push(
            git, self._remote, [PushRef(commit, BRANCH, tip)], atomic=False, limits=limits
        )
        if result.status is PushStatus.REFUSED:
            if is_anew:
                # The remote forbids restarting the branch, so continue it.
                self._never_anew = True
                return False
            raise RefusedError(
                f"{self._remote} refused the results of tonight: {result.reason}",
                hint=f"allow the account that runs this to push to {NAME}",
            )
        if result.status not in {PushStatus.PUSHED, PushStatus.UP_TO_DATE}:
            return False
        try:
            known = read_ref(git, self._tracking)
            update_refs(git, [RefUpdate(self._tracking, commit, known)], "promptops eval nightly")
        except (ConflictError, GitError):
            return True  # a concurrent fetch; the remote has the commit
        return True


def path_of(record: NightRecord) -> str:
    """Return the path of a night's file in the branch."""
    return f"{record.environment}/{record.suite}/{record.night}_{record.version}.json"


def name_night(seconds: float) -> str:
    """Return the night of a time, given in seconds since 1970: its date in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _read_record(reader: TreeReader, path: str) -> NightRecord:
    record = read_night(reader.read(path) or b"", path)
    if path_of(record) != path:
        raise UsageError(f"{path} is damaged: it is about another suite or night")
    return record


def _read(reader: TreeReader, path: str) -> bytes | None:
    try:
        return reader.read(path)
    except (IntegrityError, GitError, NotFoundError):
        return None


def _is_better(known: bytes, path: str, record: NightRecord) -> bool:
    """Return whether to keep the night's earlier result of this version instead of `record`.

    It is kept if only it was judged, or if only it had an alarm, so that a reported alarm stays on
    record unless it is accepted.
    """
    try:
        earlier = read_night(known, path)
    except PromptopsError:
        return False
    if earlier.is_complete != record.is_complete:
        return earlier.is_complete
    if earlier.has_alarm and not record.has_alarm:
        return not record.is_accepted
    return earlier.at > record.at


def _list_old(paths: Iterable[str], kept: Mapping[str, object], newest: str) -> list[str]:
    """Return the files to remove because of their age or of the number of files in their folder."""
    oldest = (datetime.fromisoformat(newest) - timedelta(days=MAX_DAYS)).date().isoformat()
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name.endswith(".json"):
            folders.setdefault(folder, []).append(name)
    old = []
    for folder, names in folders.items():
        names.sort(reverse=True)
        old += [
            f"{folder}/{name}"
            for place, name in enumerate(names)
            if (place >= MAX_NIGHTS or name < oldest) and f"{folder}/{name}" not in kept
        ]
    return old
