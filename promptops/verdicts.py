"""Keeps what the gate said, so that the releases that follow can name it in their tags.

One small file for each digest of a prompt that was let through, below the repository's Git folder;
deleting them is safe. A pipeline that judges in one place and releases in another hands the verdict
over as the file that `promptops gate --report json=FILE` writes.

Either is a record, not a proof: whoever makes a tag can write anything into it. A server's hook
judges for itself.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from promptops.cache import write_atomically
from promptops.errors import ConfigurationError
from promptops.gate.verdict import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.gate import Verdict
    from promptops.prompt import Prompt
    from promptops.repository import Repository

Trailers = tuple[tuple[str, str], ...]

_GATE = "Prompt-Gate"
_APPROVED_BY = "Prompt-Approved-By"
_EVALS = "Prompt-Evals"


def keep_verdict(repository: Repository, verdict: Verdict) -> None:
    """Remember a verdict for the prompts that it lets through."""
    if not verdict.is_allowed:
        return
    document = verdict.as_json()
    # A repository that cannot be written is judged all the same.
    with contextlib.suppress(OSError):
        for prompt in document["prompts"]:
            if prompt["digest"] is None:
                continue
            file = _file(repository, prompt["digest"])
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, json.dumps(_trailers_of(document, prompt)).encode())


def find_trailers(repository: Repository, prompt: Prompt) -> Trailers:
    """What a release of exactly this prompt can say of the gate; nothing where it was not asked."""
    try:
        listed = json.loads(_file(repository, prompt.digest).read_bytes())
        return tuple((str(key), str(value)) for key, value in listed)
    except (OSError, ValueError, TypeError):
        return ()


def read_verdict(data: bytes, name: str) -> dict[str, Any]:
    """Read a verdict that was written as JSON; `name` is what to call the file in errors.

    Raises ConfigurationError for what is no verdict.
    """
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _fault(name, "is not JSON") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _fault(name, f"is not of the form {SCHEMA}")
    if document.get("allowed") is not True:
        raise _fault(name, "does not let its change merge")
    return document


def trailers_from(document: Mapping[str, Any], name: str, prompt: Prompt) -> Trailers:
    """What a release of `prompt` can say by the verdict in the file called `name`.

    Raises ConfigurationError when the verdict is not about exactly this prompt.
    """
    try:
        for judged in document["prompts"]:
            if (judged["name"], judged["digest"]) == (prompt.name, prompt.digest):
                return _trailers_of(document, judged)
    except (KeyError, TypeError) as error:
        raise _fault(name, f"is not of the form {SCHEMA}") from error
    raise _fault(name, f"is not about {prompt.name} with digest {prompt.digest}")


def _trailers_of(document: Mapping[str, Any], prompt: Mapping[str, Any]) -> Trailers:
    gate = f"{document['base']} {document['head']} {document['digest']}"
    path = prompt["path"]
    approvers = dict.fromkeys(
        approver
        for need in document["approval"]["requirements"]
        if need["path"] == path or need["about"] == prompt["name"]
        for approver in need["approved_by"]
    )
    evals = [one for one in document["evals"] if one["prompt"] == prompt["name"]]
    return (
        (_GATE, gate),
        *((_APPROVED_BY, approver) for approver in approvers),
        *((_EVALS, f"{one['suite']} passed") for one in evals if one["passed"]),
    )


def _file(repository: Repository, digest: str) -> Path:
    folder = repository.git.common_dir / "promptops" / "verdicts"
    return folder / f"{digest.removeprefix('sha256:')}.json"


def _fault(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the verdict in {name} {what}", hint="promptops gate --report json=FILE writes one"
    )
