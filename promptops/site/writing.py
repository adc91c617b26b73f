"""Write the pages to a folder. A page is rewritten only if its data has changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.about import __version__
from promptops.errors import NotAFileError, UsageError
from promptops.files import read_file
from promptops.readiness.checklist import judge_readiness
from promptops.readiness.facts import ReadinessFacts
from promptops.repository.writing import write_atomically
from promptops.runtime.stores.log_place import VARIABLE
from promptops.site.facts import SiteExtras, SiteFacts
from promptops.site.pages import (
    FOLDER,
    EvidenceSummary,
    SitePages,
    SiteSummary,
    page_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptops.readiness.checklist import Readiness
    from promptops.repository.repository import Repository
    from promptops.site.facts import SitePrompt

MANIFEST = "promptops-site.json"
_SCHEMA = "promptops.site/v1"
_STATIC = ("site.css", "site.js")
_PREVIEW = ("preview.js",)


class WrittenSite(NamedTuple):
    """The result of writing a site.

    Attributes:
        prompts: the number of prompts.
        written: the number of written files.
        removed: the number of removed files of an earlier site.
        site: the pages' data.
        files: the paths of all files of the site, below its folder.
    """

    prompts: int
    written: int
    removed: int
    site: SiteSummary
    files: frozenset[str]


@dataclass
class _SiteWriter:
    """Writes files, and records hashes of their sources.

    Attributes:
        folder: the site's folder.
        known: path -> hash of its sources, as recorded by the last run.
        kept: the same for this run.
        written: the number of written files.
    """

    folder: Path
    known: Mapping[str, Any]
    kept: dict[str, Any] = field(default_factory=dict)
    written: int = 0

    def write(self, path: str, text: str) -> None:
        """Write a file, unless it is unchanged."""
        data = text.encode()
        place = self.folder / path
        self.kept.setdefault(path, {})
        try:
            if read_file(place) == data:
                return
        except OSError:
            pass
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, data, is_durable=False)
        self.written += 1

    def is_current(self, path: str, made_from: str, read: Callable[[str], bytes | None]) -> bool:
        """Return whether a page exists and was made from the same data and files."""
        known = self.known.get(path)
        if not isinstance(known, dict) or known.get("from") != made_from:
            return False
        files = known.get("files")
        if not _is_summary(known.get("evals", "")):
            return False
        if not isinstance(files, dict) or not (self.folder / path).is_file():
            return False
        if any(_hash_file(read, one) != value for one, value in files.items()):
            return False
        self.kept[path] = known
        return True


def write_site(
    repository: Repository,
    folder: Path,
    *,
    title: str,
    extras: SiteExtras | None = None,
    readiness: Readiness | None = None,
) -> WrittenSite:
    """Write the site of a repository. The same state gives the same files.

    Args:
        repository: the repository to show: work tree, releases and environments.
        folder: the output folder, created if missing. Old files of the site are removed; other
            files are kept.
        title: the site's name.
        extras: data that is not from the repository.
        readiness: the judged checklist; None: judge it here.

    Raises:
        UsageError: the folder contains something else.
    """
    known = _read_manifest(folder)
    facts = SiteFacts(repository)
    commit, at = _find_state(facts)
    extras = extras or SiteExtras()
    judged = readiness or _judge(repository, extras)
    site = SiteSummary(facts, title, commit, at, extras, judged)
    pages = SitePages(site)
    writer = _SiteWriter(folder, known)
    folder.mkdir(parents=True, exist_ok=True)
    if not known:
        # Written first, so that an interrupted run can be repeated.
        _write_manifest(folder, {})
    for name in (*_STATIC, *(_PREVIEW if extras.is_preview else ())):
        writer.write(name, (FOLDER / name).read_text("utf-8"))
    look = _hash_look(title, extras)
    read = _reader(repository)
    for name in facts.listed:
        path = page_path(name)
        made_from = _describe_sources(facts, name, extras, look)
        if not writer.is_current(path, made_from, read):
            one = facts.read(name)
            files = one.prompt.closure.files if one.prompt is not None else (f"{name}.md",)
            hashes = {file: _hash_file(read, file) for file in files}
            summary = _summarize_evidence(one)
            writer.kept[path] = {"from": made_from, "files": hashes, "evals": summary}
            writer.write(path, pages.make_prompt(one))
        summary = writer.kept[path]["evals"]
        if summary is not None:
            site.evidence[name] = EvidenceSummary(*summary)
    writer.write("waiting.html", pages.make_waiting())
    writer.write("deployments.html", pages.make_deployments())
    writer.write("evals.html", pages.make_evals())
    writer.write("readiness.html", pages.make_readiness())
    if extras.runs is not None:
        writer.write("runs.html", pages.make_runs())
    writer.write("index.html", pages.make_index())
    removed = _remove_old(folder, set(known) - set(writer.kept))
    _write_manifest(folder, writer.kept)
    return WrittenSite(len(facts.listed), writer.written, removed, site, frozenset(writer.kept))


def _judge(repository: Repository, extras: SiteExtras) -> Readiness:
    facts = ReadinessFacts(repository)
    if extras.log is not None:
        facts.environment = {**facts.environment, VARIABLE: extras.log}
    return judge_readiness(facts)


def _summarize_evidence(one: SitePrompt) -> list[str | bool] | None:
    """Return the fields of an `EvidenceSummary`; None if no release names eval results."""
    found = one.newest_evidence
    if found is None:
        return None
    text = "; ".join(result.summary for result in found.evidence)
    is_good = all(result.is_good for result in found.evidence)
    return [str(found.release.version), is_good, text]


def _is_summary(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and list(map(type, value)) == [str, bool, str]


def _read_manifest(folder: Path) -> Mapping[str, Any]:
    """Return the manifest of the last run; empty without one.

    Raises:
        UsageError: the folder contains something else.
    """
    try:
        document = json.loads(read_file(folder / MANIFEST))
        pages = document["pages"] if document["schema"] == _SCHEMA else None
    except FileNotFoundError:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(
                f"{folder} contains files that promptops did not write",
                hint="choose an empty or new folder",
            ) from None
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return pages if isinstance(pages, dict) else {}


def _write_manifest(folder: Path, pages: Mapping[str, Any]) -> None:
    manifest = {"schema": _SCHEMA, "pages": pages}
    write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1).encode())


def _find_state(facts: SiteFacts) -> tuple[str | None, int]:
    """Return the checked-out commit, and the time of the newest commit or deployment."""
    from promptops.git.objects import parse_commit

    repository = facts.repository
    times = [head.deployment.author.time_seconds for head in facts.heads.values()]
    commit = repository.git.resolve_commit("HEAD") if repository.has_commits() else None
    found = repository.objects.read(commit) if commit is not None else None
    if found is not None:
        times.append(parse_commit(found.data).committer.time_seconds)
    return commit, max(times, default=0)


def _describe_sources(facts: SiteFacts, name: str, extras: SiteExtras, look: str) -> str:
    """Return a hash of a prompt page's data other than the prompt's files."""
    versions = facts.tags.get(name, {})
    described = {
        "look": look,
        "owners": facts.owners_of(name),
        "live": [
            [
                cell.environment,
                str(cell.entry),
                cell.since.commit if cell.since else None,
                cell.paused_by.commit if cell.paused_by else None,
            ]
            for cell in facts.live(name)
        ],
        "waiting": [list(item) for item in map(_describe_item, facts.waiting.get(name, ()))],
        "releases": sorted((str(version), oid) for version, oid in versions.items()),
        "runs": repr(extras.runs.prompts.get(name)) if extras.runs is not None else None,
        "nights": facts.trends.get(name, ()),
        "results": extras.results_of(name),
        "yanked": sorted(str(version) for version in versions if (name, version) in facts.yanked),
    }
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()


def _describe_item(item: Any) -> tuple[str, ...]:  # noqa: ANN401 - an Item
    return (item.concern.value, item.subject, item.detail, item.command)


def _hash_look(title: str, extras: SiteExtras) -> str:
    """Return a hash of the shared parts of all pages: title, navigation and templates."""
    has_runs = extras.runs is not None
    found = hashlib.sha256(f"{__version__}\0{has_runs}\0{extras.is_preview}\0{title}".encode())
    for path in sorted((FOLDER / "templates").iterdir()):
        found.update(read_file(path))
    return found.hexdigest()


def _reader(repository: Repository) -> Callable[[str], bytes | None]:
    files = repository.working

    def read(path: str) -> bytes | None:
        try:
            return files.read(path)
        except NotAFileError:
            return None

    return read


def _hash_file(read: Callable[[str], bytes | None], path: str) -> str | None:
    data = read(path)
    return None if data is None else hashlib.sha256(data).hexdigest()


def _remove_old(folder: Path, paths: set[str]) -> int:
    """Remove files of an earlier site, and folders that become empty."""
    removed = 0
    for path in sorted(paths):
        place = folder / path
        if not place.resolve().is_relative_to(folder.resolve()) or place.is_symlink():
            continue
        try:
            place.unlink()
        except OSError:
            continue
        removed += 1
        parent = place.parent
        while parent != folder and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
    return removed
