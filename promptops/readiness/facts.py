"""The facts for the checklist: repository, configuration and run log, read on first use."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.delivery.environments import list_deployments
from promptops.delivery.listing import read_heads
from promptops.errors import PromptopsError
from promptops.files import read_file
from promptops.prompt.closure import collect_closure
from promptops.prompt.prompt import load_prompt
from promptops.readiness.attestations import FILE, read_attestations
from promptops.repository.repository import list_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.delivery.environments import Deployment, Head
    from promptops.forge.codeowners.file import OwnersFile
    from promptops.prompt.prompt import Prompt
    from promptops.readiness.attestations import Attestation
    from promptops.repository.adoption.scan import ScanFind
    from promptops.repository.config import Config
    from promptops.repository.repository import Repository

_MONTH_SECONDS = 30 * 86400
_WORKFLOWS = (".github/workflows/", ".gitlab-ci.yml", ".gitlab/ci/", ".forgejo/workflows/")


@dataclass
class ReadinessFacts:
    """The facts for the checklist.

    Attributes:
        repository: a repository with a work tree.
        now: seconds since 1970.
        environment: the variables of the process.
    """

    repository: Repository
    now: float = field(default_factory=time.time)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    @cached_property
    def top(self) -> Path:
        """The top folder of the work tree."""
        return self.repository.require_work_tree()

    @property
    def config(self) -> Config:
        """The configuration."""
        return self.repository.config

    @cached_property
    def tables(self) -> Mapping[str, Any]:
        """The tables of the configuration that were written, as they are in the file."""
        return self.repository.runtime_tables

    @cached_property
    def _loaded(self) -> Mapping[str, Prompt | None]:
        """The prompts of the work tree by name; None for those that cannot be read."""
        found: dict[str, Prompt | None] = {}
        for name in list_names(self.repository.working):
            try:
                closure = collect_closure(name, self.repository.working.read)
                found[name] = None if closure is None else load_prompt(closure)
            except PromptopsError:
                found[name] = None
        return found

    @cached_property
    def prompts(self) -> Mapping[str, Prompt]:
        """The prompts that are active and can be read, by name."""
        known = self._loaded.items()
        return {name: one for name, one in known if one is not None and one.status == "active"}

    @property
    def unreadable(self) -> list[str]:
        """The prompts that cannot be read."""
        return [name for name, one in self._loaded.items() if one is None]

    @cached_property
    def samples(self) -> Mapping[str, Mapping[str, int]]:
        """How many samples each prompt has, by tag; under the empty tag: all."""
        from promptops.evals.suites import Suites

        suites = Suites(self.repository)
        counts: dict[str, dict[str, int]] = {}
        try:
            found = suites.find(())
        except PromptopsError:
            return counts
        for one in found:
            prompt = self.prompts.get(one.prompt)
            if prompt is None:
                continue
            try:
                suite, _ = suites.load(one, prompt)
            except PromptopsError:
                continue
            own = counts.setdefault(one.prompt, {})
            for sample in suite.samples:
                for tag in {"", *sample.tags}:
                    own[tag] = own.get(tag, 0) + 1
        return counts

    @cached_property
    def heads(self) -> Mapping[str, Head]:
        """The newest deployment of each environment."""
        return read_heads(self.repository)

    @cached_property
    def deployments(self) -> Sequence[Deployment]:
        """The deployments of all environments, the newest first."""
        found = [one for name in self.heads for one in list_deployments(self.repository, name)]
        return sorted(found, key=lambda one: one.author.time_seconds, reverse=True)

    @cached_property
    def owners(self) -> OwnersFile | None:
        """The rules of CODEOWNERS; None: there is no such file."""
        from promptops.gate.ownership import read_owners

        try:
            return read_owners(self.repository).owners
        except PromptopsError:
            return None

    @cached_property
    def code(self) -> Sequence[ScanFind]:
        """Prompts and direct calls of models in Python code that the baseline does not accept."""
        from promptops.repository.adoption.scan import read_baseline, scan_code

        accepted = read_baseline(self.repository)
        folders = (self.config.prompts, self.config.evals, "tests")
        return [
            one
            for one in scan_code(self.repository, [self.top])
            if one.key not in accepted and not one.path.startswith(tuple(f"{f}/" for f in folders))
        ]

    @cached_property
    def workflows(self) -> Mapping[str, str]:
        """The files of CI, by path."""
        from promptops.git.worktree import list_work_files

        found = {}
        for path in list_work_files(self.repository.git):
            if path.startswith(_WORKFLOWS):
                try:
                    found[path] = read_file(self.top / path).decode("utf-8", "replace")
                except (OSError, PromptopsError):
                    continue
        return found

    @cached_property
    def last_night(self) -> str | None:
        """The latest night of evals that this clone knows, as YYYY-MM-DD; None: there is none."""
        from promptops.evals.nightly.branch import HistoryBranch, name_night

        try:
            records = HistoryBranch(self.repository).read(newest=3).records
        except PromptopsError:
            return None
        today = name_night(self.now)
        return max((one.night for one in records if one.night <= today), default=None)

    @cached_property
    def runs(self) -> Mapping[str, int]:
        """What the run log counts for the last 30 days: `runs` and `tenants`.

        Empty where there is no log.
        """
        from promptops.runtime.log.log import Filters, open_log
        from promptops.runtime.stores.log_place import find_log

        settings = self.config.log
        common = self.repository.git.common_dir
        place = find_log(settings, self.environment, common_dir=common, top=self.top)
        is_server = place.startswith(("postgres://", "postgresql://"))
        if not is_server and not Path(place).exists():
            return {}
        try:
            key = self.environment.get
            with open_log(
                place, settings, clock=lambda: self.now, random=os.urandom, key=key
            ) as log:
                since = Filters(since=self.now - _MONTH_SECONDS, evals=False)
                groups = log.stats(since, by=("tenant",))
        except (PromptopsError, OSError):
            return {}
        return {
            "runs": sum(one.runs for one in groups),
            "tenants": sum(bool(one.by["tenant"]) for one in groups),
        }

    @cached_property
    def attestations(self) -> Sequence[Attestation]:
        """What people vouch for."""
        try:
            return read_attestations(read_file(self.top / FILE))
        except FileNotFoundError:
            return []

    def has_file(self, *paths: str) -> str | None:
        """Return the first of some paths, from the top of the work tree, that exists."""
        return next((path for path in paths if (self.top / path).is_file()), None)

    def lacking(self, minimum: int, tag: str = "") -> list[str]:
        """Return the prompts that have fewer samples than `minimum`, with a tag if one is given."""
        return [
            f"{name} ({self.samples.get(name, {}).get(tag, 0)})"
            for name in self.prompts
            if self.samples.get(name, {}).get(tag, 0) < minimum
        ]
