"""Read one release: its tag, its verified content, and whether it is yanked.

`releases` lists and selects releases, `syncing` fetches them, and `publication` creates them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import IntegrityError, PromptopsError, UsageError
from promptops.git.message import parse_message
from promptops.git.objects import parse_tag
from promptops.prompt.closure import collect_closure
from promptops.prompt.digest import is_digest
from promptops.prompt.prompt import Prompt, load_prompt
from promptops.prompt.reference import release_tag, yank_tag
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from promptops.git.objects import GitObject, Identity
    from promptops.prompt.closure import Closure
    from promptops.repository.repository import Repository


class Release(NamedTuple):
    """One release, parsed from its tag.

    Attributes:
        name: the prompt.
        version: the version.
        tag: the tag's object id.
        commit: the released commit.
        digest: the digest of the closure at that commit.
        folder: the prompts folder at that commit.
        model: the model that the prompt was written for.
        change: the level of the change, or `new`.
        base: the release with which it was compared; None for the first.
        operation: the random id of the run that created it.
        notes: the release notes, verbatim.
        tagger: who released it, and when.
        signature: the tag's signature, or None.
        trailers: all trailers, in order.
    """

    name: str
    version: Version
    tag: str
    commit: str
    digest: str
    folder: str
    model: str
    change: str
    base: Version | None
    operation: str
    notes: str
    tagger: Identity
    signature: str | None
    trailers: tuple[tuple[str, str], ...]

    @property
    def ref(self) -> str:
        """The full ref of the tag."""
        return release_tag(self.name, self.version)

    def __str__(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


def parse_release(name: str, version: Version, oid: str, data: bytes) -> Release:
    """Parse a release from its tag object. Raises IntegrityError if it contradicts its name."""
    tag = parse_tag(data)
    message = parse_message(tag.message)
    expected = release_tag(name, version).removeprefix("refs/tags/")
    digest = message.value("Prompt-Digest")
    path = message.value("Prompt-Path")
    if (
        tag.name != expected
        or tag.target_kind != "commit"
        or tag.tagger is None
        or digest is None
        or not is_digest(digest)
        or path is None
        or not (path == f"{name}.md" or path.endswith(f"/{name}.md"))
    ):
        what = f"is the tag of {tag.name}" if tag.name != expected else "has no valid trailers"
        raise IntegrityError(
            f"the tag {expected} {what}",
            hint="it was made or moved by hand; run promptops verify",
        )
    return Release(
        name=name,
        version=version,
        tag=oid,
        commit=tag.target,
        digest=digest,
        folder=path[: -len(f"{name}.md")].rstrip("/"),
        model=message.value("Prompt-Model") or "",
        change=message.value("Prompt-Change") or "",
        base=_parse_base(message.value("Prompt-Base"), expected),
        operation=message.value("Operation") or "",
        notes=message.text,
        tagger=tag.tagger,
        signature=tag.signature,
        trailers=message.trailers,
    )


def _parse_base(text: str | None, tag: str) -> Version | None:
    if text is None or text == "none":
        return None
    try:
        return Version.parse(text)
    except UsageError as error:
        raise IntegrityError(
            f"the tag {tag} names {text!r} as the release before it",
            hint="it was made or moved by hand; run promptops verify",
        ) from error


def read_release(repository: Repository, name: str, version: Version) -> Release | None:
    """Return the release of `name` at `version`, or None. Raises IntegrityError if the tag is
    invalid.
    """
    found = repository.objects.read(release_tag(name, version))
    if found is None:
        return None
    return parse_tag_object(name, version, found)


def parse_tag_object(name: str, version: Version, found: GitObject) -> Release:
    """Parse a release from a Git object. Raises IntegrityError if it is not a release."""
    if found.kind != "tag":
        raise IntegrityError(
            f"the tag of {name}@{version} is not an annotated tag",
            hint="it was not made by promptops release; run promptops verify",
        )
    return parse_release(name, version, found.oid, found.data)


def find_yank(repository: Repository, name: str, version: Version) -> str | None:
    """Return why the release was yanked; None if it was not."""
    found = repository.objects.read(yank_tag(name, version))
    return None if found is None else yank_reason(found)


def yank_reason(found: GitObject) -> str:
    """Return why a release was yanked, from the object of the yank's tag."""
    if found.kind != "tag":
        return "no reason given"
    message = parse_message(parse_tag(found.data).message)
    return message.value("Reason") or message.text or "no reason given"


def load_released(repository: Repository, release: Release) -> Prompt:
    """Return the released prompt. Raises IntegrityError if its content differs from the tag."""
    closure = read_released_closure(repository, release)
    return verify_content(str(release), closure, release.digest, release.version)


def load_all_released(
    repository: Repository, releases: Sequence[Release]
) -> list[Prompt | PromptopsError]:
    """Return the released prompts, or why one cannot be read, in the order of `releases`.

    Their own files are read in one round trip.
    """
    specs = [f"{_prefix(one)}{one.name}.md" for one in releases]
    try:
        known = dict(zip(specs, repository.objects.read_many(specs), strict=True))
    except PromptopsError:
        # One is damaged: read each on its own to find out which.
        known = {}
    found: list[Prompt | PromptopsError] = []
    for one in releases:
        try:
            closure = read_released_closure(repository, one, known=known)
            found.append(verify_content(str(one), closure, one.digest, one.version))
        except PromptopsError as error:
            found.append(error)
    return found


def verify_content(
    what: str,
    closure: Closure,
    digest: str,
    version: Version,
    *,
    load: Callable[[Closure, str], Prompt] | None = None,
) -> Prompt:
    """Return the prompt of a closure after comparing it with the frozen digest and version.

    Args:
        what: the release or deployment, for the error.
        closure: the files.
        digest: the expected digest.
        version: the expected version.
        load: loads a verified closure; None: `load_prompt`.

    Raises:
        IntegrityError: the files have another digest or version.
        InvalidPromptError: the prompt is invalid.
    """
    found = closure.compute_digest()
    if found != digest:
        raise IntegrityError(
            f"{what} is not what was released: its files have digest {found}",
            hint=f"it should be {digest}; the tag may have been moved; run promptops verify",
        )
    prompt = load_prompt(closure, digest=digest) if load is None else load(closure, digest)
    if prompt.version != version:
        raise IntegrityError(
            f"the file of {what} says version {prompt.version}",
            hint="it was tagged or deployed by hand; run promptops verify",
        )
    return prompt


def _prefix(release: Release) -> str:
    """Return the beginning of the object expressions of the release's files."""
    return f"{release.commit}:{release.folder}/" if release.folder else f"{release.commit}:"


def read_released_closure(
    repository: Repository,
    release: Release,
    *,
    known: Mapping[str, GitObject | None] | None = None,
) -> Closure:
    """Return the files of the release at its commit. Raises IntegrityError if they are missing.

    Args:
        repository: the repository.
        release: the release.
        known: objects that were read before, by expression.
    """
    prefix, known = _prefix(release), known or {}

    def read(path: str) -> bytes | None:
        # Read the blobs directly; the digest is verified later.
        spec = prefix + path
        found = known[spec] if spec in known else repository.objects.read(spec)
        return found.data if found is not None and found.kind == "blob" else None

    closure = collect_closure(release.name, read)
    if closure is None:
        raise IntegrityError(
            f"the commit released as {release} has no {release.folder}/{release.name}.md",
            hint="in a shallow or partial clone, fetch the commit; else see promptops verify",
        )
    return closure
