"""Judge prompts: faults of form and all checks, for one prompt or a whole folder.

Everything is read through `Files`, so that work tree, index and commits are judged alike. Each
file is read once and each partial is parsed once, however many prompts include it.

How a prompt is judged comes out as a `Judgement`, whoever gives it: this process, a copy of it that
works on the other core, or a memory of the same files having been judged before.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

from promptops.checks.registry import (
    CHECKS,
    FAULTS,
    FILE_CHECKS,
    FOLDER_CHECKS,
    IGNORE_CHECKS,
    MASKED,
    NOT_IGNORABLE,
    OFF,
    PROMPT_CHECKS,
)
from promptops.checks.result import Judgement, fingerprint
from promptops.checks.rules import unusable_name
from promptops.checks.subject import (
    FileSubject,
    FolderSubject,
    IgnoreSubject,
    PromptSubject,
    PromptText,
    Surroundings,
)
from promptops.checks.suites import SuiteJudge
from promptops.checks.workers import count_workers, working
from promptops.errors import ConfigurationError, NotAFileError
from promptops.prompt.closure import collect_closure, scan_template
from promptops.prompt.digest import normalize_newlines
from promptops.prompt.finding import Finding, Inclusion, Severity, sort_key
from promptops.prompt.frontmatter.document import find_undecodable
from promptops.prompt.names import is_partial, is_prompt, name_from_path
from promptops.prompt.prompt import find_faults, read_template, template_fault
from promptops.prompt.reference import name_fault
from promptops.repository.repository import PlacedFiles, WorkTreeFiles, list_names
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from promptops.prompt.closure import Closure
    from promptops.prompt.finding import Position, Problem
    from promptops.prompt.template import Analysis
    from promptops.repository.config import Config
    from promptops.repository.repository import Files

_MOST_PROBLEMS = 1_000
# Fewer are judged before a copy of the process has answered.
_FEWEST_TO_SHARE = 400
_TEXT_ENDINGS = (".md", ".json", ".txt", ".j2", ".jinja", ".yaml", ".yml")
_MASK = "*"
# Under this path, which no file has, the outcome for all of them is remembered.
_FOLDER = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """What a validation found.

    Attributes:
        findings: everything found, in the order of files and places; paths are relative to the
            repository's top.
        prompts: the names of the prompts that were judged.
        texts: the files that have findings, by the same paths, to be shown: what must not be seen,
            such as a secret, is masked.
        included_from: for partials with findings, the includes that lead to them from a prompt,
            nearest first, by the same paths.
    """

    findings: tuple[Finding, ...]
    prompts: tuple[str, ...]
    texts: dict[str, str]
    included_from: Mapping[str, tuple[Inclusion, ...]] = field(default_factory=dict)

    def count(self, severity: Severity) -> int:
        """How many findings have that severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def is_passed(self) -> bool:
        """Whether nothing is an error."""
        return not self.count(Severity.ERROR)


class Memory(Protocol):
    """What remembers judgements from one validation to the next."""

    def begin(self, scope: str) -> None:
        """Forget, for now, what was judged in another scope."""

    def recall(self, path: str) -> Judgement | None:
        """How the prompt at `path` was judged last, in this scope."""

    def keep(self, judgement: Judgement) -> None:
        """Remember how a prompt was judged."""

    def save(self) -> None:
        """Write what was kept and recalled, and nothing else."""


def validate(
    files: Files,
    config: Config,
    *,
    memory: Memory | None = None,
    list_live: Callable[[], Mapping[str, Sequence[str]]] | None = None,
) -> Validation:
    """Judge every prompt, every partial and the folder as a whole.

    What `memory` has of the same files is not judged again; without one everything is. A thousand
    files of a work tree are shared out to the cores that the process may use. `list_live` gives
    the environments in which each prompt is live, and is asked only where that matters.

    Raises ConfigurationError when the configuration names a check that does not exist.
    """
    run = _Run(files, config, list_live)
    if memory is not None:
        memory.begin(run.describe_scope())
        if run.recall_folder(memory):
            if run.judge_suites(memory):
                run.recall_prompts(memory)
                memory.save()
            return run.result(run.names)
    run.judge_prompts(memory)
    run.judge_rest()
    if memory is not None:
        run.keep_folder(memory)
    run.judge_suites(memory)
    if memory is not None:
        memory.save()
    return run.result(run.names)


