"""One release: what its tag says, whether its content is that, and why it was yanked.

A runtime needs no more of releases than this. `releases` lists and selects them, `syncing` fetches
those of others, and `publication` makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import IntegrityError, UsageError
from promptops.git.message import parse_message
from promptops.git.objects import parse_tag
from promptops.prompt.closure import collect_closure
from promptops.prompt.digest import is_digest
from promptops.prompt.prompt import Prompt, load_prompt
from promptops.prompt.reference import release_tag, yank_tag
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.git.objects import GitObject, Identity
    from promptops.prompt.closure import Closure
    from promptops.repository.repository import Repository


class Release(NamedTuple):
    """One frozen version, as its tag says.

    Attributes:
        name: the prompt.
        version: the version.
        tag: the tag's object id.
        commit: the commit that was released.
        digest: the digest of the closure at that commit.
        folder: the prompts folder at that commit.
        model: the model it was written for.
        change: the level of the change it was found to be, or `new`.
        base: the release it was compared with, or None for the first.
        operation: the random id of the release run.
        notes: the release notes, verbatim.
        tagger: who released it, when.
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
    """Read a release from its tag object; IntegrityError when the tag says something else."""
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
            hint="it was made or moved by hand; promptops verify says more",
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
            hint="it was made or moved by hand; promptops verify says more",
        ) from error


def read_release(repository: Repository, name: str, version: Version) -> Release | None:
    """Return the release of `name` at `version`, or None. IntegrityError when its tag is no
    release.
    """
    found = repository.objects.read(release_tag(name, version))
    if found is None:
        return None
    return parse_tag_object(name, version, found)


def parse_tag_object(name: str, version: Version, found: GitObject) -> Release:
    """Return the release that an object is; IntegrityError when it is none."""
    if found.kind != "tag":
        raise IntegrityError(
            f"the tag of {name}@{version} is not an annotated tag",
            hint="it was not made by promptops release; promptops verify says what to do",
        )
    return parse_release(name, version, found.oid, found.data)


def find_yank(repository: Repository, name: str, version: Version) -> str | None:
    """Return why the release was yanked, or None when it was not."""
    found = repository.objects.read(yank_tag(name, version))
    return None if found is None else yank_reason(found)


def yank_reason(found: GitObject) -> str:
    """Return why a release was yanked, by the object that the tag of the yank holds."""
    if found.kind != "tag":
        return "no reason given"
    message = parse_message(parse_tag(found.data).message)
    return message.value("Reason") or message.text or "no reason given"


def load_released(repository: Repository, release: Release) -> Prompt:
    """Return the prompt as it was released; IntegrityError when it is not what the tag says."""
    closure = read_released_closure(repository, release)
    return verify_content(str(release), closure, release.digest, release.version)


def verify_content(
    what: str,
    closure: Closure,
    digest: str,
    version: Version,
    *,
    load: Callable[[Closure, str], Prompt] | None = None,
) -> Prompt:
    """Return the prompt of a closure, if it is the content and version that were frozen.

    Args:
        what: the release or deployment that froze it, for the error.
        closure: the files as they were read.
        digest: the digest that was frozen.
        version: the version that was frozen.
        load: loads a closure whose digest was verified; `load_prompt` when None.

    Raises:
        IntegrityError: the files have another digest, or say another version.
        InvalidPromptError: they are no valid prompt.
    """
    found = closure.compute_digest()
    if found != digest:
        raise IntegrityError(
            f"{what} is not what was released: its files have digest {found}",
            hint=f"it should be {digest}; was the tag moved? promptops verify says more",
        )
    prompt = load_prompt(closure, digest=digest) if load is None else load(closure, digest)
    if prompt.version != version:
        raise IntegrityError(
            f"the file of {what} says version {prompt.version}",
            hint="it was tagged or deployed by hand; promptops verify says what to do",
        )
    return prompt


def read_released_closure(repository: Repository, release: Release) -> Closure:
    """Return the files of the release at its commit; IntegrityError when they are not there."""
    prefix = f"{release.commit}:{release.folder}/" if release.folder else f"{release.commit}:"

    def read(path: str) -> bytes | None:
        # Straight to the blob: the digest says whether it is the one that was released.
        found = repository.objects.read(prefix + path)
        return found.data if found is not None and found.kind == "blob" else None

    closure = collect_closure(release.name, read)
    if closure is None:
        raise IntegrityError(
            f"the commit released as {release} has no {release.folder}/{release.name}.md",
            hint="in a shallow or partial clone, fetch the commit; else see promptops verify",
        )
    return closure
