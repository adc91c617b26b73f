"""Read the data of prompts, releases and deployments for the site."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.attestation import read_evidence
from promptops.delivery.environments import list_deployments
from promptops.delivery.listing import Listed, list_prompts, read_heads
from promptops.delivery.releases import list_all_yanked, list_tags
from promptops.delivery.status import read_status
from promptops.errors import NotFoundError, PromptopsError
from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import load_prompt
from promptops.site.nights import read_trends

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from promptops.delivery.environments import Deployment, Head
    from promptops.delivery.evidence import EvalEvidence
    from promptops.delivery.release import Release
    from promptops.delivery.state import Entry
    from promptops.delivery.status import Item
    from promptops.forge.codeowners.file import OwnersFile
    from promptops.prompt.diff.change import PromptDiff
    from promptops.prompt.prompt import Prompt
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository
    from promptops.site.nights import SiteTrend
    from promptops.site.results import GivenEval
    from promptops.site.runs import SiteRuns

_PAUSING = frozenset({"pause", "resume"})


class LiveCell(NamedTuple):
    """The live versions of one prompt in one environment.

    Attributes:
        environment: the environment.
        entry: the live versions, and why they are paused.
        since: the deployment that made them live; None: it is not in this clone.
        paused_by: the deployment that paused them; None: they are not paused.
    """

    environment: str
    entry: Entry
    since: Deployment | None
    paused_by: Deployment | None


class SiteRelease(NamedTuple):
    """One release of a prompt.

    Attributes:
        release: the release.
        is_yanked: whether it is yanked.
        diff: the difference from the previous release; None: there is none, or one of the two is
            unreadable.
        evidence: the eval results that its tag names.
        fault: why its content cannot be shown; None if it can.
    """

    release: Release
    is_yanked: bool
    diff: PromptDiff | None
    evidence: tuple[EvalEvidence, ...]
    fault: str | None


class SitePrompt(NamedTuple):
    """The data of a prompt's page.

    Attributes:
        listed: its list entry.
        prompt: the prompt of the work tree; None if invalid or removed.
        fault: why it cannot be read; None if it can.
        owners: its owners by CODEOWNERS.
        live: its live versions, by environment in promotion order.
        waiting: its unfinished work.
        releases: its releases, the newest version first.
        live_diffs: for each environment, the difference of the work tree from the live version.
    """

    listed: Listed
    prompt: Prompt | None
    fault: str | None
    owners: tuple[str, ...]
    live: tuple[LiveCell, ...]
    waiting: tuple[Item, ...]
    releases: tuple[SiteRelease, ...]
    live_diffs: tuple[tuple[LiveCell, PromptDiff], ...]

    @property
    def newest_evidence(self) -> SiteRelease | None:
        """The newest release that names eval results, or None."""
        return next((one for one in self.releases if one.evidence), None)


class SiteExtras(NamedTuple):
    """Data of the site that is not from the repository.

    Attributes:
        runs: statistics of a run log, or None.
        results: eval results, newest first.
        log: the run log, for the readiness checklist; None: the configured one.
        is_preview: whether `promptops.site.preview` serves the pages; they then link to its form.
    """

    runs: SiteRuns | None = None
    results: tuple[GivenEval, ...] = ()
    log: str | None = None
    is_preview: bool = False

    def results_of(self, name: str) -> tuple[GivenEval, ...]:
        """Return one prompt's eval results, newest first."""
        return tuple(one for one in self.results if one.prompt == name)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """The deployments that made one prompt's state in one environment."""

    since: Deployment | None = None
    paused_by: Deployment | None = None


