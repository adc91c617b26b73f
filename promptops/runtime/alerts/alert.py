"""The data of an alert."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from promptops.runtime.models.model import ModelError

Kind = Literal["guard", "overrun", "ledger", "breaker", "key", "model", "drift", "nightly", "test"]
Severity = Literal["critical", "error", "warning", "info"]
_NOT_FOUND = 404


class Alert(NamedTuple):
    """One alert.

    Attributes:
        kind: the occasion: a guard refused, a provider charged more than was reserved, the ledger
            is unreachable, a breaker opened, a key was refused, a model no longer exists, runs
            drift, nightly evals, or a test.
        title: one line.
        detail: further lines; may be empty.
        key: identifies the occasion; one key is sent only once until `until`.
        until: when the same key may be sent again, in seconds since 1970.
        severity: its urgency.
    """

    kind: Kind
    title: str
    detail: str
    key: str
    until: float
    severity: Severity = "error"


class AlertError(PromptopsError):
    """An alert did not arrive.

    Attributes:
        is_passing: whether a retry may help.
        retry_after_seconds: the wait that the receiver requested, or None.
    """

    page = "docs/guards.md#alerts"

    def __init__(
        self,
        message: str,
        *,
        is_passing: bool,
        retry_after_seconds: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.is_passing = is_passing
        self.retry_after_seconds = retry_after_seconds


class AlertMessage(NamedTuple):
    """An alert as it is sent.

    Attributes:
        alert: the alert.
        source: the service or machine.
        at: the time, in seconds since 1970.
    """

    alert: Alert
    source: str
    at: float

    @property
    def time(self) -> str:
        """The time, as RFC 3339 in UTC."""
        return datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds")

    def document(self) -> dict[str, Any]:
        """Return it as `promptops.alert/v1`, which webhooks and commands get."""
        alert = self.alert
        return {
            "schema": "promptops.alert/v1",
            "kind": alert.kind,
            "severity": alert.severity,
            "title": alert.title,
            "detail": alert.detail,
            "key": alert.key,
            "source": self.source,
            "at": self.time,
        }


def describe_refusal(error: ModelError, *, prompt: str | None, run_id: str, now: float) -> Alert:
    """Return the alert about a provider that refuses a key or does not know a model.

    The provider's message is left out: it may quote a part of the key.
    """
    is_gone = error.status == _NOT_FOUND
    reason = f"HTTP {error.status}" if error.status is not None else "the key is missing"
    title = f"{error.model} no longer exists" if is_gone else f"{error.model} rejects the API key"
    return Alert(
        "model" if is_gone else "key",
        f"{title} ({reason})",
        f"The prompt {prompt} asked for it in run {run_id}. Prompts with fallbacks use them; "
        "others fail until this is fixed.",
        f"refused/{error.model}/{error.status}/{int(now // 3600)}",
        (now // 3600 + 1) * 3600,
        "critical",
    )