def validate_prompts(
    files: Files,
    config: Config,
    names: Collection[str],
    *,
    added: Collection[str] = (),
    suites: Collection[str] = (),
) -> Validation:
    """Judge some prompts, which must exist, with the partials they include and their suites.

    Of files at the paths `added`, below the prompts folder, the names are judged as well: one that
    would be a prompt under another name is none that anybody judges otherwise. Suites at the paths
    `suites`, from the repository's top, are judged too.
    """
    run = _Run(files, config)
    for name in names:
        run.judge_prompt(name)
    run.judge_names(added)
    run.judge_suites_of(names, suites)
    return run.result(names)


def find_users(files: Files, path: str) -> list[str]:
    """The names of the prompts whose closure has the file at `path`, or one below it, sorted."""
    found = []
    for name in list_names(files):
        closure = collect_closure(name, files.read)
        if closure is not None and any(
            one == path or one.startswith(f"{path}/") for one in closure.files
        ):
            found.append(name)
    return found


class _Run:
    """One validation: what has been read, parsed and found so far."""

    def __init__(
        self,
        files: Files,
        config: Config,
        list_live: Callable[[], Mapping[str, Sequence[str]]] | None = None,
    ) -> None:
        _refuse_unknown_checks(config)
        self._files = files
        self._config = config
        around = _look_around(files, config)
        self._around = replace(
            around,
            list_names=lambda: self._known_names,
            read_suite=partial(self._read_suite, around.read_suite),
            fewest_samples=config.gate.samples,
            list_live=list_live,
        )
        self._has_read_suites = False
        self._evals = files.beside(config.evals) if isinstance(files, PlacedFiles) else None
        top = files.beside("") if isinstance(files, PlacedFiles) else None
        self._owners = _read_owners(top)
        self._texts: dict[str, PromptText] = {}
        self._inclusions: dict[str, tuple[tuple[str, Position], ...]] = {}
        self._prompt_checks = _active(PROMPT_CHECKS, config)
        self._file_checks = _active(FILE_CHECKS, config)
        self._folder_checks = _active(FOLDER_CHECKS, config)
        self._data: dict[str, bytes | None] = {}
        self._analyses: dict[str, Analysis] = {}
        self._findings: dict[Finding, None] = {}
        self._fingerprints: dict[str, str] = {}
        self._used: set[str] = set()
        self._read_files: set[str] = set()

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """All files of the folder but hidden ones."""
        return tuple(path for path in self._files.paths() if not _is_hidden(path))

    @cached_property
    def names(self) -> list[str]:
        """The names of all prompts, sorted."""
        return [
            name_from_path(path)
            for path in self.paths
            if is_prompt(path) and name_fault(name_from_path(path)) is None
        ]

    @cached_property
    def _known_names(self) -> frozenset[str]:
        return frozenset(self.names)

    def _read_suite(self, read: Callable[[str], str], path: str) -> str:
        self._has_read_suites = True
        return read(path)

    def read(self, path: str) -> bytes | None:
        """A file's bytes; what stands there and is no file is a finding and reads as empty."""
        if path not in self._data:
            try:
                self._data[path] = self._files.read(path)
            except NotAFileError as error:
                self._data[path] = b"{}" if path.endswith(".json") else b""
                fault = Finding(
                    "unreadable-file", Severity.ERROR, error.message, path, None, error.hint
                )
                self._findings[fault] = None
        return self._data[path]

    def judge_prompts(self, memory: Memory | None) -> None:
        """Judge all prompts, apart from those that `memory` knows."""
        pending = self.names
        if memory is not None:
            pending = [name for name in self.names if not self._recall(name, memory)]
        for judgement in self._share(pending):
            self._take(judgement)
            if memory is not None and judgement.is_lasting:
                memory.keep(judgement)

    def judge_prompt(self, name: str) -> None:
        """Judge one prompt and the files of its closure."""
        judgement = self._judge(name)
        if judgement is not None:
            self._take(judgement)

    def describe_scope(self) -> str:
        """All that a prompt is judged by beside its own files, unless it is not lasting."""
        around = self._around
        return repr((self._config, self._owners, sorted(around.suites or ())))

    def recall_folder(self, memory: Memory) -> bool:
        """Take what is remembered of the whole folder; False where any file is not what it was."""
        judgement = memory.recall(_FOLDER)
        if judgement is None or judgement.files != self._describe_folder() or self._findings:
            return False
        self._findings.update(dict.fromkeys(judgement.findings))
        self._inclusions.update(judgement.inclusions)
        return True

    def keep_folder(self, memory: Memory) -> None:
        """Remember the outcome, unless it stands on anything that the folder's files do not tell.

        That is a file that is none of the folder's (or not there, or no file), an eval suite, or
        what is live where.
        """
        reads_suites = self._has_read_suites or self._config.gate.samples > 0
        if reads_suites or not self._data.keys() <= set(self.paths):
            return
        if any(text.draft is not None for text in self._texts.values()):
            return
        if any(one.check in MASKED or one.check == "unreadable-file" for one in self._findings):
            return
        are_shown = any(is_partial(finding.path) for finding in self._findings)
        inclusions = self._inclusions if are_shown else {}
        files = self._describe_folder()
        memory.keep(
            Judgement(
                _FOLDER, files, tuple(self._findings), inclusions, 0, 1, "", None, is_lasting=True
            )
        )

    def _describe_folder(self) -> dict[str, str]:
        """The fingerprint of all paths, and of all files that are looked into."""
        described = "\n".join(
            f"{path}\0{self._fingerprint(path) if _is_text(path) else ''}" for path in self.paths
        )
        return {_FOLDER: fingerprint(described.encode())}

    @cached_property
    def _suites(self) -> SuiteJudge | None:
        """What judges suites; None where there is no folder of them."""
        if not self._around.suites or self._evals is None:
            return None
        return SuiteJudge(self._evals, self._config.evals, self.read, self._known_names)

    def judge_suites(self, memory: Memory | None) -> bool:
        """Judge all suites apart from those that `memory` knows; whether any was judged anew."""
        judge = self._suites
        is_new = False
        for path in judge.list_suites() if judge is not None else ():
            assert judge is not None  # noqa: S101 - there are paths
            key = f"/{path}"
            known = memory.recall(key) if memory is not None else None
            if known is None or any(
                judge.fingerprint(one) != digest for one, digest in known.files.items()
            ):
                is_new = True
                result = judge.judge(path)
                known = Judgement(
                    key, result.files, result.findings, {}, 0, 1, "", None, is_lasting=True
                )
                if memory is not None and result.files:
                    memory.keep(known)
            self._findings.update(dict.fromkeys(known.findings))
        return is_new

    def judge_suites_of(self, names: Collection[str], paths: Collection[str]) -> None:
        """Judge the suites of some prompts, and those at some paths."""
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
                self._findings.update(dict.fromkeys(judge.judge(path).findings))

    def recall_prompts(self, memory: Memory) -> None:
        """Have `memory` keep what it has of all prompts, which were not looked at one by one."""
        for name in self.names:
            memory.recall(f"{name}.md")

    def _recall(self, name: str, memory: Memory) -> bool:
        """Take what is remembered of a prompt; False where files are not what they were."""
        judgement = memory.recall(f"{name}.md")
        if judgement is None:
            return False
        for path, digest in judgement.files.items():
            if self._fingerprint(path) != digest:
                return False
        self._take(judgement)
        return True

    def _fingerprint(self, path: str) -> str:
        known = self._fingerprints.get(path)
        if known is None:
            data = self.read(path)
            known = "" if data is None else fingerprint(data)
            self._fingerprints[path] = known
        return known

    def _share(self, names: Sequence[str]) -> Iterator[Judgement]:
        """Judge prompts on all cores, where these are many and files can be read by copies."""
        count = count_workers() if len(names) >= _FEWEST_TO_SHARE else 1
        if count == 1 or not isinstance(self._files, WorkTreeFiles):
            yield from self._judge_all(names)
            return
        ours, *others = (names[start::count] for start in range(count))

        def work(names: Sequence[str]) -> bytes:
            return json.dumps([one.encode() for one in self._judge_all(names)]).encode()

        with ExitStack() as stack:
            pending = [stack.enter_context(working(partial(work, names))) for names in others]
            yield from self._judge_all(ours)
            for theirs, collect in zip(others, pending, strict=True):
                found = collect()
                if found is None:
                    yield from self._judge_all(theirs)
                else:
                    yield from map(Judgement.decode, json.loads(found))

    def _judge_all(self, names: Iterable[str]) -> Iterator[Judgement]:
        return (found for name in names if (found := self._judge(name)) is not None)

    def _take(self, judgement: Judgement) -> None:
        """Add what one prompt gave to what all did."""
        path = judgement.path
        self._used.update(judgement.files)
        self._findings.update(dict.fromkeys(judgement.findings))
        self._inclusions.update(judgement.inclusions)
        text = normalize_newlines(self.read(path) or b"").decode(errors="replace")
        self._texts[name_from_path(path)] = PromptText(
            path,
            text[judgement.body_start :],
            judgement.body_line,
            judgement.model,
            judgement.evals,
            judgement.draft,
        )
        for other in judgement.files:
            if other not in self._read_files and other != path:
                self._judge_partial_text(other)

    def _judge(self, name: str) -> Judgement | None:
        path = f"{name}.md"
        if self.read(path) == b"" and self._is_unreadable(path):
            return None
        closure = collect_closure(name, self.read, scan=self._scan)
        if closure is None:
            return None
        if closure.faults:  # once more, with what it takes to suggest the right path
            closure = collect_closure(name, self.read, known=self.paths, scan=self._scan) or closure
        faults = dict.fromkeys(find_faults(closure, self._analyze))
        findings = list(faults)
        document = closure.document
        # Hints name what else there is, and routes lead to other prompts.
        is_lasting = not faults and "routes" not in document.data and not self._config.gate.samples
        subject = PromptSubject(
            closure,
            {path: self._analyze(closure, path) for path in closure.includes},
            self._around,
        )
        ignore = closure.document.data.get("ignore")
        ignored = frozenset(ignore) if isinstance(ignore, dict) else frozenset()
        quiet: set[str] = set()
        problems: list[tuple[str, Problem]] = []
        if closure.document.data:
            problems = [
                (check, problem)
                for check, module in self._prompt_checks
                for problem in module.check(subject)
            ]
        body_start = len(closure.document.text) - len(closure.document.body)
        problems += self._judge_file(closure.path, closure.document.text, body_start)
        for check, problem in problems:
            if check in ignored and check not in NOT_IGNORABLE:
                quiet.add(check)
            else:
                findings += self._weigh(check, problem)
        if not faults:
            # Checks see too little of a broken prompt for telling what they would find.
            findings += self._judge_ignored(subject, ignored, quiet)
        evals = document.data.get("evals")
        return Judgement(
            path,
            {one: self._fingerprint(one) for one in closure.files},
            tuple(dict.fromkeys(findings)),
            {
                one: tuple((to.path, to.position) for to in self._analyze(closure, one).includes)
                for one in closure.includes
            },
            body_start,
            document.body_line,
            str(document.data.get("model")),
            None if evals is None else str(evals),
            # Others' messages may quote what must not be written anywhere.
            is_lasting and not any(finding.check in MASKED for finding in findings),
            document.locate(["status"]) if document.data.get("status") == "draft" else None,
        )

    def judge_names(self, paths: Collection[str]) -> None:
        """Judge whether files that look like prompts can be prompts."""
        if not paths:
            return
        folder = FolderSubject(tuple(sorted(paths)), frozenset(), {}, self._around)
        for check, module in self._folder_checks:
            if module is unusable_name:
                for problem in module.check(folder):
                    self._add(check, problem)

    def judge_rest(self) -> None:
        """Judge the folder as a whole, and the files that belong to no prompt."""
        for path in self.paths:
            if path in self._used or not _is_text(path):
                continue
            if is_prompt(path) and name_fault(name_from_path(path)) is None:
                continue
            data = self.read(path)
            if data is None or not is_partial(path):
                continue
            undecodable = find_undecodable(path, data)
            if undecodable is not None:
                self._findings[undecodable] = None
                continue
            self._judge_partial_text(path)
            if path.endswith(".md"):
                self._judge_unused_template(path, normalize_newlines(data))
        folder = FolderSubject(self.paths, frozenset(self._used), self._texts, self._around)
        for check, module in self._folder_checks:
            for problem in module.check(folder):
                self._add(check, problem)

    def _judge_unused_template(self, path: str, data: bytes) -> None:
        from promptops.prompt.template import analyze

        for found in analyze(path, data.decode(), partial=True).problems:
            self._findings[template_fault(path, data, found)] = None

    def _judge_ignored(
        self, subject: PromptSubject, ignored: frozenset[str], quiet: set[str]
    ) -> list[Finding]:
        if not ignored:
            return []
        known = frozenset(CHECKS) - NOT_IGNORABLE
        # Nobody can tell whether a check that is off would find something.
        off = {one for one in ignored & known if self._severity(one, subject.path) is None}
        outcome = IgnoreSubject(subject, frozenset(quiet | off), known)
        return [
            finding
            for check, module in IGNORE_CHECKS.items()
            for problem in module.check(outcome)
            for finding in self._weigh(check, problem)
        ]

    def _judge_partial_text(self, path: str) -> None:
        if path in self._read_files:
            return
        self._read_files.add(path)
        data = self.read(path)
        if data is not None:
            text = normalize_newlines(data).decode(errors="replace")
            for check, problem in self._judge_file(path, text):
                self._add(check, problem)

    def _judge_file(self, path: str, text: str, body_start: int = 0) -> list[tuple[str, Problem]]:
        subject = FileSubject(path, text, self.read(path) or b"", body_start)
        return [
            (check, problem)
            for check, module in self._file_checks
            # Generated text can hold one for each character; nobody reads on after so many.
            for problem in islice(module.check(subject), _MOST_PROBLEMS)
        ]

    def _scan(self, path: str, source: str, first_line: int) -> Iterable[str]:
        """What a template includes: all templates are analysed, which tells that as well."""
        from promptops.prompt.template import analyze

        known = self._analyses.get(path)
        if known is None:
            known = analyze(path, source, partial=not is_prompt(path), first_line=first_line)
            self._analyses[path] = known
        if known.problems:
            return scan_template(path, source, first_line)
        return [include.path for include in known.includes]

    def _analyze(self, closure: Closure, path: str) -> Analysis:
        known = self._analyses.get(path)
        if known is None:
            known = self._analyses[path] = read_template(closure, path)
        return known

    def _is_unreadable(self, path: str) -> bool:
        return any(
            finding.check == "unreadable-file" and finding.path == path
            for finding in self._findings
        )

    def _add(self, check: str, problem: Problem) -> None:
        self._findings.update(dict.fromkeys(self._weigh(check, problem)))

    def _weigh(self, check: str, problem: Problem) -> list[Finding]:
        """The finding that a problem is; none where the check is off."""
        severity = self._severity(check, problem.path)
        return [] if severity is None else [Finding.from_problem(check, severity, problem)]

    def _severity(self, check: str, path: str) -> Severity | None:
        word = self._config.checks.get(check, _default(check))
        full = path[1:] if path.startswith("/") else f"{self._config.prompts}/{path}"
        for pattern, settings in self._config.path_checks:
            if check in settings and _matches(pattern, full):
                word = settings[check]
        return None if word == "off" else Severity(word)

    def result(self, names: Iterable[str]) -> Validation:
        """Everything found, with paths from the repository's top."""
        folder = self._config.prompts
        findings = sorted((_place_below(one, folder) for one in self._findings), key=sort_key)
        texts = {}
        for path in {finding.path for finding in findings}:
            data = self._suites.text(path) if self._suites is not None else None
            if data is None:
                data = self._data.get(path.removeprefix(f"{folder}/"))
            if data is not None:
                texts[path] = normalize_newlines(data).decode(errors="replace")
        findings = _mask(findings, texts)
        return Validation(tuple(findings), tuple(names), texts, self._find_includers())

    def _find_includers(self) -> dict[str, tuple[Inclusion, ...]]:
        """How one comes to each partial with findings: by its first includer, and so on."""
        wanted = {finding.path for finding in self._findings if is_partial(finding.path)}
        if not wanted:
            return {}
        first: dict[str, Inclusion] = {}
        for path in sorted(self._inclusions):
            for to, position in self._inclusions[path]:
                first.setdefault(to, Inclusion(path, position))
        folder = f"{self._config.prompts}/"
        found = {}
        for path in wanted & first.keys():
            chain: list[Inclusion] = []
            place: Inclusion | None = first[path]
            while place is not None and place not in chain:
                chain.append(place)
                place = first.get(place.path)
            found[folder + path] = tuple(
                Inclusion(folder + one.path, one.position) for one in chain
            )
        return found


