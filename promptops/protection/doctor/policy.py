"""Check the policy on the default branch: source of approvals, and owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import NotFoundError
from promptops.forge.codeowners import OWNERS_PATHS
from promptops.gate.ownership import find_sole_owner, lint_repository, read_owners
from promptops.git.signing.allowed_signers import list_keys
from promptops.protection.doctor.answer import AnswerState, DoctorAnswer, error, fine, note, warning
from promptops.repository.config import OPENPGP_KEYS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.prompt.finding import Finding
    from promptops.protection.doctor.subject import DoctorSubject

_MAX_NAMED = 10
_RISKS = {
    "unowned-prompt": "anyone who may merge can change it without an owner's approval",
    "unowned-gate-file": "a change can edit its own rules and pass",
    "dead-pattern": "these files seem to have an owner",
    "shadowed-rule": "these owners seem to be asked",
    "nearly-too-large": "one more line, and no file has owners",
}
_READ_OTHERWISE = "the forge ignores this line or reads it differently, so other owners may apply"


def look_at_policy(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that the configuration requires approvals, and that its files exist."""
    gate = subject.config.gate
    place = subject.config.path or "promptops.toml"
    faults = []
    if gate.approvals == "off":
        faults.append(
            warning(
                "approvals are turned off",
                place,
                risk="changes to prompts merge without approval by owners, unless the forge "
                "requires it",
                remedy='set [gate] approvals = "auto", "signed" or "file"',
            )
        )
    if gate.committers:
        faults.append(
            note(
                "committers of a change can approve it",
                place,
                risk="two people who push to one branch can approve each other's changes",
                remedy="remove committers = true from [gate]",
            )
        )
    needs_signers = gate.approvals == "signed" or any(
        environment.deployers for environment in subject.config.environments
    )
    if needs_signers and subject.read(gate.signers) is None:
        faults.append(
            error(
                f"the policy requires signatures, and {subject.where} has no {gate.signers}",
                gate.signers,
                risk="no signature can be verified, so every deployment and approval is refused",
                remedy=f"write the public keys of those who may sign to {gate.signers}, a line "
                "each: jane@example.com ssh-ed25519 AAAA…",
            )
        )
    if gate.approvals == "signed" and _has_one_key(subject):
        faults.append(
            warning(
                f"{gate.signers} has only one key, and approvals are signed",
                gate.signers,
                risk="nobody can approve what its holder changes",
                remedy="have another person propose a line with their key, and approve it with "
                "the existing key",
            )
        )
    yield from faults or [fine(f'approvals = "{gate.approvals}" on {subject.where}', place)]


def _has_one_key(subject: DoctorSubject) -> bool:
    signers = subject.read(subject.config.gate.signers)
    if signers is None or subject.read(OPENPGP_KEYS_FILE) is not None:
        return False
    return len(list_keys(signers.decode("utf-8", "replace"))) == 1


def look_at_owners(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that CODEOWNERS exists, is valid, and covers the gate's own files."""
    try:
        found = read_owners(subject.repository, subject.dialect, revision=subject.base)
    except NotFoundError as missing:
        first = OWNERS_PATHS[subject.dialect][0]
        yield error(
            f"there is no CODEOWNERS file on {subject.where}",
            first,
            risk="changes to prompts and rules need no approval",
            remedy=f"{missing.hint}; promptops init writes a first one",
        )
        return
    alone = find_sole_owner(subject.repository, found, revision=subject.base)
    if alone is not None:
        yield warning(
            f"{alone} is the only owner of the prompts",
            found.path,
            risk="nobody can approve what they change, so it never merges",
            remedy="add a team or a second person",
        )
    findings = lint_repository(subject.repository, found, revision=subject.base)
    if not findings:
        yield fine(
            f"every prompt and every file of the gate has owners on {subject.where}", found.path
        )
    yield from map(_judge, findings[:_MAX_NAMED])
    hidden = len(findings) - _MAX_NAMED
    if hidden > 0:
        yield warning(
            f"{hidden:,} more findings",
            found.path,
            risk="as above",
            remedy="run promptops owners lint to list them all",
        )


def _judge(finding: Finding) -> DoctorAnswer:
    risk = _RISKS.get(finding.check, _READ_OTHERWISE)
    where = "" if finding.position is None else f"line {finding.position.line}: "
    return DoctorAnswer(
        AnswerState.FINDING,
        f"{where}{finding.message}",
        finding.path,
        finding.severity,
        risk,
        finding.hint or "run promptops owners lint",
    )
