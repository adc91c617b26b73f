"""What somebody signs: one way to write it, and one way to read it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from promptops.errors import IntegrityError
from promptops.gate.approvals.statement import (
    MAX_BYTES,
    ChangeStatement,
    DeploymentStatement,
    Statement,
    parse_entry,
    parse_statement,
    write_entry,
    write_statement,
)
from promptops.gate.rules import ApprovalEntry

A, B = "a" * 40, "b" * 40

CHANGE = ChangeStatement(
    repository="acme/prompts",
    branch="main",
    base=A,
    tree=B,
    contents={"prompts/a.md": ApprovalEntry("100644", A), "prompts/b.md": None},
    approver="jane@example.com",
    time="2026-01-01T00:00:00Z",
)
DEPLOYMENT = DeploymentStatement(
    repository="acme/prompts",
    environment="production",
    prompt="support/triage",
    version="1.2.0",
    digest=f"sha256:{'0' * 64}",
    approver="jane@example.com",
    time="2026-01-01T00:00:00Z",
)


def test_a_statement_is_one_sorted_line() -> None:
    assert write_statement(CHANGE) == (
        b'{"approver":"jane@example.com","base":"' + b"a" * 40 + b'","branch":"main",'
        b'"contents":{"prompts/a.md":"100644 ' + b"a" * 40 + b'","prompts/b.md":null},'
        b'"kind":"change","repository":"acme/prompts","schema":"promptops.approval/v1",'
        b'"time":"2026-01-01T00:00:00Z","tree":"' + b"b" * 40 + b'"}\n'
    )
    assert write_statement(DEPLOYMENT) == (
        b'{"approver":"jane@example.com","digest":"sha256:' + b"0" * 64 + b'",'
        b'"environment":"production","kind":"deployment","prompt":"support/triage",'
        b'"repository":"acme/prompts","schema":"promptops.approval/v1",'
        b'"time":"2026-01-01T00:00:00Z","version":"1.2.0"}\n'
    )


_TEXTS = st.text(min_size=1, max_size=9).filter(
    lambda text: text.isprintable() and text == text.strip()
)
_OIDS = st.text("0123456789abcdef", min_size=40, max_size=40)
_PATHS = st.binary(min_size=1, max_size=9).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
_ENTRIES = st.none() | st.builds(
    ApprovalEntry, st.sampled_from(["100644", "120000", "160000"]), _OIDS
)


@pytest.mark.story
@given(
    st.builds(
        ChangeStatement,
        repository=_TEXTS,
        branch=_TEXTS,
        base=_OIDS,
        tree=_OIDS,
        contents=st.dictionaries(_PATHS, _ENTRIES, min_size=1, max_size=4),
        approver=_TEXTS,
        time=st.just(CHANGE.time),
    )
    | st.builds(
        DeploymentStatement,
        repository=_TEXTS,
        environment=_TEXTS,
        prompt=_TEXTS,
        version=_TEXTS,
        digest=st.just(DEPLOYMENT.digest),
        approver=_TEXTS,
        time=st.just(CHANGE.time),
    )
)
def test_what_is_written_is_read_again(statement: Statement) -> None:
    data = write_statement(statement)
    assert data.count(b"\n") == 1
    assert data.isascii()
    assert parse_statement(data) == statement


def altered(**values: Any) -> bytes:
    document = json.loads(write_statement(CHANGE)) | values
    document = {key: value for key, value in document.items() if value is not ...}
    return (json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n").encode()


def test_the_helper_alters_nothing_by_itself() -> None:
    assert altered() == write_statement(CHANGE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"\xff\n",
        b"[" * 100_000,
        b"1" * 5_000,
        write_statement(CHANGE)[:-1],
        write_statement(CHANGE) + b"\n",
        b" " + write_statement(CHANGE),
        write_statement(CHANGE).replace(b'":"main"', b'": "main"'),
        write_statement(CHANGE).replace(b'"branch":"main"', b'"branch":"main","branch":"main"'),
        write_statement(CHANGE).replace(b'"branch":"main"', b'"branch":"x","branch":"main"'),
        write_statement(CHANGE).replace(b'"main"', b'"m\\u0061in"'),
        altered(schema="promptops.approval/v2"),
        altered(kind="other"),
        altered(kind=["change"]),
        altered(kind="deployment"),
        altered(extra=1),
        altered(time=...),
        altered(tree=...),
        altered(repository=""),
        altered(repository=1),
        altered(branch="ma\nin"),
        altered(branch=" main"),
        altered(approver="j" * 5_000),
        altered(approver=None),
        altered(base="A" * 40),
        altered(base="a" * 41),
        altered(base="main"),
        altered(tree=1.0),
        altered(time="2026-01-01T00:00:00+00:00"),
        altered(time="2026-01-01"),
        altered(contents={}),
        altered(contents=[]),
        altered(contents={"": None}),
        altered(contents={"a": f"100644  {A}"}),
        altered(contents={"a": f"644 {A}"}),
        altered(contents={"a": f"100644 {A}\n"}),
        altered(contents={"a": ["100644", A]}),
        altered(contents={"a": f"100644 {A}", "b": "100644"}),
        altered(contents=["a"]),
        altered(time=1),
        altered(time=[]),
        write_statement(DEPLOYMENT).replace(b'"sha256:' + b"0" * 64 + b'"', b"1"),
        write_statement(DEPLOYMENT).replace(b"sha256:", b"md5:"),
        b'{"a":"' + b"a" * MAX_BYTES + b'"}\n',
    ],
)
def test_anything_else_is_no_statement(data: bytes) -> None:
    with pytest.raises(IntegrityError, match="not a statement of approval"):
        parse_statement(data)


def test_what_may_be_as_long_as_it_is_is_read() -> None:
    name = "j" * 4_096
    assert parse_statement(altered(approver=name)) == replace(CHANGE, approver=name)
    with pytest.raises(IntegrityError, match="its approver is invalid"):
        parse_statement(altered(approver=f"{name}j"))
    with pytest.raises(IntegrityError, match="it is not JSON"):
        parse_statement(b" " * MAX_BYTES)
    with pytest.raises(IntegrityError, match="it has more than"):
        parse_statement(b" " * (MAX_BYTES + 1))


def test_a_statement_of_another_version_is_called_so() -> None:
    with pytest.raises(IntegrityError, match=r"its schema is not promptops\.approval/v1$"):
        parse_statement(altered(schema="promptops.approval/v2"))


@pytest.mark.slow
@given(st.binary(max_size=100))
@example(b'{"schema":"promptops.approval/v1","kind":NaN}')
def test_any_bytes_are_a_statement_or_an_integrity_error(data: bytes) -> None:
    with contextlib.suppress(IntegrityError):
        parse_statement(data)


@pytest.mark.parametrize("field", ["repository", "branch", "base", "tree", "approver", "time"])
def test_every_field_is_in_the_bytes(field: str) -> None:
    other: Any = {"base": B, "tree": A, "time": "2027-01-01T00:00:00Z"}.get(field, "other")
    assert write_statement(replace(CHANGE, **{field: other})) != write_statement(CHANGE)


def test_an_entry_is_mode_and_id() -> None:
    assert parse_entry(write_entry(ApprovalEntry("120000", A))) == ApprovalEntry("120000", A)
    assert parse_entry(write_entry(None)) is None
    for value in ("", A, f"100644 {A} ", 1, ["100644", A]):
        with pytest.raises(IntegrityError) as caught:
            parse_entry(value)
        assert caught.value.hint