def _place_below(finding: Finding, folder: str) -> Finding:
    """The finding with its path from the repository's top; one that has such a path begins so."""
    if finding.path.startswith("/"):
        return finding._replace(path=finding.path[1:])
    return finding.below(folder)


def _default(check: str) -> str:
    return "off" if check in OFF else CHECKS[check].SEVERITY.value


_Check = TypeVar("_Check")


def _active(checks: Mapping[str, _Check], config: Config) -> list[tuple[str, _Check]]:
    """The checks that are on, at least for some path; the others need not look at all."""
    return [
        (check, module)
        for check, module in checks.items()
        if config.checks.get(check, _default(check)) != "off"
        or any(settings.get(check, "off") != "off" for _, settings in config.path_checks)
    ]


def _look_around(files: Files, config: Config) -> Surroundings:
    """What lies beside the prompts folder, in the same state of the repository."""
    top = files.beside("") if isinstance(files, PlacedFiles) else None
    evals = files.beside(config.evals) if isinstance(files, PlacedFiles) else None
    if top is None or evals is None:
        return Surroundings()
    suites = frozenset(f"{config.evals}/{path}" for path in evals.paths())

    def read_suite(path: str) -> str:
        # Beside a change the evals folder is what it would be, and the top what it was.
        below = path.removeprefix(f"{config.evals}/")
        return (_read_quietly(evals, below) or b"").decode(errors="replace")

    return Surroundings(
        owners=_find_owners(top, config),
        suites=suites or None,
        default_suite=f"{config.evals}/{{}}.yaml".format,
        read_suite=read_suite,
    )


