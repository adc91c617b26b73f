"""Snapshots: prompts resolved and frozen in one file, for machines without Git.

A snapshot is one JSON document with checksums: every release has the digest of its files, and
`digest` covers the whole document. It lists the refs that it answers, with their deployments. It
contains no other times, so the same state always gives the same bytes. A detached signature
`FILE.sig` names its author. `docs/SPEC.md` describes the format.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from promptops.delivery.state import Entry, Point, parse_lock
from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    NotDeployedError,
    PromptNotFoundError,
    PromptopsError,
    UsageError,
    VersionNotFoundError,
    quote,
)
from promptops.prompt.closure import is_closure_path, load_closure
from promptops.prompt.digest import is_digest
from promptops.prompt.exact_json import normalize_numbers, read_exact
from promptops.prompt.reference import PromptRef, SelectorKind, name_fault, parse_ref
from promptops.prompt.version import Version
from promptops.repository.writing import write_atomically
from promptops.runtime.live import (
    LiveVersions,
    Placement,
    accept_point,
    choose_live,
    describe_split,
)
from promptops.runtime.resolution import ResolvedPrompt, SourceMemory, describe_yank, with_default
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from promptops.prompt.prompt import Prompt
    from promptops.repository.config import Config
    from promptops.runtime.resolution import RepositoryView

SCHEMA = "promptops.snapshot/v1"
SIGNATURE_SUFFIX = ".sig"
_MAX_BYTES = 256 * 1024 * 1024
_ALTERED = "export it again, since it was truncated or altered: promptops export -o FILE"


@dataclass(frozen=True, slots=True)
class FrozenRelease:
    """One release in a snapshot.

    Attributes:
        name: the prompt.
        version: the version.
        commit: the commit that was released.
        digest: the digest of the files.
        yanked: why it was yanked, or None.
        files: the closure's files: path below the prompts folder -> text.
    """

    name: str
    version: Version
    commit: str
    digest: str
    yanked: str | None
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FrozenEnvironment:
    """One environment in a snapshot, or its exported part.

    Attributes:
        placement: its deployment.
        entries: what is live, by prompt name.
        is_whole: whether all prompts of the environment are included.
    """

    placement: Placement
    entries: Mapping[str, Entry]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of a snapshot.

    Attributes:
        default_environment: the default environment of refs.
        environments: by name.
        releases: by `name@version`.
        refs: ref with `latest` or a range -> version.
        config: the configuration for runs: tables as in the file.
    """

    default_environment: str
    environments: Mapping[str, FrozenEnvironment] = field(default_factory=dict)
    releases: Mapping[str, FrozenRelease] = field(default_factory=dict)
    refs: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


def take_snapshot(
    view: RepositoryView, refs: Sequence[PromptRef], environments: Sequence[str] = ()
) -> Snapshot:
    """Freeze the prompts of `refs`, and all live prompts in `environments`.

    A ref to an environment includes only that prompt, with every live version while traffic is
    split. Raises as resolving, and UsageError for `working`: a work tree has no lasting name.
    """
    taking = _Taking(view)
    for environment in environments:
        taking.take_environment(environment)
    for ref in refs:
        taking.take(ref)
    return taking.finish()


