"""Find the suites of prompts in the work tree, and load them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.checks.suites import ENDINGS, SuiteJudge
from promptops.errors import NotFoundError, PromptopsError, UsageError, quote
from promptops.prompt.inputs import InputValidator
from promptops.prompt.reference import check_name
from promptops.prompt.suite.digest import digest_files
from promptops.prompt.suite.document import read_suite_document
from promptops.prompt.suite.reading import SuiteFiles, load_suite, read_suite
from promptops.repository.repository import list_names, not_found

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptops.prompt.prompt import Prompt
    from promptops.prompt.suite import Sample, Suite
    from promptops.prompt.suite.suite import Check
    from promptops.repository.repository import PlacedFiles, Repository

_JUDGED = re.compile(rb"\b(?:rubric|factual|preference)\b")
_DEMANDING = re.compile(rb"\b(?:bleu|edit_distance|language|python|rouge|similar|sql)\b")


@dataclass(frozen=True, slots=True)
class FoundSuite:
    """A suite's file and its prompt.

    Attributes:
        path: its path, from the repository's top.
        prompt: the prompt's name.
        data: the file's bytes.
        judge: the name of its judge prompt; None: the configured one.
        uses_judge: whether a check may ask a judge.
        uses_more: whether a check may need a library, a model or a file.
    """

    path: str
    prompt: str
    data: bytes
    judge: str | None = None
    uses_judge: bool = False
    uses_more: bool = False


def list_functions(samples: Iterable[Sample]) -> set[str]:
    """Return the paths of the files with functions that judge samples."""
    found: set[str] = set()
    seen: set[int] = set()
    for sample in samples:
        for checks in (sample.checks, *(turn.checks for turn in sample.turns)):
            # Samples from rows share their checks.
            if id(checks) not in seen:
                seen.add(id(checks))
                found.update(_function_files(checks))
    return found


def _function_files(checks: Iterable[Check]) -> Iterator[str]:
    for check in checks:
        yield from _function_files(check.parts)
        if check.scorer == "python":
            said = check.argument
            function = said["function"] if isinstance(said, dict) else said
            yield function.rpartition(":")[0]


class Suites:
    """The suites in the work tree of a repository.

    Args:
        repository: a repository with a work tree.
    """

    def __init__(self, repository: Repository) -> None:
        config = repository.config
        working: PlacedFiles = repository.working  # type: ignore[assignment]  # a work tree's
        evals = working.beside(config.evals)
        self._folder = config.evals
        self._names = list_names(working)
        self._judge = (
            None if evals is None else SuiteJudge(evals, config.evals, working.read, self._names)
        )

    def find(self, names: Sequence[str]) -> list[FoundSuite]:
        """Return the suites of prompts; an empty `names` means all.

        Raises:
            NotFoundError: a prompt does not exist or has no suite.
        """
        found = self._list()
        if not names:
            if not found:
                raise NotFoundError(
                    f"there are no eval suites below {self._folder}/",
                    hint="run promptops new NAME to create a prompt with a suite",
                )
            return found
        chosen: list[FoundSuite] = []
        for name in dict.fromkeys(names):
            of_name = [one for one in found if name in {one.prompt, one.path}]
            if not of_name:
                raise self._not_found(name)
            chosen += (one for one in of_name if one not in chosen)
        return chosen

    def _not_found(self, name: str) -> PromptopsError:
        if name.endswith(ENDINGS):
            return NotFoundError(f"suite not found: {quote(name)}", hint="give a prompt's name")
        try:
            check_name(name)
        except UsageError as error:
            return error
        if name not in self._names:
            return not_found(name, self._names, "in the work tree")
        return NotFoundError(
            f"the prompt {name} has no eval suite",
            hint=f"write {self._folder}/{name}.yaml, with schema, prompt and samples",
        )

    def _list(self) -> list[FoundSuite]:
        if self._judge is None:
            return []
        found = []
        for path in self._judge.list_suites():
            data = self._judge.read(path) or b""
            document = read_suite_document(path, data)
            name = document.data.get("prompt")
            if not isinstance(name, str):
                # Faults are reported when the suite is loaded.
                name = path.removeprefix(f"{self._folder}/").rpartition(".")[0]
            judge = document.data.get("judge")
            found.append(
                FoundSuite(
                    path,
                    name,
                    data,
                    judge if isinstance(judge, str) else None,
                    _JUDGED.search(data) is not None,
                    _DEMANDING.search(data) is not None,
                )
            )
        return found

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a file in the evals folder, by its path from the repository's top."""
        return None if self._judge is None else self._judge.read(path)

    def list_files(self, found_suite: FoundSuite) -> list[str]:
        """Return the paths of a suite's file, its files of samples and its functions."""
        assert self._judge is not None  # noqa: S101 - the suite was found
        files = SuiteFiles(self._judge.read, self._judge.list_paths)
        reading = read_suite(found_suite.path, found_suite.data, files)
        functions = set() if reading.suite is None else list_functions(reading.suite.samples)
        return [found_suite.path, *reading.read, *sorted(functions)]

    def load(self, found_suite: FoundSuite, prompt: Prompt) -> tuple[Suite, str]:
        """Load a suite; return it with the digest of its file and its files of samples.

        Raises:
            InvalidSuiteError: the suite has faults.
            UsageError: a sample has no expectation.
        """
        judge = self._judge
        assert judge is not None  # noqa: S101 - the suite was found
        read: dict[str, bytes] = {found_suite.path: found_suite.data}

        def read_file(path: str) -> bytes | None:
            data = judge.read(path)
            if data is not None:
                read[path] = data
            return data

        files = SuiteFiles(read_file, judge.list_paths)
        suite = load_suite(found_suite.path, found_suite.data, files, InputValidator(prompt.inputs))
        idle = next((one.name for one in suite.samples if not one.has_checks), None)
        if idle is not None:
            raise UsageError(
                f"{found_suite.path}: the sample {quote(idle)} expects nothing",
                hint="add checks below expect: a sample without checks always passes",
            )
        return suite, digest_files(read)