def _read_quietly(files: Files, path: str) -> bytes | None:
    """A file that others judge; a link in its place is as good as none."""
    try:
        return files.read(path)
    except NotAFileError:
        return None


def _read_owners(top: Files | None) -> tuple[bytes | None, ...]:
    """What stands in each place where a forge looks for a CODEOWNERS file."""
    places = ("", ".github/", ".gitlab/", "docs/")
    if top is None:
        return ()
    return tuple(_read_quietly(top, f"{place}CODEOWNERS") for place in places)


def _find_owners(top: Files, config: Config) -> Callable[[str], Sequence[str]] | None:
    """Who owns a file of the prompts folder; None without a CODEOWNERS file that forges read."""
    if all(text is None for text in _read_owners(top)):
        return None
    from promptops.forge.codeowners.choice import choose_dialect, load_owners

    def read(path: str) -> bytes | None:
        return _read_quietly(top, path)

    found = load_owners(choose_dialect(config.gate.dialect, read), read)
    if found is None or found.owners.refusal is not None:
        return None
    match, folder = found.owners.match, config.prompts
    return lambda path: match(f"{folder}/{path}").owners


def _mask(findings: Iterable[Finding], texts: dict[str, str]) -> list[Finding]:
    """Black out in `texts`, and in all that is said, what the masked checks found."""
    result = list(findings)
    spans = [
        (one.path, _span(texts[one.path], one.position))
        for one in result
        if one.check in MASKED and one.position is not None and one.path in texts
    ]
    if not spans:
        return result
    hidden = {texts[path][start:end] for path, (start, end) in spans} - {""}
    for path, text in texts.items():
        shown = text
        for secret in hidden:
            shown = shown.replace(secret, _blackened(secret))
        texts[path] = shown
    return [_without(one, hidden) for one in result]