@dataclass
class SiteFacts:
    """The repository's data, read once; each prompt is read on request."""

    repository: Repository

    @cached_property
    def heads(self) -> Mapping[str, Head]:
        """The newest deployment of each environment."""
        return read_heads(self.repository)

    @cached_property
    def deployments(self) -> Mapping[str, Sequence[Deployment]]:
        """All deployments of each environment, newest first."""
        return {one: list_deployments(self.repository, one) for one in self.heads}

    @cached_property
    def waiting(self) -> Mapping[str, tuple[Item, ...]]:
        """The unfinished work, by prompt or environment."""
        found: dict[str, list[Item]] = {}
        for item in read_status(self.repository).items:
            found.setdefault(item.subject, []).append(item)
        return {subject: tuple(items) for subject, items in found.items()}

    @cached_property
    def listed(self) -> Mapping[str, Listed]:
        """The prompts of the work tree, and live ones that were removed from it, by name."""
        found = {one.name: one for one in list_prompts(self.repository, self.repository.working)}
        for head in self.heads.values():
            for name in head.state.entries:
                found.setdefault(name, Listed(name, None, "gone", "", "", "", ()))
        return dict(sorted(found.items()))

    @cached_property
    def owners(self) -> OwnersFile | None:
        """The CODEOWNERS file, or None."""
        from promptops.gate.ownership import read_owners

        try:
            return read_owners(self.repository).owners
        except NotFoundError:
            return None

    @cached_property
    def tags(self) -> Mapping[str, Mapping[Version, str]]:
        """The object ids of release tags: name -> version -> object id."""
        found: dict[str, dict[Version, str]] = {}
        for (name, version), oid in list_tags(self.repository).items():
            found.setdefault(name, {})[version] = oid
        return found

    @cached_property
    def trends(self) -> Mapping[str, tuple[SiteTrend, ...]]:
        """The nightly eval results, by prompt."""
        return read_trends(self.repository)

    @cached_property
    def yanked(self) -> set[tuple[str, Version]]:
        """The yanked releases: (prompt, version)."""
        return list_all_yanked(self.repository)

    @cached_property
    def _arrivals(self) -> Mapping[tuple[str, str], _Arrival]:
        """(environment, prompt) -> the deployments that made its state."""
        found: dict[tuple[str, str], _Arrival] = {}
        for environment, deployments in self.deployments.items():
            paused: dict[str, Deployment] = {}
            done: set[str] = set()
            for deployment in deployments:
                for change in deployment.changes:
                    if change.name in done:
                        continue
                    if deployment.action in _PAUSING:
                        paused.setdefault(change.name, deployment)
                        continue
                    done.add(change.name)
                    key = (environment, change.name)
                    found[key] = _Arrival(deployment, paused.get(change.name))
        return found

    def live(self, name: str) -> tuple[LiveCell, ...]:
        """Return a prompt's live versions, by environment in promotion order."""
        cells = []
        for environment, head in self.heads.items():
            entry = head.state.entries.get(name)
            if entry is None:
                continue
            arrival = self._arrivals.get((environment, name), _Arrival())
            paused_by = arrival.paused_by if entry.paused is not None else None
            cells.append(LiveCell(environment, entry, arrival.since, paused_by))
        return tuple(cells)

    def owners_of(self, name: str) -> tuple[str, ...]:
        """Return the owners of a prompt's file."""
        if self.owners is None:
            return ()
        return self.owners.match(f"{self.repository.config.prompts}/{name}.md").owners

    def read(self, name: str) -> SitePrompt:
        """Return the data of a prompt's page."""
        prompt, fault = self._read_working(name)
        releases, contents = self._read_releases(name)
        live = self.live(name)
        return SitePrompt(
            listed=self.listed[name],
            prompt=prompt,
            fault=fault,
            owners=self.owners_of(name),
            live=live,
            waiting=self.waiting.get(name, ()),
            releases=releases,
            live_diffs=tuple(_compare_live(prompt, live, contents)),
        )

    def _read_working(self, name: str) -> tuple[Prompt | None, str | None]:
        try:
            closure = collect_closure(name, self.repository.working.read)
            return (None, None) if closure is None else (load_prompt(closure), None)
        except PromptopsError as error:
            return None, error.message

    def _read_releases(self, name: str) -> tuple[tuple[SiteRelease, ...], Mapping[Version, Prompt]]:
        """Return a prompt's releases, newest first, and the content of each version."""
        from promptops.delivery.release import load_all_released
        from promptops.delivery.releases import read_releases
        from promptops.prompt.diff import diff_prompts

        found: list[SiteRelease] = []
        contents: dict[Version, Prompt] = {}
        before: Prompt | None = None
        tags = {(name, version): oid for version, oid in self.tags.get(name, {}).items()}
        # From tags in memory: starting git for each prompt would take longer.
        known = read_releases(self.repository, tags).get(name, [])
        ordered = sorted(known, key=lambda one: one.version)
        for release, content in zip(
            ordered, load_all_released(self.repository, ordered), strict=True
        ):
            prompt = None if isinstance(content, PromptopsError) else content
            fault = content.message if isinstance(content, PromptopsError) else None
            diff = diff_prompts(before, prompt) if before is not None and prompt else None
            if prompt is not None:
                before = contents[release.version] = prompt
            is_yanked = (name, release.version) in self.yanked
            found.append(SiteRelease(release, is_yanked, diff, self._evidence(release), fault))
        return tuple(reversed(found)), contents

    def _evidence(self, release: Release) -> tuple[EvalEvidence, ...]:
        try:
            return tuple(read_evidence(self.repository, release))
        except PromptopsError:
            return ()  # `verify` reports its faults


def _compare_live(
    prompt: Prompt | None, live: Sequence[LiveCell], contents: Mapping[Version, Prompt]
) -> Iterator[tuple[LiveCell, PromptDiff]]:
    """Yield the environments whose live version differs from the prompt, with the difference."""
    from promptops.prompt.diff import diff_prompts

    if prompt is None:
        return
    for cell in live:
        there = contents.get(cell.entry.live[0].version)
        if there is not None and there.digest != prompt.digest:
            yield cell, diff_prompts(there, prompt)
