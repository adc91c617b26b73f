"""Evidence that a release's tag names, held to the release."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from promptops.delivery.attestation import read_evidence
from promptops.delivery.evidence import TRAILER, write_evidence, write_trailer
from promptops.delivery.release import Release
from promptops.errors import GitError, IntegrityError
from promptops.git.objects import GitObject, Identity
from promptops.prompt.version import Version
from tests.delivery.test_evidence import DIGEST, RECORD

if TYPE_CHECKING:
    from promptops.repository.repository import Repository

OID = "0a" * 20
SUITE = "evals/triage.yaml"


def release(*trailers: tuple[str, str]) -> Release:
    """The release that the evidence is about, but for what its tag says of evals."""
    who = Identity("Jane Doe", "jane@example.com", 0, "+0000")
    version = Version(1, 0, 0)
    frozen = ("prompts", "openai/gpt-4o-mini", "new", None, "op", "", who, None)
    return Release("triage", version, "a" * 40, "b" * 40, DIGEST, *frozen, trailers)


def clone(
    data: bytes | None = None, *, kind: str = "blob", remote: str | None = None
) -> Repository:
    """A clone that has one object, or none."""
    found = None if data is None else GitObject(OID, kind, data)
    objects = SimpleNamespace(read=lambda oid: found if oid == OID else None)
    return SimpleNamespace(objects=objects, remote=remote)  # type: ignore[return-value]


def test_what_the_tag_names_by_blob_is_read() -> None:
    named = release(
        ("Prompt-Gate", "x"), (TRAILER, "evals/old.yaml passed"), write_trailer(SUITE, OID)
    )
    (found,) = read_evidence(clone(write_evidence([RECORD])), named)
    assert (found.suite, found.passed, found.record) == (SUITE, True, RECORD)


@pytest.mark.parametrize(
    ("change", "kind", "fault"),
    [
        ({}, "tree", "0a0a0a0a0a0a is a tree, and not evidence"),
        ({"prompt": "other"}, "blob", "0a0a0a0a0a0a is about other with sha256:"),
        ({"passed": False}, "blob", f"says that {SUITE} did not pass, but the tag does not"),
        (
            {"suite": "evals/b.yaml"},
            "blob",
            r"says that evals/b\.yaml passed, but the tag does not",
        ),
    ],
)
def test_evidence_that_contradicts_the_tag_is_an_error(
    change: dict[str, Any], kind: str, fault: str
) -> None:
    data = write_evidence([{**RECORD, **change}])
    with pytest.raises(IntegrityError, match=fault) as caught:
        read_evidence(clone(data, kind=kind), release(write_trailer(SUITE, OID)))
    assert "do not trust it" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("remote", "hint"),
    [
        ("origin", f"git fetch origin refs/promptops/evals/{OID}"),
        (None, "another clone may have it"),
    ],
)
def test_evidence_that_is_elsewhere_is_no_contradiction(remote: str | None, hint: str) -> None:
    with pytest.raises(GitError, match="is not in this clone") as caught:
        read_evidence(clone(remote=remote), release(write_trailer(SUITE, OID)))
    assert (caught.value.hint or "").startswith(hint)