def _without(finding: Finding, hidden: Collection[str]) -> Finding:
    message, hint, fixes = finding.message, finding.hint, finding.fixes
    for secret in hidden:
        message = message.replace(secret, _blackened(secret))
        hint = hint.replace(secret, _blackened(secret)) if hint is not None else None
        # An edit that writes the secret out again would carry it into every report.
        if any(secret in fix.text for fix in fixes):
            fixes = ()
    return finding._replace(message=message, hint=hint, fixes=fixes)


def _blackened(secret: str) -> str:
    """As long as the secret, line for line, so that all places stay where they are."""
    return "\n".join(_MASK * len(line) for line in secret.split("\n"))


def _span(text: str, place: Position) -> tuple[int, int]:
    """The offsets of a place in a file's text, whose byte order mark takes no column."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    mark = text.startswith("\ufeff")
    start = starts[place.line - 1] + place.column - 1 + (mark and place.line == 1)
    end = starts[place.end_line - 1] + place.end_column - 1 + (mark and place.end_line == 1)
    return start, end


def _is_hidden(path: str) -> bool:
    """Whether the file belongs to an editor or the system, such as `.#triage.md`, `.DS_Store`."""
    return path.rsplit("/", 1)[-1].startswith(".")


def _is_text(path: str) -> bool:
    """Whether to look into a file that no prompt uses. A link may have any name, or none."""
    return path.endswith(_TEXT_ENDINGS) or "." not in path.rsplit("/", 1)[-1]


def _matches(pattern: str, path: str) -> bool:
    """Whether a path of `[checks]` covers the file: a glob, or a folder and all below it."""
    return fnmatchcase(path, pattern) or path.startswith(f"{pattern.rstrip('/')}/")


def _refuse_unknown_checks(config: Config) -> None:
    for check in _configured(config):
        if check in CHECKS:
            continue
        if check in FAULTS:
            raise ConfigurationError(
                f"{config.path}: '{check}' cannot be set: {FAULTS[check]}, so it always counts",
                hint="take the line out",
            )
        near = nearest(check, CHECKS)
        raise ConfigurationError(
            f"{config.path}: there is no check '{check}'",
            hint=f"did you mean '{near}'?" if near else f"checks: {', '.join(sorted(CHECKS))}",
        )


def _configured(config: Config) -> Iterator[str]:
    yield from config.checks
    for _, settings in config.path_checks:
        yield from settings