class _Taking:
    """Builds one snapshot."""

    def __init__(self, view: RepositoryView) -> None:
        self._view = view
        self._releases: dict[str, FrozenRelease] = {}
        self._entries: dict[str, dict[str, Entry]] = {}
        self._read_count: set[str] = set()
        self._refs: dict[str, str] = {}

    def take_environment(self, environment: str) -> None:
        live = self._view.live(environment)
        self._read_count.add(environment)
        self._entries.setdefault(environment, {})
        for name in live.entries:
            self._take_live(environment, name)

    def take(self, ref: PromptRef) -> None:
        ref = with_default(ref, self._view.default_environment)
        selector = ref.selector
        if selector is None or selector.kind is SelectorKind.WORKING:
            raise UsageError(
                f"{ref} cannot be exported: it is the work tree",
                hint=f"run promptops release {ref.name}, then export the version",
            )
        resolved = self._view.resolve(ref)
        if selector.kind is SelectorKind.ENVIRONMENT:
            self._take_live(selector.text, ref.name)
            return
        if selector.kind is not SelectorKind.VERSION:
            self._refs[str(ref)] = resolved.version
        self._add(resolved.prompt, resolved.commit or "", resolved.yanked)

    def _take_live(self, environment: str, name: str) -> None:
        live = self._view.live(environment)
        entry = live.entries[name]
        self._entries.setdefault(environment, {})[name] = entry
        for one in entry.live:
            prompt = self._view.environments.load_live(live, name, one.version, one.digest)
            yanked = self._view.find_yank(name, one.version)
            self._add(prompt, one.commit, yanked)

    def _add(self, prompt: Prompt, commit: str, yanked: str | None) -> None:
        files = {path: data.decode() for path, data in prompt.closure.files.items()}
        release = FrozenRelease(prompt.name, prompt.version, commit, prompt.digest, yanked, files)
        key = f"{prompt.name}@{prompt.version}"
        known = self._releases.setdefault(key, release)
        if known.digest != release.digest:
            raise IntegrityError(
                f"{key} has two contents: {known.digest} and {release.digest}",
                hint="run promptops verify to see which one changed",
            )

    def finish(self) -> Snapshot:
        environments = {
            name: FrozenEnvironment(
                self._view.live(name).placement, entries, name in self._read_count
            )
            for name, entries in self._entries.items()
        }
        return Snapshot(
            self._view.default_environment,
            environments,
            self._releases,
            self._refs,
            self._view.repository.runtime_tables,
        )


def format_snapshot(snapshot: Snapshot) -> bytes:
    """Return the bytes of a snapshot: sorted, indented JSON with a final newline."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "default_environment": snapshot.default_environment,
        "environments": {
            name: {
                "deployment": environment.placement.deployment,
                "commit": environment.placement.commit,
                "deployed_at": environment.placement.deployed_at_seconds,
                "deployed_by": environment.placement.deployed_by,
                "whole": environment.is_whole,
                "prompts": {
                    prompt: {
                        "live": [
                            {
                                "version": str(live.version),
                                "digest": live.digest,
                                "commit": live.commit,
                                "share": live.share,
                            }
                            for live in entry.live
                        ],
                        "paused": None if entry.paused is None else {"reason": entry.paused},
                    }
                    for prompt, entry in environment.entries.items()
                },
            }
            for name, environment in snapshot.environments.items()
        },
        "refs": dict(snapshot.refs),
        "releases": {
            key: {
                "commit": release.commit,
                "digest": release.digest,
                "yanked": release.yanked,
                "files": dict(release.files),
            }
            for key, release in snapshot.releases.items()
        },
    }
    if snapshot.config:
        try:
            document["config"] = normalize_numbers(dict(snapshot.config))
        except ValueError as error:
            raise UsageError(
                f"the configuration cannot be exported: {error}",
                hint="write it without an exponent, between 0.0001 and 2^53",
            ) from error
    document["digest"] = _digest(document)
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    return (text + "\n").encode("utf-8", "backslashreplace")


def _digest(document: Mapping[str, Any]) -> str:
    """Return the digest of a document's canonical JSON, without the key `digest`."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()}"


def parse_snapshot(data: bytes, source: str) -> Snapshot:
    """Parse and verify a snapshot; `source` is its name for errors.

    Raises IntegrityError if it is truncated, altered, or of an unknown version.
    """
    try:
        # Names from Git may contain lone surrogates.
        document = read_exact(data, allow_surrogates=True)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(
            f"{source} is not a complete snapshot: {error}", hint=_ALTERED
        ) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        newer = isinstance(schema, str) and schema.startswith("promptops.snapshot/")
        raise IntegrityError(
            f"{source} is not a snapshot of the form {SCHEMA}",
            hint="update promptops: a newer one may have written it" if newer else _ALTERED,
        )
    if document.get("digest") != _digest(document):
        raise IntegrityError(f"{source} was altered after the export", hint=_ALTERED)
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(
            f"{source} is not a valid snapshot: {error!r}", hint=_ALTERED
        ) from error
    except UsageError as error:
        raise IntegrityError(f"{source} is not a valid snapshot: {error}", hint=_ALTERED) from error


