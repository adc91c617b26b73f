"""Verify an environment's deployments against each other, their trees and the release tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.environments import branch, tracking
from promptops.errors import PromptopsError
from promptops.git.history import is_ancestor
from promptops.git.refs import read_ref, short_name
from promptops.prompt.reference import release_tag
from promptops.provenance.integrity import (
    missing_object,
    read_claims,
    read_history,
    tag_title,
    versions_in,
)
from promptops.provenance.verify.survey import count
from promptops.provenance.verify.trees import TreeCheck

if TYPE_CHECKING:
    from promptops.delivery.environments import Deployment
    from promptops.provenance.integrity import Claim, History
    from promptops.provenance.verify.survey import Survey

NEWEST = 50


@dataclass(frozen=True, slots=True)
class EnvironmentCheck:
    """Verifies one environment: its branch and its messages."""

    survey: Survey
    environment: str

    @property
    def place(self) -> str:
        """The branch's name in findings."""
        return f"promptops/{self.environment}"

    def run(self) -> bool:
        """Verify it; return False if it has no deployments."""
        try:
            history = self._choose_history()
        except PromptopsError as error:
            self.survey.failed("broken-branch", self.place, error)
            return True
        if history is None:
            return False
        self.survey.deployments += len(history.records)
        self._check_numbers(history)
        newest = history.records if self.survey.deep else history.records[-NEWEST:]
        for record in newest:
            signature = record.commit.signature
            self.survey.check_signature(self.place, record.oid, "commit", signature)
        for record in history.records:
            if record.deployment is not None:
                self._check_claims(record.deployment)
        self.survey.skipped_trees += len(history.records) - len(newest)
        TreeCheck(self.survey, self.place, history).run(len(history.records) - len(newest))
        return True

    def _choose_history(self) -> History | None:
        """Return the remote's history, or the local one if it is ahead."""
        repository = self.survey.repository
        known = tracking(repository, self.environment)
        local = branch(self.environment)
        history = read_history(repository, self.environment, known)
        mine = read_ref(repository.git, local) if local != known else None
        if mine is None or (history is not None and mine == history.tip.oid):
            return history
        if history is not None and is_ancestor(repository.git, mine, history.tip.oid):
            return history
        ahead = read_history(repository, self.environment, local)
        if history is not None and ahead is not None:
            oids = {record.oid for record in ahead.records}
            if history.tip.oid not in oids:
                self._separate(cut=bool(ahead.cut or history.cut))
                return history
        pending = len(ahead.records) - len(history.records if history else ()) if ahead else 0
        self.survey.note(
            "pending",
            self.place,
            f"{count(pending, 'local deployment')} not pushed yet",
            f"git push {repository.remote} {self.place}",
        )
        return ahead

    def _separate(self, *, cut: bool) -> None:
        message = f"the local branch and the one of {self.survey.repository.remote} have diverged"
        if cut:
            self.survey.unchecked(
                self.place, f"it may be that {message}", "git fetch --unshallow, then verify again"
            )
        else:
            self.survey.error(
                "separate-ways",
                self.place,
                message,
                f"to drop the local deployments: git branch -D {self.place}",
            )

    def _check_numbers(self, history: History) -> None:
        if history.cut is not None:
            first = history.records[0]
            self.survey.unchecked(
                self.place,
                f"what is older than {first.label} is not in this clone",
                "run git fetch --unshallow to get the whole history",
            )
        before: int | None = None
        for record in history.records:
            deployment = record.deployment
            if deployment is None:
                fault = record.fault or missing_object(self.survey.repository, record.oid)
                self.survey.failed("broken-deployment", self.place, fault)
                before = None if before is None else before + 1
                continue
            self._check_number(history, deployment, before)
            before = deployment.number

    def _check_number(self, history: History, deployment: Deployment, before: int | None) -> None:
        number = deployment.number
        is_first = deployment.commit == history.records[0].oid
        if is_first and history.cut is None and number != 1:
            message = f"the history begins with deployment {number}, not with 1"
        elif before is not None and number != before + 1:
            message = (
                f"deployment {number} (commit {deployment.commit[:12]}) follows deployment {before}"
            )
        else:
            return
        self.survey.error(
            "wrong-number",
            self.place,
            message,
            "deployments are numbered one by one; the branch was edited by hand",
        )

    def _check_claims(self, deployment: Deployment) -> None:
        for claim in read_claims(deployment):
            if self.survey.wants(claim.name):
                self._check_claim(deployment, claim)

    def _check_claim(self, deployment: Deployment, claim: Claim) -> None:
        after, before = versions_in(claim.after), versions_in(claim.before)
        if claim.release_tag is None:
            if deployment.action == "promote":
                self.survey.error(
                    "missing-trailer",
                    self.place,
                    f"deployment {deployment.number} promotes {claim.name} without a Release-Tag",
                    "the commit was not written by promptops",
                )
            return
        current = {version: self.survey.tags.get((claim.name, version)) for version in after}
        if claim.release_tag in current.values():
            return
        said = tag_title(self.survey.repository, claim.release_tag)
        new = [version for version in after if version not in before] or after
        for version in new:
            key = (claim.name, version)
            if said is not None and said != short_name(release_tag(*key)):
                continue
            tag = current[version]
            if tag is None:
                self.survey.missing_tag(
                    key, self.place, f"deployment {deployment.number} made it live"
                )
            else:
                how = f"deployment {deployment.number} of {deployment.environment} took it as"
                self.survey.moved(key, claim.release_tag, tag, how)
            return
        self.survey.error(
            "wrong-trailer",
            self.place,
            f"deployment {deployment.number} names the tag object {claim.release_tag[:12]} for "
            f"{claim.name} {claim.after}, which is {said or 'nothing of that name'}",
            "the commit was written by hand",
        )
