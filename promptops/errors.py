"""The exceptions that promptops raises.

Every error says what is wrong in its message (lower case, no full stop) and what to do about it in
its hint. The library raises these; only the command line prints them and chooses an exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from promptops.prompt.finding import Finding


_MAX_QUOTE = 128


def count_of(number: int, word: str) -> str:
    """Return a number with its word, in the plural where that is right."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def quote(text: str) -> str:
    """Return a user's text for a message: in quotes, on one line, shortened."""
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return f"'{shown}'" if len(shown) <= _MAX_QUOTE else f"'{shown[:80]}…'"


class PromptopsError(Exception):
    """Base of all errors that promptops raises on purpose.

    Attributes:
        message: what is wrong, one line, without a full stop.
        stage: where in a run it happened, such as `inputs` or `call`; None outside of runs.
        run_id: the id of the run that failed; None outside of runs.
        page: the page of the documentation about it, such as `docs/guards.md#limits`, in the form
            that `promptops help` accepts; None if the hint is enough.
    """

    page: str | None = None
    stage: str | None = None
    run_id: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self._hint: str | None = None
        self.hint = hint

    @property
    def hint(self) -> str | None:
        """What to do about it. Also added as a note, so that tracebacks show it."""
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        if self._hint is not None:
            self.__notes__.remove(f"hint: {self._hint}")
        self._hint = hint
        if hint is not None:
            self.add_note(f"hint: {hint}")

    def __reduce__(self) -> tuple[Callable[..., PromptopsError], tuple[object, ...]]:
        """Make every error picklable with all its attributes, whatever its arguments are."""
        return _restore, (type(self), self.args, dict(self.__dict__))


def _restore(
    kind: type[PromptopsError], arguments: tuple[object, ...], state: dict[str, object]
) -> PromptopsError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class RefusedError(PromptopsError):
    """A valid request was rejected by a rule."""


class ConflictError(RefusedError):
    """A concurrent change came first; repeating the request would undo it."""

    page = "docs/deploying.md"


class UsageError(PromptopsError):
    """The request is malformed: an invalid name, version, selector or option."""


class ConfigurationError(PromptopsError):
    """`promptops.toml` (or `[tool.promptops]`) is invalid."""

    page = "docs/configuration.md"


class InvalidPromptError(RefusedError):
    """A prompt is invalid.

    Attributes:
        findings: the faults, at least one.
    """

    page = "docs/prompts.md"

    def __init__(
        self, message: str, *, findings: Sequence[Finding] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)


class InvalidSuiteError(RefusedError):
    """An eval suite is invalid.

    Attributes:
        findings: the faults, at least one.
    """

    page = "docs/evals.md#suites"

    def __init__(
        self, message: str, *, findings: Sequence[Finding] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)


class TemplateError(PromptopsError):
    """A template cannot be parsed or rendered.

    Attributes:
        path: the template's path below the prompts folder, where known.
        line: the line in that file's text, from 1, where known.
        column: the column, in code points from 1, where known.
    """

    page = "docs/prompts.md"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line
        self.column = column


class InputError(PromptopsError):
    """The values given to a prompt are missing, unknown or of the wrong type."""


class NotFoundError(PromptopsError):
    """The requested thing does not exist. There is no fallback."""


class PromptNotFoundError(NotFoundError):
    """No prompt of that name exists in this source."""


class VersionNotFoundError(NotFoundError):
    """The prompt exists, but no release matches the selector."""

    page = "docs/prompts.md#change-bump-release"


class EnvironmentNotFoundError(NotFoundError):
    """No environment of that name exists in this source."""

    page = "docs/deploying.md"


class NotDeployedError(NotFoundError):
    """The prompt is not live in that environment."""

    page = "docs/deploying.md"


class PausedError(PromptopsError):
    """The prompt is paused in that environment."""

    page = "docs/deploying.md"


class IntegrityError(PromptopsError):
    """Content differs from its digest, tag or deployment: altered, truncated or moved."""

    page = "docs/trust.md#what-a-digest-proves"


class PointError(IntegrityError):
    """An environment's history no longer contains a deployment seen before."""


class UntrustedError(PromptopsError):
    """A required signature is missing or not by an allowed signer."""

    page = "docs/trust.md#require-signatures"


class GitError(PromptopsError):
    """Git refused, failed or is not usable here."""


class NotAFileError(GitError):
    """A link, a submodule or something else is in place of a file. It is never followed."""


class NotARepositoryError(GitError):
    """There is no Git repository at that path."""


class RemoteError(GitError):
    """The remote cannot be reached or refused the request."""


class UnclearPushError(RemoteError):
    """A push was sent and no answer came back, so its result is unknown."""

    page = "docs/deploying.md"


class DeniedError(RemoteError):
    """A forge answered with 401, 403 or 404: it refuses the token, or the resource is not visible.

    Forges deliberately do not distinguish the two in a 404.

    Attributes:
        status: the HTTP status.
    """

    page = "docs/protection.md"

    def __init__(self, message: str, *, status: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class RemoteRefNotFoundError(RemoteError):
    """The remote does not have a requested ref."""


class SourceUnavailableError(PromptopsError):
    """The source is unreachable, and no verified copy is fresh enough."""

    page = "docs/library.md"