def _read(document: Mapping[str, Any]) -> Snapshot:
    environments = {}
    for name, value in document["environments"].items():
        placement = Placement(
            name,
            _read_count(value["deployment"]),
            _text(value["commit"]),
            _read_count(value["deployed_at"]),
            _text(value["deployed_by"]),
        )
        lock = {"schema": "promptops.lock/v1", "prompts": value["prompts"]}
        entries = parse_lock(json.dumps(lock).encode())
        environments[name] = FrozenEnvironment(placement, entries, value["whole"] is True)
    releases = {}
    for key, value in document["releases"].items():
        name, _, version = key.rpartition("@")
        files = {_text(path): _text(text) for path, text in value["files"].items()}
        if name_fault(name) or not is_digest(_text(value["digest"])):
            raise ValueError(key)
        outside = next((path for path in files if not is_closure_path(path)), None)
        if outside is not None:
            message = f"{quote(outside)} of {key} is not below the prompts folder"
            raise ValueError(message)
        yanked = value["yanked"]
        releases[key] = FrozenRelease(
            name,
            Version.parse(version),
            _text(value["commit"]),
            value["digest"],
            None if yanked is None else _text(yanked),
            files,
        )
    refs = {_text(ref): _text(version) for ref, version in document["refs"].items()}
    config = document.get("config", {})
    if not isinstance(config, dict):
        raise TypeError(config)
    default = _text(document["default_environment"])
    return Snapshot(default, environments, releases, refs, config)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _read_count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(value)
    return value


def write_snapshot(file: Path, data: bytes, signature: bytes | None = None) -> None:
    """Write a snapshot and its detached signature; readers see the old or the new files.

    Without a new signature an old one is deleted, since it would be invalid. Raises OSError if
    writing fails; the old file is then unchanged.
    """
    beside = file.with_name(file.name + SIGNATURE_SUFFIX)
    if signature is not None:
        write_atomically(beside, signature)
    write_atomically(file, data)
    if signature is None:
        beside.unlink(missing_ok=True)


