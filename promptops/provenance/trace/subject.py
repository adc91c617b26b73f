"""Find the version that a ref or a digest selects for a trace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.environments import branch, require_head, tracking
from promptops.delivery.releases import list_tags, require_release, select_release
from promptops.errors import (
    NotFoundError,
    PromptopsError,
    UsageError,
    quote,
)
from promptops.prompt.reference import SelectorKind, parse_ref, release_tag
from promptops.provenance.integrity import (
    ReleasedTexts,
    inspect_tag,
    list_environments,
    read_all,
    read_history,
    shorten,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.delivery.release import Release
    from promptops.delivery.state import Live
    from promptops.prompt.reference import Selector
    from promptops.prompt.version import Version
    from promptops.provenance.integrity import History
    from promptops.repository.repository import Repository

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]+", re.ASCII)
_MIN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class TraceSubject:
    """The traced version.

    Attributes:
        name: the prompt.
        version: the version.
        digest: the given digest, or that of the live content, or that of the tag; None if unknown.
        environment: the environment in the ref, or None.
        rivals: other releases whose tags claim the same digest.
    """

    name: str
    version: Version
    digest: str | None
    environment: str | None = None
    rivals: tuple[str, ...] = ()


def find_subject(repository: Repository, asked: str) -> TraceSubject:
    """Return the version that `asked` selects. Raises the same errors as `trace_chain`."""
    found = _DIGEST.fullmatch(asked)
    if found is not None:
        return _find_digest(repository, f"sha256:{found[1]}")
    if asked.startswith("sha256:") or (len(asked) > _MIN_DIGITS and _HEX.fullmatch(asked)):
        raise UsageError(
            f"{quote(asked)} is not a digest",
            hint=f"a digest has 64 hex digits in lower case; the first {_MIN_DIGITS} are enough",
        )
    ref = parse_ref(asked)
    if ref.selector is None:
        default = repository.config.default_environment
        raise UsageError(
            f"{ref.name} names no version",
            hint=f"say which: {ref.name}@1.0.0, {ref.name}@latest or {ref.name}@{default}; "
            f"a digest needs at least {_MIN_DIGITS} hex digits",
        )
    return _find_selected(repository, ref.name, ref.selector)


def _find_selected(repository: Repository, name: str, selector: Selector) -> TraceSubject:
    if selector.kind is SelectorKind.WORKING:
        raise UsageError(
            "the work tree has no release to trace",
            hint=f"release it with promptops release {name}, or see who wrote it with promptops "
            f"blame {name}",
        )
    if selector.kind is SelectorKind.ENVIRONMENT:
        return _find_live(repository, name, selector.text)
    if selector.kind is SelectorKind.VERSION and selector.version is not None:
        return _find_version(repository, name, selector.version)
    release = select_release(repository, name, selector)
    return TraceSubject(name, release.version, release.digest)


def _find_live(repository: Repository, name: str, environment: str) -> TraceSubject:
    entry = require_head(repository, environment).state.require(name, environment)
    if len(entry.live) > 1:
        raise UsageError(
            f"{name} splits its traffic in {environment}: {entry.describe()}",
            hint=f"say which one is meant, such as {name}@{entry.live[-1].version}",
        )
    return TraceSubject(name, entry.live[0].version, entry.live[0].digest, environment)


def _find_version(repository: Repository, name: str, version: Version) -> TraceSubject:
    found = repository.objects.read(release_tag(name, version))
    release = None if found is None else inspect_tag(name, version, found)[0]
    if release is not None:
        return TraceSubject(name, version, release.digest)
    # The tag is missing or invalid, but deployments still have the digest.
    for environment, one, live in _ever_live(repository):
        if (one, live.version) == (name, version):
            return TraceSubject(name, version, live.digest, environment)
    if found is None:
        require_release(repository, name, version)
    return TraceSubject(name, version, None)


def _find_digest(repository: Repository, prefix: str) -> TraceSubject:
    """Find the version whose digest begins so, by tags and deployments."""
    claims = {
        (release.digest, release.name, release.version): None
        for release in _releases_with(repository, prefix)
    }
    everywhere = not claims
    for _, name, live in _ever_live(repository, only_now=not everywhere):
        if live.digest.startswith(prefix):
            claims.setdefault((live.digest, name, live.version))
            if everywhere:
                break
    if not claims:
        raise NotFoundError(
            f"no release and no deployment here has the digest {prefix}",
            hint="a digest of the work tree was never released; otherwise run git fetch --tags, "
            "then try again",
        )
    digests = sorted({digest for digest, _, _ in claims})
    if len(digests) > 1:
        raise UsageError(
            f"{prefix} matches {len(digests)} digests: {', '.join(map(shorten, digests[:3]))}",
            hint="use more hex digits",
        )
    (digest, name, version), *others = claims
    rivals = tuple(f"{name}@{version}" for _, name, version in others)
    return TraceSubject(name, version, digest, rivals=rivals)


def _releases_with(repository: Repository, prefix: str) -> Iterator[Release]:
    """Yield the releases whose tag has a digest that begins so."""
    tags = list_tags(repository)
    needle = f"\nPrompt-Digest: {prefix}".encode()
    for key, found in zip(tags, read_all(repository, list(tags.values())), strict=True):
        if found is not None and needle in found.data:
            release, _ = inspect_tag(*key, found)
            if release is not None and release.digest.startswith(prefix):
                yield release


def _ever_live(
    repository: Repository, *, only_now: bool = False
) -> Iterator[tuple[str, str, Live]]:
    """Yield everything that is or was live: environment, prompt, version. Unreadable locks are
    skipped.
    """
    texts = ReleasedTexts(repository)
    for environment in list_environments(repository):
        try:
            history = read_known_history(repository, environment)
        except PromptopsError:
            continue  # the link of the deployments reports it
        records = history.records[::-1] if history else ()
        for record in records[:1] if only_now else records:
            try:
                entries = texts.state(record).entries
            except PromptopsError:
                continue
            for name, entry in entries.items():
                for live in entry.live:
                    yield environment, name, live


def read_known_history(repository: Repository, environment: str) -> History | None:
    """Return an environment's history: the remote's, else the local one that waits to be pushed."""
    history = read_history(repository, environment, tracking(repository, environment))
    return history or read_history(repository, environment, branch(environment))
