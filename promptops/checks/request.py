"""A request to validate: files, prompts and a filter of findings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from promptops.checks.selection import (
    locate_file,
    refuse_nothing,
    select_prompts,
    select_staged,
)
from promptops.errors import ConfigurationError, UsageError
from promptops.repository.repository import OverlaidFiles, list_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from promptops.checks.fixing import Fixing
    from promptops.checks.report.choice import Choice
    from promptops.checks.store import ResultStore
    from promptops.checks.validation import Validation
    from promptops.prompt.finding import Finding
    from promptops.repository.repository import Files, Repository

STDIN = "-"


class CheckRequest(NamedTuple):
    """A request to validate.

    Attributes:
        choice: the filter of checks and paths.
        targets: prompts, files and folders; empty: everything.
        revision: the commit to check; None: the work tree.
        is_staged: whether to check what the next commit would contain.
        stdin_filename: the name of the file on standard input.
        has_store: whether to reuse stored results of unchanged prompts.
    """

    choice: Choice
    targets: Sequence[str] = ()
    revision: str | None = None
    is_staged: bool = False
    stdin_filename: str | None = None
    has_store: bool = True

    @property
    def is_stdin(self) -> bool:
        """Whether to read a file from standard input."""
        return self.stdin_filename is not None or STDIN in self.targets


class Checking:
    """Executes a request: validates, or plans fixes.

    Args:
        repository: the repository.
        directory: the folder to which paths are relative.
        request: what is to be checked.
        read_stdin: reads standard input.
        list_live: returns the environments in which each prompt is live.

    Raises:
        UsageError, PromptNotFoundError: a target selects nothing.
    """

    def __init__(
        self,
        repository: Repository,
        directory: Path,
        request: CheckRequest,
        *,
        read_stdin: Callable[[], bytes],
        list_live: Callable[[], Mapping[str, Sequence[str]]],
    ) -> None:
        self._repository = repository
        self._directory = directory
        self._request = request
        self._config = repository.config
        # The path of the file on standard input, below the prompts folder.
        self._only: str | None = None
        self._files = self._choose_files(read_stdin)
        revision = request.revision
        self._is_deployment = revision is not None and repository.at_deployment(revision)
        self._names = None if self._is_deployment else self._choose_names()
        # For another revision, what is live now does not apply.
        self._list_live = list_live if request.revision is None else None
        self._store = self._open_store()

    def validate(self) -> Validation:
        """Validate. Raises UsageError if nothing was validated."""
        result = self._judge(self._files)
        if self._request.is_staged and result.findings:
            result = self._leave_out_known(result)
        self.require_any(result)
        return result

    def plan_fixes(self, *, raw: bool) -> Fixing:
        """Plan fixes; with `raw`, also put invalid template syntax between raw tags."""
        from promptops.checks.fixing import plan_fixes

        return plan_fixes(self._files, self._config.prompts, self._judge, raw=raw)

    def fix(self, *, raw: bool) -> Fixing:
        """Fix what can be fixed safely; see `plan_fixes`."""
        from promptops.checks.fixing import write_fixes

        fixing = self.plan_fixes(raw=raw)
        write_fixes(self._repository.require_work_tree() / self._config.prompts, fixing)
        return fixing

    def require_any(self, result: Validation) -> None:
        """Raise UsageError if nothing was validated."""
        # A commit may touch no prompt, but a named folder must contain one.
        if result.prompts or result.findings or self._request.is_staged or self._only is not None:
            return
        refuse_nothing(self._repository, self._files, self._directory, self._request.targets)

    def _choose_files(self, read_stdin: Callable[[], bytes]) -> Files:
        request, repository = self._request, self._repository
        if request.is_stdin:
            if request.stdin_filename is None:
                raise UsageError(
                    "standard input needs a file name", hint="pass it with --stdin-filename PATH"
                )
            if any(target != STDIN for target in request.targets):
                raise UsageError(
                    "standard input and other targets cannot be combined",
                    hint="give one or the other",
                )
            self._only = locate_file(repository, self._directory, request.stdin_filename)
            return OverlaidFiles(repository.working, {self._only: read_stdin()})
        if request.revision is not None:
            return repository.at(request.revision)
        return repository.staged if request.is_staged else repository.working

    def _choose_names(self) -> list[str] | None:
        """Return the names of the prompts to check; None: all."""
        request = self._request
        named = request.targets if self._only is None else [request.stdin_filename or ""]
        if named:
            return select_prompts(self._repository, self._files, self._directory, named)
        return select_staged(self._repository, self._files) if request.is_staged else None

    def _open_store(self) -> ResultStore | None:
        """Return the store of results; none for another revision."""
        request = self._request
        if not request.has_store or request.revision is not None or self._only is not None:
            return None
        from promptops.checks.store import ResultStore

        return ResultStore(self._repository.git.common_dir / "promptops" / "validate")

    def _judge(self, files: Files) -> Validation:
        from promptops.checks.engine import validate, validate_prompts

        # A partial that no prompt includes yet is validated with the folder.
        if self._is_deployment:
            from promptops.checks.deployed import validate_deployment

            request = self._request
            result = validate_deployment(self._repository, request.revision or "", request.targets)
        elif self._names is None or (self._only is not None and not self._names):
            result = validate(files, self._config, store=self._store, list_live=self._list_live)
        else:
            result = validate_prompts(files, self._config, self._names)
        only = None if self._only is None else f"{self._config.prompts}/{self._only}"
        kept = tuple(
            finding
            for finding in result.findings
            if self._request.choice.keeps(finding) and only in {None, finding.path}
        )
        return replace(result, findings=kept)

    def _leave_out_known(self, result: Validation) -> Validation:
        """Leave out findings that HEAD already has, in files that the commit does not change."""
        from promptops.git.index import list_staged

        staged = list_staged(self._repository.git)
        if all(finding.path in staged for finding in result.findings):
            return result
        known = self._find_known()
        kept = tuple(
            one for one in result.findings if one.path in staged or _identify(one) not in known
        )
        return replace(result, findings=kept, elsewhere=len(result.findings) - len(kept))

    def _find_known(self) -> frozenset[tuple[str, ...]]:
        """Return the findings at HEAD, by its configuration; none if that is invalid."""
        from promptops.checks.engine import validate, validate_prompts
        from promptops.repository.config import load_config

        repository = self._repository
        if not repository.has_commits():
            return frozenset()
        try:
            config = load_config(repository.tree(repository.resolve("HEAD")).read)
            files = repository.under(config).at("HEAD")
            if self._names is None:
                before = validate(files, config, list_live=self._list_live)
            else:
                present = set(list_names(files))
                names = [name for name in self._names if name in present]
                before = validate_prompts(files, config, names)
        except ConfigurationError:
            return frozenset()
        return frozenset(map(_identify, before.findings))


def _identify(finding: Finding) -> tuple[str, ...]:
    """Return a finding's identity, which is equal in two commits that have the same file."""
    return (finding.check, finding.severity.value, finding.path, finding.message)
