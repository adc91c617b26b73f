"""One release, as its tag says: what a reader of releases needs, apart from making them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import IntegrityError, UsageError
from promptops.git.message import parse_message
from promptops.git.objects import parse_tag
from promptops.prompt.digest import is_digest
from promptops.prompt.reference import release_tag
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from promptops.git.objects import Identity


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
