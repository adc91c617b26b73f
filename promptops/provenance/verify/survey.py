"""The shared state of a verification: scope, known data, findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptops.errors import GitError, PromptopsError
from promptops.git.refs import short_name
from promptops.git.signing.classification import Trust, choose_signers, classify_signature
from promptops.prompt.finding import Finding, Severity
from promptops.prompt.reference import release_tag

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptops.git.objects import GitObject
    from promptops.prompt.version import Version
    from promptops.provenance.verify.scope import Key, VerifyScope
    from promptops.repository.repository import Repository

    Progress = Callable[[str, int, int], None]

NOT_CHECKED = "not-checked"
_MAX_SIGNATURES = 200


@dataclass(frozen=True, slots=True)
class KnownTag:
    """The parts of a release's tag on which environments depend."""

    digest: str
    commit: str


@dataclass(slots=True)
class Survey:
    """The shared state of one verification.

    Attributes:
        repository: the repository.
        scope: what is verified.
        deep: whether old and numerous data is verified too.
        allowed_signers: the allowed signers file, or None.
        progress: called with the progress.
        findings: the findings so far.
        tags: the ids of all release tags.
        known: the tags that were read; None for an invalid one.
        released: the number of tags that were read.
        deployments: the number of deployments.
        skipped_trees: the number of deployments whose tree was not read.
        skipped_signatures: the number of signatures that were not verified.
        has_no_tags: whether this clone lacks the tags of live releases.
    """

    repository: Repository
    scope: VerifyScope
    deep: bool
    allowed_signers: Path | None
    progress: Progress
    findings: list[Finding] = field(default_factory=list)
    tags: dict[Key, str] = field(default_factory=dict)
    known: dict[Key, KnownTag | None] = field(default_factory=dict)
    released: int = 0
    deployments: int = 0
    skipped_trees: int = 0
    skipped_signatures: int = 0
    has_no_tags: bool = False
    signatures: int = 0
    signers: Path | None = field(init=False)
    told: set[object] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.signers = choose_signers(self.repository.git, self.allowed_signers)

    def error(self, check: str, place: str, message: str, hint: str | None = None) -> None:
        """Record a fault."""
        self.findings.append(Finding(check, Severity.ERROR, message, place, None, hint))

    def warn(self, check: str, place: str, message: str, hint: str | None = None) -> None:
        """Record a warning."""
        self.findings.append(Finding(check, Severity.WARNING, message, place, None, hint))

    def note(self, check: str, place: str, message: str, hint: str | None = None) -> None:
        """Record a note."""
        self.findings.append(Finding(check, Severity.NOTE, message, place, None, hint))

    def unchecked(self, place: str, message: str, hint: str | None = None) -> None:
        """Record something that could not be checked in this clone."""
        self.warn(NOT_CHECKED, place, message, hint)

    def failed(self, check: str, place: str, error: PromptopsError) -> None:
        """Record an error: as a fault, or as unchecked if this clone lacks data."""
        # These errors' own hint is to run `verify`.
        hint = (error.hint or "").replace("; run promptops verify", "") or None
        if isinstance(error, GitError):
            self.unchecked(place, error.message, hint)
        else:
            self.error(check, place, error.message, hint)

    def first_time(self, *what: object) -> bool:
        """Return whether this fault is new; each is reported once."""
        if what in self.told:
            return False
        self.told.add(what)
        return True

    def wants(self, name: str) -> bool:
        """Return whether the prompt is in the scope."""
        return self.scope.names is None or name in self.scope.names

    def opens(self, key: Key) -> bool:
        """Return whether the release's tag is in the scope."""
        return self.scope.releases is None or key in self.scope.releases

    def read(self, specs: list[str]) -> list[GitObject | GitError | None]:
        """Read objects; continue after unreadable ones."""
        try:
            return list(self.repository.objects.read_many(specs))
        except GitError:
            return [self._read_one(spec) for spec in specs]

    def _read_one(self, spec: str) -> GitObject | GitError | None:
        try:
            return self.repository.objects.read(spec)
        except GitError as error:
            return error

    def moved(self, key: Key, recorded: str, current: str, how: str) -> None:
        """Record that a tag is `current`, not `recorded`; `how` is a clause on the record."""
        if self.first_time("moved", key, recorded):
            self.error(
                "moved-tag",
                short_name(release_tag(*key)),
                f"the tag was moved: {how} {recorded[:12]}, now it is {current[:12]}",
                "a release never changes; restore the old tag: git update-ref "
                f"{release_tag(*key)} {recorded[:12]}",
            )

    def missing_tag(self, key: Key, place: str, why: str) -> None:
        """Record a missing tag, or that this clone has no tags at all.

        `why` is a clause on why the tag must exist, and `place` where that is recorded.
        """
        if not self.tags and self.repository.remote is not None:
            self.has_no_tags = True
            return
        if self.first_time("missing", key):
            self.error(
                "missing-tag",
                short_name(release_tag(*key)),
                f"the tag is gone, but {why} ({place})",
                self.fetch_hint(*key),
            )

    def fetch_hint(self, name: str, version: Version) -> str:
        """Return the hint on how to get a missing tag."""
        tag = release_tag(name, version)
        if self.repository.remote is None:
            return f"somebody deleted the tag; another clone may have it: git fetch CLONE {tag}"
        fetch = f"git fetch {self.repository.remote} {tag}:{tag}"
        return f"{fetch} restores it, unless it was deleted there too"

    def check_signature(self, place: str, oid: str, kind: str, signature: str | None) -> None:
        """Verify a signature; a missing one is a fault if allowed signers were given."""
        if signature is None:
            if self.allowed_signers is not None:
                self.error(
                    "unsigned",
                    place,
                    f"{kind} {oid[:12]} is not signed",
                    "set commit.gpgSign and tag.gpgSign where releases and deployments are made",
                )
            return
        self.signatures += 1
        if self.signatures > _MAX_SIGNATURES and self.scope.is_everything and not self.deep:
            self.skipped_signatures += 1
            return
        try:
            verdict = classify_signature(self.repository.git, oid, kind, self.signers)
        except PromptopsError as error:
            self.failed("bad-signature", place, error)
            return
        if verdict.trust is Trust.BAD:
            self.error(
                "bad-signature",
                place,
                f"the signature of {kind} {oid[:12]} is bad: {verdict.reason}",
                "the object was altered after it was signed; do not use it",
            )
        elif verdict.trust is Trust.UNKNOWN and self.allowed_signers is not None:
            self.error(
                "unknown-signer",
                place,
                f"{kind} {oid[:12]} is not signed by an allowed signer: {verdict.reason}",
                "add the key to the list if you know whose it is",
            )
        elif verdict.trust is Trust.UNKNOWN:
            self.note(
                "unknown-signer",
                place,
                f"{kind} {oid[:12]} is signed, but {verdict.reason}",
                "to check it against a list of allowed signers: promptops verify --trust FILE",
            )


def count(number: int, what: str) -> str:
    """`1 release`, `12 releases`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
