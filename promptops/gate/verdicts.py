"""Store the gate's verdicts, so that later releases can name them in their tags.

One file in the Git folder has the trailers for each digest that passed; deleting it is safe. A
pipeline that releases in another job passes the verdict on as the file that `promptops gate
--report json=FILE` writes.

Both are records, not proof: anyone who creates a tag can write anything into it. A server's hook
judges by itself.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from promptops.delivery.evidence import TRAILER, parse_blob, write_evidence
from promptops.errors import ConfigurationError, IntegrityError
from promptops.files import read_file
from promptops.gate.rules.verdict import SCHEMA
from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from promptops.gate.rules import Verdict
    from promptops.prompt.prompt import Prompt
    from promptops.repository.repository import Repository

Trailers = tuple[tuple[str, str], ...]


class GateRecord(NamedTuple):
    """The facts about the gate that a release's tag can record.

    Attributes:
        trailers: the trailers of its tag.
        evidence: eval results: suite and blob for the tag.
    """

    trailers: Trailers = ()
    evidence: tuple[tuple[str, bytes], ...] = ()


_GATE = "Prompt-Gate"
_APPROVED_BY = "Prompt-Approved-By"
_MAX_KEPT = 10_000


def keep_verdict(repository: Repository, verdict: Verdict) -> None:
    """Store a verdict for the prompts that passed.

    If two are stored at the same moment, one may be lost; a release then does not name it.
    """
    document = verdict.as_json()
    new = {
        digest: {
            "trailers": _trailers_of(document, prompt),
            "evidence": [(suite, data.decode()) for suite, data in _evidence_of(document, prompt)],
        }
        for prompt in document["prompts"]
        for digest in (prompt["digest"], prompt["content"])
        if verdict.is_allowed and digest is not None
    }
    if not new:
        return
    kept = {key: value for key, value in _read_kept(repository).items() if key not in new}
    newest = list({**kept, **new}.items())[-_MAX_KEPT:]
    file = _file(repository)
    # The gate also works in a read-only repository.
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps(dict(newest)).encode(), is_own=True)


def find_attested(repository: Repository, prompt: Prompt) -> GateRecord:
    """Return what a release of this prompt can record about the gate; empty without a verdict.

    If releases write the versions, the version may differ from the judged one.
    """
    known = _read_kept(repository)
    kept = known.get(prompt.digest)
    if kept is None and repository.config.gate.versions == "release":
        kept = known.get(prompt.content_digest)
    try:
        # Older versions stored a list of trailers.
        trailers = kept["trailers"] if isinstance(kept, dict) else kept or ()
        evidence = kept["evidence"] if isinstance(kept, dict) else ()
        return GateRecord(
            tuple((str(key), str(value)) for key, value in trailers),
            tuple((str(suite), str(text).encode()) for suite, text in evidence),
        )
    except (KeyError, ValueError, TypeError):
        return GateRecord()


def _read_kept(repository: Repository) -> dict[str, Any]:
    """Return the stored verdicts, oldest first; empty if the file is missing or damaged."""
    try:
        kept = json.loads(read_file(_file(repository)))
    except (OSError, ValueError, RecursionError):
        return {}
    return kept if isinstance(kept, dict) else {}


def read_verdict(data: bytes, name: str) -> dict[str, Any]:
    """Parse a verdict in JSON; `name` is the file's name in errors.

    Raises ConfigurationError if it is not a verdict.
    """
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _fault(name, "is not JSON") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _fault(name, f"is not of the form {SCHEMA}")
    if document.get("allowed") is not True:
        raise _fault(name, "does not allow its change to merge")
    return document


def attested_from(document: Mapping[str, Any], name: str, prompt: Prompt) -> GateRecord:
    """Return what a release of `prompt` can record from the verdict `document` in the file `name`.

    Raises ConfigurationError if the verdict is not about this content, whatever its version.
    """
    try:
        for judged in document["prompts"]:
            digests = (judged["digest"], judged.get("content"))
            if judged["name"] == prompt.name and not {
                prompt.digest,
                prompt.content_digest,
            }.isdisjoint(digests):
                evidence = _evidence_of(document, judged)
                for suite, data in evidence:
                    parse_blob(data, suite)
                return GateRecord(_trailers_of(document, judged), evidence)
    except (KeyError, TypeError, ValueError, IntegrityError) as error:
        raise _fault(name, f"is not of the form {SCHEMA}") from error
    raise _fault(name, f"is not about {prompt.name} with digest {prompt.digest}")


def _evidence_of(
    document: Mapping[str, Any], prompt: Mapping[str, Any]
) -> tuple[tuple[str, bytes], ...]:
    return tuple(
        (one["suite"], write_evidence([one["record"]]))
        for one in document["evals"]
        if one["prompt"] == prompt["name"] and one["passed"] and "record" in one
    )


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
        *(
            (TRAILER, f"{one['suite']} passed")
            for one in evals
            if one["passed"] and "record" not in one
        ),
    )


def _file(repository: Repository) -> Path:
    return repository.git.common_dir / "promptops" / "verdicts.json"


def _fault(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the verdict in {name} {what}", hint="create one with promptops gate --report json=FILE"
    )
