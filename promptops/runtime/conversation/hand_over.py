"""Hand-overs from one agent to the next: typed, bounded, redacted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.errors import RefusedError
from promptops.runtime.log.content import to_json
from promptops.runtime.redaction import redact, redact_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptops.runtime.resolution import ResolvedPrompt

# The input with which a prompt gets the hand-over.
INPUT = "hand_over"
_MAX_BYTES = 16_384


class PromptVersion(NamedTuple):
    """One version of one prompt.

    Attributes:
        name: the prompt.
        version: its version; `working` for the work tree's.
        digest: the digest of its files.
    """

    name: str
    version: str
    digest: str

    def __str__(self) -> str:
        """`NAME@VERSION`."""
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class HandOver:
    """A hand-over from one agent to the next.

    Attributes:
        source: the prompt that hands over, with its version and digest.
        target: the prompt that takes over, in the same form.
        reason: the reason, in one line.
        data: the data to pass on; redacted.
        at: the time, in seconds since 1970.
    """

    source: PromptVersion
    target: PromptVersion
    reason: str
    data: Mapping[str, Any]
    at: float = 0.0

    def to_data(self) -> dict[str, Any]:
        """Return it as JSON values, for the input `hand_over`."""
        return {
            "from": self.source._asdict(),
            "to": self.target._asdict(),
            "reason": self.reason,
            "data": dict(self.data),
        }


def version_of(prompt: ResolvedPrompt) -> PromptVersion:
    """Return a prompt's name, version and digest."""
    return PromptVersion(prompt.name, prompt.version, prompt.digest)


def make_hand_over(
    source: ResolvedPrompt,
    target: ResolvedPrompt,
    *,
    reason: str,
    data: Mapping[str, Any],
    at: float,
) -> HandOver:
    """Return a redacted hand-over. Raises RefusedError if it is too large or invalid.

    Args:
        source: the prompt that hands over.
        target: the prompt that takes over.
        reason: why.
        data: the data to pass on, as JSON values.
        at: the time, in seconds since 1970.
    """
    record = HandOver(
        version_of(source),
        version_of(target),
        redact(" ".join(reason.split())),
        redact_value(dict(data)),
        # With the precision of stores.
        round(at, 3),
    )
    document = record.to_data()
    size = len(to_json(document))
    if size > _MAX_BYTES:
        raise RefusedError(
            f"the hand-over has {size} bytes; at most {_MAX_BYTES} are allowed",
            hint="hand over only what the next prompt needs, without the conversation",
        )
    _check_fit(document, target)
    return record


def read_hand_over(document: Mapping[str, Any], at: float) -> HandOver:
    """Return the hand-over from the data of `to_data`."""
    return HandOver(
        PromptVersion(**document["from"]),
        PromptVersion(**document["to"]),
        document["reason"],
        document["data"],
        at,
    )


def _check_fit(document: Mapping[str, Any], prompt: ResolvedPrompt) -> None:
    """Raise RefusedError if the target's input `hand_over` does not accept a hand-over."""
    declared = prompt.inputs.get(INPUT)
    if not isinstance(declared, dict):
        return
    from promptops.prompt.schema import compile_schema

    for fault in compile_schema(declared).iter_errors(dict(document)):
        place = ".".join(map(str, fault.instance_path)) or "the hand-over"
        raise RefusedError(
            f"{prompt.name} rejects the hand-over: {place}: {fault.message}",
            hint=f"see the schema of its input {INPUT}",
        )