class SnapshotView:
    """A view of a snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        source: str,
        memory: SourceMemory | None = None,
        environment: str | None = None,
        authenticated: str | None = None,
        fetched_at_seconds: float | None = None,
    ) -> None:
        """Open a view of `snapshot`; arguments as for `RepositoryView`.

        Raises IntegrityError if an environment is older than in an earlier look.
        """
        self.source = source
        self._snapshot = snapshot
        self._memory = memory or SourceMemory()
        self._environment = environment
        self._authenticated = authenticated
        self._fetched_at = fetched_at_seconds

    @property
    def default_environment(self) -> str:
        """The default environment of refs."""
        return self._environment or self._snapshot.default_environment

    @property
    def config(self) -> Config:
        """The exported configuration; the defaults if there is none."""
        from promptops.repository.config import Config, read_config_table

        tables = dict(self._snapshot.config)
        return (
            read_config_table(tables, f"the configuration in {self.source}") if tables else Config()
        )

    def live(self, environment: str) -> LiveVersions:
        """Return what is live in `environment`."""
        frozen = self._snapshot.environments.get(environment)
        if frozen is None:
            known = list(self._snapshot.environments)
            near = nearest(environment, known)
            raise EnvironmentNotFoundError(
                f"{self.source} has no environment {environment}",
                hint=f"did you mean {near}?"
                if near
                else f"available: {', '.join(known) or 'none'}",
            )
        return LiveVersions(frozen.placement, frozen.entries, self._authenticated, self._fetched_at)

    def resolve(self, ref: PromptRef, version: str | None = None) -> ResolvedPrompt:
        """Resolve `ref` in this snapshot. Only exported refs can be resolved."""
        ref_text = str(ref)
        ref = with_default(ref, self.default_environment)
        selector = ref.selector
        if selector is None or selector.kind is SelectorKind.ENVIRONMENT:
            return self._resolve_live(ref_text, ref.name, str(selector), version)
        if selector.kind is SelectorKind.WORKING:
            raise VersionNotFoundError(
                f"{ref} needs the work tree, and a snapshot has none",
                hint="open the repository, or name a version or an environment",
            )
        wanted = selector.text
        if selector.kind is not SelectorKind.VERSION:
            answer = self._snapshot.refs.get(str(ref))
            if answer is None:
                raise self._not_exported(ref)
            wanted = answer
        release = self._snapshot.releases.get(f"{ref.name}@{wanted}")
        if release is None:
            raise self._not_exported(ref)
        return self._answer(ref_text, release)

    def find_pause(self, resolved: ResolvedPrompt) -> str:  # noqa: ARG002 - a view's shape
        """Return "": a snapshot does not record who paused a prompt."""
        return ""

    def _resolve_live(
        self, ref: str, name: str, environment: str, version: str | None
    ) -> ResolvedPrompt:
        live = self.live(environment)
        entry = live.entries.get(name)
        if entry is None:
            raise self._not_live(name, environment, live)
        chosen = choose_live(name, environment, entry, version)
        key = f"{name}@{chosen.version}"
        release = self._snapshot.releases.get(key)
        if release is None or release.digest != chosen.digest:
            raise IntegrityError(f"{self.source} lacks the files of {key}", hint=_ALTERED)
        return self._answer(ref, release, live, entry)

    def _answer(
        self,
        ref: str,
        release: FrozenRelease,
        live: LiveVersions | None = None,
        entry: Entry | None = None,
    ) -> ResolvedPrompt:
        warnings: tuple[str, ...] = ()
        if release.yanked is not None:
            warnings = (describe_yank(release.name, str(release.version), release.yanked),)
        return ResolvedPrompt(
            ref=ref,
            prompt=self._load(release),
            commit=release.commit,
            source=self.source,
            placement=live.placement if live else None,
            split=describe_split(entry) if entry else (),
            paused=entry.paused if entry else None,
            yanked=release.yanked,
            authenticated=self._authenticated,
            warnings=warnings,
            fetched_at_seconds=self._fetched_at,
        )

    def _load(self, release: FrozenRelease) -> Prompt:
        known = self._memory.prompts.get((release.name, release.digest))
        if known is not None and known.version == release.version:
            return known
        files = {
            path: text.encode("utf-8", "surrogatepass") for path, text in release.files.items()
        }
        closure = load_closure(release.name, files)
        if closure is None or closure.compute_digest() != release.digest:
            raise IntegrityError(
                f"{release.name} {release.version} in {self.source} differs from the release",
                hint=_ALTERED,
            )
        prompt = self._memory.adopt(closure, release.digest)
        if prompt.version != release.version:
            raise IntegrityError(
                f"the file of {release.name} {release.version} says version {prompt.version}"
            )
        return prompt

    def _names(self) -> set[str]:
        return {release.name for release in self._snapshot.releases.values()}

    def _not_live(self, name: str, environment: str, live: LiveVersions) -> PromptopsError:
        if name not in self._names():
            near = nearest(name, live.entries)
            return PromptNotFoundError(
                f"{self.source} has no prompt {name}",
                hint=f"did you mean {near}?" if near else f"export it too: {name}@{environment}",
            )
        whole = self._snapshot.environments[environment].is_whole
        what = "is not live" if whole else "was not exported as live"
        return NotDeployedError(
            f"{name} {what} in {environment}, says {self.source}",
            hint=f"export it too: promptops export {name}@{environment} -o FILE",
        )

    def _not_exported(self, ref: PromptRef) -> PromptopsError:
        names = self._names()
        if ref.name not in names:
            near = nearest(ref.name, names)
            return PromptNotFoundError(
                f"{self.source} has no prompt {ref.name}",
                hint=f"did you mean {near}?" if near else f"export it too: {ref}",
            )
        prefix = f"{ref.name}@"
        known = [
            key
            for key in (*self._snapshot.releases, *self._snapshot.refs)
            if key.startswith(prefix)
        ]
        return VersionNotFoundError(
            f"{self.source} does not contain {ref}",
            hint=f"it has {', '.join(sorted(set(known))[:5])}",
        )


def accept_snapshot(snapshot: Snapshot, memory: SourceMemory) -> None:
    """Record the snapshot's deployments. Raises IntegrityError, recording nothing, if one is
    older.
    """
    seen = dict(memory.seen)
    for name, environment in snapshot.environments.items():
        accept_point(
            seen, name, Point(environment.placement.deployment, environment.placement.commit)
        )
    memory.seen.update(seen)


def parse_refs(texts: Sequence[str]) -> list[PromptRef]:
    """Parse the refs of an export, without duplicates."""
    return [parse_ref(text) for text in dict.fromkeys(texts)]
