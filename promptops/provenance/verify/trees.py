"""Verify the trees of an environment's deployments against locks, messages and tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.delivery import state as lock
from promptops.delivery.environments import describe_changes
from promptops.errors import GitError, PromptopsError
from promptops.prompt.finding import Finding, Severity
from promptops.provenance.integrity import (
    ReleasedTexts,
    contradict_lock,
    inspect_tag,
    read_claims,
    shorten,
)
from promptops.provenance.verify.survey import NOT_CHECKED, KnownTag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.delivery.state import Live, Point, State
    from promptops.provenance.integrity import History, IntegrityRecord
    from promptops.provenance.verify.scope import Key
    from promptops.provenance.verify.survey import Survey

_PAST = "it is fixed now, but a rollback to that deployment would bring it back"


@dataclass(slots=True)
class TreeCheck:
    """Verifies the trees of one environment, oldest first.

    A fault that the newest deployment still has is an error; the deployment that introduced it is
    named. A fault in the past is a warning: history cannot be changed, and a repaired branch must
    pass.
    """

    survey: Survey
    place: str
    history: History
    texts: ReleasedTexts = field(init=False)
    numbers: dict[int, str] = field(init=False)
    faults: dict[object, list[Finding]] = field(default_factory=dict)
    present: set[object] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.texts = ReleasedTexts(self.survey.repository)
        self.numbers = {
            record.deployment.number: record.oid
            for record in self.history.records
            if record.deployment is not None
        }

    def run(self, start: int) -> None:
        """Verify the trees from the record with that index on."""
        records = self.history.records
        before = self._state_before(start)
        for index in range(start, len(records)):
            self.present = set()
            after = self._check_record(records[index], before)
            before = after
            self.survey.progress(self.history.environment, index - start + 1, len(records) - start)
        if records and before is not None:
            self._check_form(records[-1], before)
        for key, findings in self.faults.items():
            is_past = key not in self.present
            self.survey.findings += [_put_past(one) if is_past else one for one in findings]

    def _state_before(self, index: int) -> State | None:
        """Return the state before a record; None if unknown."""
        if index == 0:
            return lock.State() if self.history.cut is None else None
        try:
            return self.texts.state(self.history.records[index - 1])
        except PromptopsError:
            return None

    def _check_record(self, record: IntegrityRecord, before: State | None) -> State | None:
        try:
            state = self.texts.state(record)
        except PromptopsError as error:
            if record.deployment is not None:  # otherwise a worse fault has been reported already
                found = self._failed(record, error, check="broken-lock")
                self._keep(("state", record.oid), [found])
            return None
        self._check_folders(record, state)
        for name, point in state.undo.items():
            if self.survey.wants(name) and self._is_new(("undo", name, point)):
                findings = list(self._judge_undo(record, name, point))
                self._keep(("undo", name, point), findings)
        if before is not None:
            self._keep(("change", record.oid), list(self._judge_change(record, before, state)))
        return state

    def _check_form(self, record: IntegrityRecord, state: State) -> None:
        """Check the newest lock's canonical form: readers may parse it by lines, see
        `docs/SPEC.md`.
        """
        forms = {lock.LOCK_FILE: lock.format_lock(state), lock.UNDO_FILE: lock.format_undo(state)}
        for file, data in forms.items():
            found = self.survey.repository.objects.read(f"{record.oid}:{file}")
            if found is not None and found.data != data:
                message = f"{file} is valid, but not written as promptops writes it"
                self._keep(("form", file), [self._fault(record, "wrong-form", message)])

    # Faults

    def _is_new(self, key: object) -> bool:
        """Return whether this has not been verified yet. Its faults stay recorded."""
        self.present.add(key)
        return key not in self.faults

    def _keep(self, key: object, findings: list[Finding]) -> None:
        self.present.add(key)
        self.faults[key] = findings

    def _fault(self, record: IntegrityRecord, check: str, message: str) -> Finding:
        """Return a fault, with the deployment that introduced it and the one to restore."""
        number = record.deployment.number if record.deployment else 0
        hint = "the branch was edited by hand"
        if number > 1:
            hint += (
                f"; promptops rollback --env {self.history.environment} "
                f"--to-deployment {number - 1} restores the state before"
            )
        message = f"{record.label}: {message}"
        return Finding(check, Severity.ERROR, message, self.place, None, hint)

    def _failed(
        self,
        record: IntegrityRecord,
        error: PromptopsError,
        what: str = "",
        *,
        check: str = "missing-texts",
    ) -> Finding:
        """Return a finding for unreadable data: a fault, or missing in this clone."""
        message = f"{what}: {error.message}" if what else error.message
        found = self._fault(record, check, message)
        if isinstance(error, GitError):
            return found._replace(check=NOT_CHECKED, severity=Severity.WARNING, hint=error.hint)
        # A lost object is not a manual edit. For a lock, this message is more precise than the
        # error's.
        return found._replace(hint=error.hint or found.hint) if what else found

    # Content of trees

    def _check_folders(self, record: IntegrityRecord, state: State) -> None:
        try:
            folders = self.texts.folders(record.commit.tree)
        except PromptopsError as error:
            findings = [self._failed(record, error)]
            self._keep(("folders", record.commit.tree), findings)
            return
        expected = set()
        for name, entry in state.entries.items():
            for live in entry.live:
                folder = f"{name}@{live.version}"
                expected.add(folder)
                if self.survey.wants(name):
                    self._check_live(record, name, live, folders.releases.get(folder))
        if self.survey.scope.names is not None:
            return
        for folder in sorted(folders.releases.keys() - expected):
            message = f"it contains the texts of {folder}, which is not live there"
            key = ("surplus", folder, folders.releases[folder])
            if self._is_new(key):
                self._keep(key, [self._fault(record, "surplus-texts", message)])
        for stray in folders.strays:
            if self._is_new(("stray", stray)):
                message = f"{stray} does not belong in a deployment"
                self._keep(("stray", stray), [self._fault(record, "stray-file", message)])

    def _check_live(
        self, record: IntegrityRecord, name: str, live: Live, folder: str | None
    ) -> None:
        key = ("live", name, live.version, live.digest, live.commit, folder)
        if self._is_new(key):
            findings = [
                *self._judge_texts(record, name, live, folder),
                *self._judge_against_tag(record, (name, live.version), live),
            ]
            self._keep(key, findings)

    def _judge_texts(
        self, record: IntegrityRecord, name: str, live: Live, folder: str | None
    ) -> Iterator[Finding]:
        label = f"{name}@{live.version}"
        if folder is None:
            message = f"{label} is live, but its texts are missing"
            yield self._fault(record, "missing-texts", message)
            return
        try:
            digest = self.texts.digest(folder)
        except PromptopsError as error:
            yield self._failed(record, error, label)
            return
        if digest != live.digest:
            yield self._fault(
                record,
                "altered-texts",
                f"{label} has texts of {shorten(digest)}, but the lock says {shorten(live.digest)}",
            )

    def _judge_against_tag(
        self, record: IntegrityRecord, key: Key, live: Live
    ) -> Iterator[Finding]:
        label = f"{key[0]}@{key[1]}"
        if key not in self.survey.tags:
            self.survey.missing_tag(key, self.place, f"{record.label} has it live")
            return
        tag = self._read_tag(key)
        if tag is None:
            if not self.survey.opens(key):
                message = f"{label} is live, but its tag is not of a release"
                yield self._fault(record, "broken-tag", message)
        elif fault := contradict_lock(live, tag.digest, tag.commit):
            yield self._fault(record, "wrong-lock", f"{label}: {fault}")

    def _read_tag(self, key: Key) -> KnownTag | None:
        """Return the parsed tag of a release; None if the tag is invalid."""
        known = self.survey.known
        if key not in known:
            (found,) = self.survey.read([self.survey.tags[key]])
            release = None
            if found is not None and not isinstance(found, GitError):
                release = inspect_tag(*key, found)[0]
            known[key] = KnownTag(release.digest, release.commit) if release else None
        return known[key]

    def _judge_undo(self, record: IntegrityRecord, name: str, point: Point) -> Iterator[Finding]:
        own = record.deployment.number if record.deployment else None
        oldest = self.history.records[0].deployment
        true = self.numbers.get(point.deployment)
        if own is not None and point.deployment >= own:
            wrong = f"which is not older than deployment {own}"
        elif true == point.commit:
            return
        elif true is not None:
            wrong = f"but that is commit {true[:12]}"
        elif self.history.cut is not None and oldest and point.deployment < oldest.number:
            if self.survey.first_time("undo", self.place):
                self.survey.unchecked(
                    self.place,
                    "rollbacks lead to deployments that are not in this clone",
                    "run git fetch --unshallow to get the whole history",
                )
            return
        else:
            wrong = "which this branch does not have"
        yield self._fault(
            record,
            "wrong-undo",
            f"a rollback of {name} would go to deployment {point.deployment} "
            f"({point.commit[:12]}), {wrong}",
        )

    def _judge_change(
        self, record: IntegrityRecord, before: State, after: State
    ) -> Iterator[Finding]:
        """Yield differences between the message and the lock."""
        if record.deployment is None:
            return
        said = {claim.name: claim.change for claim in read_claims(record.deployment)}
        done = {
            change.name: f"{change.before} -> {change.after}"
            for change in describe_changes(before, after)
        }
        for name in sorted(said.keys() | done.keys()):
            if said.get(name) != done.get(name) and self.survey.wants(name):
                yield self._fault(
                    record,
                    "wrong-trailer",
                    f"says {name} {said.get(name, 'is unchanged')}, "
                    f"but its lock has {done.get(name, 'no change of it')}",
                )


def _put_past(finding: Finding) -> Finding:
    """Return the finding as a warning about the past."""
    if finding.check == NOT_CHECKED:
        return finding
    return finding._replace(severity=Severity.WARNING, hint=_PAST)
