"""Find and validate eval suites."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.checks.result import fingerprint
from promptops.errors import InputError, NotAFileError
from promptops.prompt.finding import Finding, Severity
from promptops.prompt.frontmatter.document import read_document
from promptops.prompt.inputs import InputValidator
from promptops.prompt.reference import name_fault
from promptops.prompt.suite.reading import SuiteFiles, read_suite
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from promptops.repository.repository import Files

ENDINGS = (".yaml", ".yml")
_KEY = re.compile(rb"^(schema|prompt|samples)[ \t]*:", re.MULTILINE)
_PROMPT = re.compile(r"^prompt:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The result of validating one suite.

    Attributes:
        path: the suite, from the repository's top.
        findings: the findings; paths have a leading `/` and are from the top.
        files: the fingerprints of all files that were read; paths outside of the prompts folder
            have a leading `/`.
    """

    path: str
    findings: tuple[Finding, ...]
    files: dict[str, str]


class SuiteJudge:
    """Validates the suites in one state of a repository.

    Args:
        files: the evals folder.
        folder: its path from the repository's top.
        read_prompt: reads a prompt's file by its path below the prompts folder.
        names: the names of all prompts.
    """

    def __init__(
        self,
        files: Files,
        folder: str,
        read_prompt: Callable[[str], bytes | None],
        names: Collection[str],
    ) -> None:
        self._files = files
        self._folder = folder
        self._read_prompt = read_prompt
        self._names = names
        self._data: dict[str, bytes | None] = {}
        self._links: dict[str, Finding] = {}
        self._paths: list[str] | None = None

    def list_paths(self) -> list[str]:
        """Return the paths of all files of the evals folder, from the repository's top."""
        if self._paths is None:
            self._paths = [f"{self._folder}/{path}" for path in self._files.paths()]
        return self._paths

    def read(self, path: str) -> bytes | None:
        """Return a file of the evals folder, by its path from the repository's top."""
        if path not in self._data:
            data = None
            below = path.removeprefix(f"{self._folder}/")
            try:
                data = self._files.read(below) if below != path else None
            except NotAFileError as error:
                self._links[path] = Finding(
                    "unreadable-file", Severity.ERROR, error.message, f"/{path}", None, error.hint
                )
            self._data[path] = data
        return self._data[path]

    def text(self, path: str) -> bytes | None:
        """Return the text of the file at a path, if it was read."""
        return self._data.get(path)

    def list_suites(self) -> list[str]:
        """Return the paths of all suites: files at a prompt's default path, or with a suite's keys.

        Files and folders whose names begin with `_` or `.` are skipped: they contain shared samples
        or belong to an editor.
        """
        defaults = {self.default_path(name) for name in self._names}
        found = []
        for path in self.list_paths():
            if not path.endswith(ENDINGS):
                continue
            below = path.removeprefix(f"{self._folder}/")
            if any(segment.startswith(("_", ".")) for segment in below.split("/")):
                continue
            stem = path.rpartition(".")[0]
            if stem in defaults or _KEY.search(self.read(path) or b"") or path in self._links:
                found.append(path)
        return found

    def default_path(self, name: str) -> str:
        """Return the default path of a prompt's suite, without extension."""
        return f"{self._folder}/{name}"

    def fingerprint(self, path: str) -> str:
        """Return the fingerprint of the content at a path in the form of `SuiteResult.files`."""
        data = self.read(path[1:]) if path.startswith("/") else self._read_prompt(path)
        return "" if data is None else fingerprint(data)

    def judge(self, path: str) -> SuiteResult:
        """Validate the suite at `path`, from the repository's top."""
        data = self.read(path)
        if data is None:
            link = self._links.get(path)
            return SuiteResult(path, () if link is None else (link,), {})
        written = _PROMPT.search(data.decode(errors="replace"))
        name = "" if written is None else written[1].partition("@")[0]
        read = [f"/{path}"]
        inputs = None
        if name_fault(name) is None:
            read.append(f"{name}.md")
        if name in self._names:
            inputs = self._read_inputs(name)
        files = SuiteFiles(self.read, self.list_paths)
        try:
            reading = read_suite(path, data, files, inputs)
        except InputError:  # an input's schema is invalid, which is reported for the prompt
            reading = read_suite(path, data, files)
        findings = [_place(one) for one in reading.faults]
        if not reading.faults and name and name not in self._names:
            findings += self._judge_name(path, name)
        read += [f"/{one}" for one in reading.read]
        return SuiteResult(path, tuple(findings), {one: self.fingerprint(one) for one in read})

    def _judge_name(self, path: str, name: str) -> Iterable[Finding]:
        """Report a suite at a prompt's default path that names another prompt. `orphaned-evals`
        covers other paths.
        """
        if path.rpartition(".")[0] not in {self.default_path(one) for one in self._names}:
            return
        from promptops.prompt.suite.document import read_suite_document

        document = read_suite_document(path, self.read(path) or b"")
        near = nearest(name, self._names)
        hint = f"did you mean '{near}'?" if near else None
        message = f"there is no prompt '{name}'"
        yield _place(document.finding("mistyped-key", message, ["prompt"], hint))

    def _read_inputs(self, name: str) -> InputValidator | None:
        document = read_document(f"{name}.md", self._read_prompt(f"{name}.md") or b"")
        inputs = document.data.get("inputs", {})
        if document.faults or not isinstance(inputs, dict):
            return None
        if not all(isinstance(one, (str, dict)) for one in inputs.values()):
            return None
        return InputValidator(inputs)


def _place(finding: Finding) -> Finding:
    return finding._replace(path=f"/{finding.path}")
