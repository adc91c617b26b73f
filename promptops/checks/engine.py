"""Validate some prompts or a whole folder: faults of form and all checks.

Everything is read through `Files`, so the work tree, the index and commits are validated alike.
Each prompt has a `ValidationResult`, computed in this process or in a worker process, or read from
the store if the files are unchanged.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from promptops.checks.context import read_context, read_owners_files
from promptops.checks.judging import PromptJudge
from promptops.checks.registry import FOLDER_CHECKS, MASKED
from promptops.checks.result import ValidationResult, fingerprint
from promptops.checks.rules import unusable_name
from promptops.checks.severities import Severities
from promptops.checks.sources import Sources, names_prompt
from promptops.checks.subject import (
    FolderSubject,
    PromptText,
    find_paragraphs,
    hash_opening,
    hash_paragraph,
)
from promptops.checks.suites import SuiteJudge
from promptops.checks.validation import Validation, build_validation
from promptops.checks.workers import judge_each, judge_shared
from promptops.lazy import cached_property
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.faults import template_fault
from promptops.prompt.frontmatter.document import find_undecodable
from promptops.prompt.reference import is_partial, name_from_path
from promptops.repository.repository import PlacedFiles, WorkTreeFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from promptops.prompt.finding import Finding, Position
    from promptops.repository.config import Config
    from promptops.repository.repository import Files

_TEXT_ENDINGS = (".md", ".json", ".txt", ".j2", ".jinja", ".yaml", ".yml")
# The store's key for the result of the whole folder; no file has this path.
_FOLDER = ""


class ResultKeeper(Protocol):
    """Stores the results of one validation for the next."""

    def begin(self, scope: str) -> None:
        """Start a session; entries of other scopes are ignored."""

    def recall(self, path: str) -> ValidationResult | None:
        """Return the stored result of the prompt at `path` in this scope; None if there is none."""

    def keep(self, result: ValidationResult) -> None:
        """Store the result of a prompt."""

    def save(self) -> None:
        """Write the results that were kept or recalled; drop all others."""


def validate(
    files: Files,
    config: Config,
    *,
    store: ResultKeeper | None = None,
    list_live: Callable[[], Mapping[str, Sequence[str]]] | None = None,
) -> Validation:
    """Validate every prompt, partial and suite, and the folder as a whole.

    Results in `store` are reused for unchanged files. Many files of a work tree are split among
    worker processes, one for each usable core. `list_live` returns the environments in which each
    prompt is live; it is called only if a check needs it.

    Raises ConfigurationError if the configuration names an unknown check.
    """
    run = _ValidationRun(files, config, list_live)
    if store is not None:
        store.begin(run.describe_scope())
        if run.recall_folder(store):
            if run.judge_suites(store):
                run.recall_prompts(store)
                store.save()
            return run.build_validation()
    run.judge_prompts(store)
    run.judge_rest()
    if store is not None:
        run.keep_folder(store)
    run.judge_suites(store)
    if store is not None:
        store.save()
    return run.build_validation()


def validate_prompts(
    files: Files,
    config: Config,
    names: Collection[str],
    *,
    added: Collection[str] = (),
    suites: Collection[str] = (),
) -> Validation:
    """Validate some prompts, which must exist, with their partials and suites.

    `added` are paths below the prompts folder whose names are checked too: a misnamed prompt would
    not be validated otherwise. `suites` are further suites, by path from the repository's top.
    """
    run = _ValidationRun(files, config)
    for name in names:
        run.judge_prompt(name)
    run.judge_names(added)
    run.judge_suites_of(names, suites)
    return run.build_validation(names)


class _ValidationRun:
    """One validation while it runs: the results so far."""

    def __init__(
        self,
        files: Files,
        config: Config,
        list_live: Callable[[], Mapping[str, Sequence[str]]] | None = None,
    ) -> None:
        self._config = config
        self._severities = Severities(config)
        self._sources = Sources(files)
        context = read_context(
            files, config, list_names=lambda: self._sources.known_names, list_live=list_live
        )
        self._context = replace(context, read_suite=partial(self._read_suite, context.read_suite))
        self._has_read_suites = False
        self._judge = PromptJudge(self._sources, self._severities, self._context)
        self._findings: dict[Finding, None] = {}
        self._inclusions: dict[str, tuple[tuple[str, Position], ...]] = {}
        self._texts: dict[str, PromptText] = {}
        self._used: set[str] = set()
        self._judged_files: set[str] = set()

    def _read_suite(self, read: Callable[[str], str], path: str) -> str:
        self._has_read_suites = True
        return read(path)

    @cached_property
    def _suites(self) -> SuiteJudge | None:
        """The judge of suites; None without an evals folder."""
        files = self._sources.files
        evals = files.beside(self._config.evals) if isinstance(files, PlacedFiles) else None
        if not self._context.suites or evals is None:
            return None
        return SuiteJudge(evals, self._config.evals, self._sources.read, self._sources.known_names)

    # --- prompts ---

    def judge_prompts(self, store: ResultKeeper | None) -> None:
        """Validate all prompts whose result is not in `store`."""
        names = self._sources.names
        pending = names if store is None else [one for one in names if not self._recall(one, store)]
        can_share = isinstance(self._sources.files, WorkTreeFiles)
        judge_all = judge_shared if can_share else judge_each
        for result in judge_all(pending, self._judge.judge, self._sources.release):
            self._take(result)
            if store is not None and result.is_lasting:
                store.keep(result)

    def judge_prompt(self, name: str) -> None:
        """Validate one prompt and the files of its closure."""
        result = self._judge.judge(name)
        if result is not None:
            self._take(result)

    def _recall(self, name: str, store: ResultKeeper) -> bool:
        """Reuse a prompt's stored result; return False if its files changed."""
        result = store.recall(f"{name}.md")
        if result is None:
            return False
        for path, digest in result.files.items():
            if self._sources.fingerprint(path) != digest:
                return False
        self._take(result)
        return True

    def _take(self, result: ValidationResult) -> None:
        """Add one prompt's result to the total."""
        path = result.path
        self._used.update(result.files)
        self._find(result.findings)
        self._inclusions.update(result.inclusions)
        body = self._read_body(path, result.body_start)
        self._texts[name_from_path(path)] = PromptText(
            path,
            result.body_line,
            sys.intern(result.model),
            result.evals,
            result.draft,
            hash_opening(body),
            tuple(hash_paragraph(text) for _, text in find_paragraphs(body, 1)),
            partial(self._read_body, path, result.body_start),
        )
        self._sources.release(path)
        for other in result.files:
            if other != path:
                self._judge_partial_text(other)

    def _read_body(self, path: str, start: int) -> str:
        data = self._sources.read(path) or b""
        return normalize_newlines(data).decode(errors="replace")[start:]

    # --- suites ---

    def judge_suites(self, store: ResultKeeper | None) -> bool:
        """Validate all suites whose result is not in `store`; return whether there were any."""
        judge = self._suites
        if judge is None:
            return False
        is_new = False
        for path in judge.list_suites():
            key = f"/{path}"
            known = store.recall(key) if store is not None else None
            if known is None or any(
                judge.fingerprint(one) != digest for one, digest in known.files.items()
            ):
                is_new = True
                result = judge.judge(path)
                known = ValidationResult(
                    key, result.files, result.findings, {}, 0, 1, "", None, is_lasting=True
                )
                if store is not None and result.files:
                    store.keep(known)
            self._find(known.findings)
        return is_new

    def judge_suites_of(self, names: Collection[str], paths: Collection[str]) -> None:
        """Validate the suites of some prompts, and those at some paths."""
        judge = self._suites
        if judge is None:
            return
        wanted = dict.fromkeys(paths)
        for name in names:
            text = self._texts.get(name)
            named = None if text is None else text.evals
            stem = judge.default_path(name)
            places = [named.removeprefix("./")] if named else [f"{stem}.yaml", f"{stem}.yml"]
            wanted.update(dict.fromkeys(places))
        existing = set(judge.list_suites())
        for path in wanted:
            if path in existing:
                self._find(judge.judge(path).findings)

    # --- the folder ---

    def describe_scope(self) -> str:
        """Return a fingerprint of the context; None if results must not be stored."""
        owners = read_owners_files(self._sources.files)
        return repr((self._config, owners, sorted(self._context.suites or ())))

    def recall_folder(self, store: ResultKeeper) -> bool:
        """Reuse the folder's stored result; return False if any file changed."""
        result = store.recall(_FOLDER)
        if result is None or result.files != self._describe_folder() or self._sources.unreadable:
            return False
        self._find(result.findings)
        self._inclusions.update(result.inclusions)
        return True

    def recall_prompts(self, store: ResultKeeper) -> None:
        """Mark the stored results of all prompts as used, so that `store` keeps them."""
        for name in self._sources.names:
            store.recall(f"{name}.md")

    def keep_folder(self, store: ResultKeeper) -> None:
        """Store the folder's result if it depends only on the folder's files.

        It must not depend on a file outside of the folder, a missing or unreadable file, an eval
        suite, or the environments.
        """
        sources = self._sources
        reads_suites = self._has_read_suites or self._config.gate.samples > 0
        if reads_suites or sources.unreadable or not sources.read_paths <= set(sources.paths):
            return
        if any(text.draft is not None for text in self._texts.values()):
            return
        if any(one.check in MASKED for one in self._findings):
            return
        are_shown = any(is_partial(finding.path) for finding in self._findings)
        inclusions = self._inclusions if are_shown else {}
        files = self._describe_folder()
        store.keep(
            ValidationResult(
                _FOLDER, files, tuple(self._findings), inclusions, 0, 1, "", None, is_lasting=True
            )
        )

    def _describe_folder(self) -> dict[str, str]:
        """Return a fingerprint of all paths, and of the content of all files that are read."""
        described = "\n".join(
            f"{path}\0{self._sources.fingerprint(path) if _is_text(path) else ''}"
            for path in self._sources.paths
        )
        return {_FOLDER: fingerprint(described.encode())}

    def judge_names(self, paths: Collection[str]) -> None:
        """Check the names of files that look like prompts."""
        if paths:
            folder = FolderSubject(tuple(sorted(paths)), frozenset(), {}, self._context)
            self._apply_folder_checks(folder, only=unusable_name)

    def judge_rest(self) -> None:
        """Run the checks of the folder, and of files that belong to no prompt."""
        for path in self._sources.paths:
            if path not in self._used and _is_text(path) and not names_prompt(path):
                self._judge_unused_file(path)
        paths = self._sources.paths
        folder = FolderSubject(paths, frozenset(self._used), self._texts, self._context)
        self._apply_folder_checks(folder)

    def _judge_unused_file(self, path: str) -> None:
        from promptops.prompt.template import analyze

        data = self._sources.read(path)
        if data is None or not is_partial(path):
            return
        undecodable = find_undecodable(path, data)
        if undecodable is not None:
            self._find([undecodable])
            return
        self._judge_partial_text(path)
        if path.endswith(".md"):
            normal = normalize_newlines(data)
            for problem in analyze(path, normal.decode(), partial=True).problems:
                self._find([template_fault(path, normal, problem)])

    def _judge_partial_text(self, path: str) -> None:
        """Run the checks of files on a partial, schema or tool file, once."""
        if path in self._judged_files:
            return
        self._judged_files.add(path)
        data = self._sources.read(path)
        if data is not None:
            text = normalize_newlines(data).decode(errors="replace")
            for check, problem in self._judge.judge_file(path, text):
                self._find(self._severities.weigh(check, problem))

    def _apply_folder_checks(self, folder: FolderSubject, only: object = None) -> None:
        for check, module in self._severities.select(FOLDER_CHECKS):
            if only is None or module is only:
                for problem in module.check(folder):
                    self._find(self._severities.weigh(check, problem))

    # --- the result ---

    def _find(self, findings: Iterable[Finding]) -> None:
        self._findings.update(dict.fromkeys(findings))

    def build_validation(self, names: Iterable[str] | None = None) -> Validation:
        """Build the result; `names` are the validated prompts, all by default."""
        folder = self._config.prompts

        def read(path: str) -> bytes | None:
            data = self._suites.text(path) if self._suites is not None else None
            if data is None:
                below = path.removeprefix(f"{folder}/")
                data = self._sources.read(below) if below in self._sources.read_paths else None
            return data

        return build_validation(
            (*self._findings, *self._sources.unreadable.values()),
            self._sources.names if names is None else names,
            self._inclusions,
            folder,
            read,
        )


def _is_text(path: str) -> bool:
    """Return whether to check the content of a file that no prompt uses."""
    return path.endswith(_TEXT_ENDINGS) or "." not in path.rsplit("/", 1)[-1]
