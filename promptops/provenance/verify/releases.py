"""Verify each release's tag against its commit, and each yank against its release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.attestation import read_evidence
from promptops.errors import GitError, PromptopsError
from promptops.git.refs import list_refs, read_ref, short_name
from promptops.prompt.reference import parse_release_tag, release_tag
from promptops.provenance.integrity import (
    compare_frozen,
    inspect_tag,
    missing_object,
    own_file,
    read_frozen,
    yank_target,
)
from promptops.provenance.verify.scope import list_release_tags
from promptops.provenance.verify.survey import KnownTag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.release import Release
    from promptops.git.objects import GitObject
    from promptops.provenance.verify.scope import Key
    from promptops.provenance.verify.survey import Survey

_PORTION = 1000


@dataclass(frozen=True, slots=True)
class ReleaseCheck:
    """Verifies all release tags in the scope."""

    survey: Survey

    def run(self) -> None:
        """Verify all releases and yanks."""
        strays: list[str] = []
        self.survey.tags = list_release_tags(self.survey.repository, strays)
        if self.survey.scope.is_everything:
            for ref in strays:
                self.survey.warn(
                    "stray-tag",
                    short_name(ref),
                    "not the tag of a release: its name is not NAME@VERSION",
                    f"to remove it: git tag -d {short_name(ref)}",
                )
        keys = [key for key in self.survey.tags if self.survey.opens(key)]
        for start in range(0, len(keys), _PORTION):
            self._check_portion(keys[start : start + _PORTION])
            self.survey.progress("releases", min(start + _PORTION, len(keys)), len(keys))
        self._check_yanks()

    def _check_portion(self, keys: Sequence[Key]) -> None:
        tags = self.survey.read([self.survey.tags[key] for key in keys])
        opened = [self._open_tag(key, tag) for key, tag in zip(keys, tags, strict=True)]
        sound = [release for release in opened if release is not None]
        files = self.survey.read([own_file(one.name, one.commit, one.folder) for one in sound])
        for release, file in zip(sound, files, strict=True):
            self._check_release(release, file)

    def _open_tag(self, key: Key, found: GitObject | GitError | None) -> Release | None:
        """Return the release of a tag. Record a finding and return None if the tag is invalid."""
        self.survey.known[key] = None
        if found is None and read_ref(self.survey.repository.git, release_tag(*key)) is None:
            del self.survey.known[key]  # removed since it was listed
            return None
        self.survey.released += 1
        place = short_name(release_tag(*key))
        if found is None or isinstance(found, GitError):
            lost = found or missing_object(self.survey.repository, self.survey.tags[key])
            self.survey.failed("unreadable-tag", place, lost)
            return None
        release, fault = inspect_tag(*key, found)
        if release is None:
            if fault is not None:
                self.survey.failed("broken-tag", place, fault)
            return None
        self.survey.known[key] = KnownTag(release.digest, release.commit)
        return release

    def _check_release(self, release: Release, file: GitObject | GitError | None) -> None:
        place = short_name(release.ref)
        self._check_base(release, place)
        self.survey.check_signature(place, release.tag, "tag", release.signature)
        try:
            if isinstance(file, GitError):
                raise file
            frozen = read_frozen(
                self.survey.repository,
                release.name,
                release.commit,
                release.folder,
                file.data if file else None,
            )
            compare_frozen(frozen, release.version, release.commit, release.digest)
        except PromptopsError as error:
            self.survey.failed("broken-release", place, error)
        try:
            read_evidence(self.survey.repository, release)
        except PromptopsError as error:
            self.survey.failed("broken-evidence", place, error)

    def _check_base(self, release: Release, place: str) -> None:
        base = release.base
        if base is None:
            return
        if base >= release.version:
            self.survey.error(
                "wrong-base",
                place,
                f"its Prompt-Base is {base}, which is not below it",
                "the tag was written by hand",
            )
        elif (release.name, base) not in self.survey.tags:
            self.survey.error(
                "missing-base",
                place,
                f"it was compared with {release.name}@{base}, which has no tag here",
                self.survey.fetch_hint(release.name, base),
            )

    def _check_yanks(self) -> None:
        prefix = "refs/tags/yanked/"
        refs = list_refs(self.survey.repository.git, prefix, peel=False)
        found = self.survey.read([ref.oid for ref in refs])
        for ref, tag in zip(refs, found, strict=True):
            key = parse_release_tag(f"refs/tags/{ref.name.removeprefix(prefix)}")
            place = short_name(ref.name)
            if key is None:
                if self.survey.scope.is_everything:
                    self.survey.warn(
                        "stray-tag", place, "yanks nothing: its name is not of a release"
                    )
            elif self.survey.opens(key) and isinstance(tag, GitError):
                self.survey.failed("broken-yank", place, tag)
            elif self.survey.opens(key) and tag is not None and not isinstance(tag, GitError):
                self._check_yank(key, place, tag)

    def _check_yank(self, key: Key, place: str, found: GitObject) -> None:
        current = self.survey.tags.get(key)
        if current is None:
            self.survey.error(
                "broken-yank",
                place,
                f"it yanks {key[0]}@{key[1]}, which has no release tag",
                self.survey.fetch_hint(*key),
            )
            return
        if found.kind != "tag":
            self.survey.error(
                "broken-yank",
                place,
                "a lightweight tag, without an author and a reason",
                f"git tag -d {place}, then promptops yank {key[0]}@{key[1]} --reason TEXT",
            )
            return
        commit, meant = yank_target(found.data)
        release = self.survey.known.get(key)
        if meant not in {None, current}:
            self.survey.moved(key, meant or "", current, "it was yanked as")
        elif release is not None and commit != release.commit:
            self.survey.error(
                "broken-yank",
                place,
                f"it points to commit {commit[:12]}, the release on {release.commit[:12]}",
                "one of the two tags was moved by hand",
            )
