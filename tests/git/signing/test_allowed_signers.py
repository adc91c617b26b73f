"""Allowed signers: who is vouched for by which line, and what OpenSSH makes of it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptops.errors import UntrustedError
from promptops.git.signing.allowed_signers import lines_for, principals_of
from promptops.git.signing.ssh import read_public_key, sign, verify_as
from tests.keys import allow, authority, certified, public, ssh_key

NAMESPACE = "test@v1"
JANE = "jane@example.com"


def accepts(signers: str, *, signer: str = "jane", principal: str = JANE) -> bool:
    signature = sign(b"data", ssh_key(signer), NAMESPACE)
    try:
        verify_as(principal, b"data", signature, signers.encode(), NAMESPACE)
    except UntrustedError:
        return False
    return True


@pytest.mark.parametrize(
    "line",
    [
        "{jane} {key}",
        "  {jane}\t{key} a comment",
        "bob@example.com,{jane} {key}",
        '"{jane},bob@example.com" {key}',
        '{jane} namespaces="test@v1" {key}',
        '{jane} namespaces="git,test@v1",valid-after="20200101" {key}',
        '{jane} {bob}\n{jane} namespaces="git" {key}\n{jane} {key}',
        "nonsense\n\n# a comment\n{jane} {key}",
        "*@example.com,{jane} {key}",
    ],
)
def test_a_person_is_a_principal_that_stands_there(line: str) -> None:
    assert accepts(line.format(jane=JANE, key=public("jane"), bob=public("bob")))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "#{jane} {key}",
        "{jane} {bob}",
        "bob@example.com {key}",
        "*@example.com {key}",
        "* {key}",
        "jan?@example.com {key}",
        "JANE@example.com {key}",
        "{jane} {bob}\n*@example.com {key}",
        "bob@example.com,!{jane} {key}",
        '{jane} namespaces="git" {key}',
        '{jane} valid-before="20200101" {key}',
        '{jane} valid-after="29990101" {key}',
        "{jane} cert-authority {key}",
        '"{jane} {key}',
        "{jane}",
        '{jane} namespaces="file {key}',
        '{jane} \\" {key}',
    ],
)
def test_nothing_else_makes_one(line: str) -> None:
    assert not accepts(line.format(jane=JANE, key=public("jane"), bob=public("bob")))


@pytest.mark.parametrize("principal", ["", "*", "*@example.com", "jan?@example.com", "a b", 'a"b'])
def test_a_pattern_is_nobody(principal: str) -> None:
    assert not accepts(f"{principal} {public('jane')}", principal=principal)


@pytest.mark.slow
@pytest.mark.parametrize("field", ["*@example.com", "jane@example.com"])
def test_a_certificate_brings_its_own_principal(field: str) -> None:
    key = certified("jane")
    # A signature with a certificate is made by naming the certificate.
    certificate = key.with_name(f"{key.name}-cert.pub")
    certificate_key = key.with_name(f"{key.name}-cert")
    if not certificate_key.exists():
        certificate_key.write_bytes(key.read_bytes())
        certificate_key.chmod(0o600)
    signature = sign(b"data", certificate, NAMESPACE)
    signers = f"{field} cert-authority {public('authority')}\n".encode()
    verify_as(JANE, b"data", signature, signers, NAMESPACE)
    with pytest.raises(UntrustedError):
        verify_as("bob@example.com", b"data", signature, signers, NAMESPACE)
    assert authority().exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ('namespaces="git"', "allowed to sign other things only"),
        ('valid-before="20200101"', "has expired"),
        ('valid-after="29990101"', "not valid yet"),
    ],
)
def test_the_reason_is_said(options: str, words: str) -> None:
    signature = sign(b"data", ssh_key("jane"), NAMESPACE)
    with pytest.raises(UntrustedError, match=words):
        verify_as(JANE, b"data", signature, allow("jane", options=options).encode(), NAMESPACE)


def test_other_bytes_another_purpose_and_garbage_are_refused() -> None:
    signature = sign(b"data", ssh_key("jane"), NAMESPACE)
    signers = allow("jane").encode()
    for data, armour, namespace, words in [
        (b"other", signature, NAMESPACE, "does not match the content"),
        (b"data", signature, "other", "for another purpose"),
        (b"data", signature[:60] + b"\n", NAMESPACE, "malformed"),
        (b"data", b"", NAMESPACE, "not signed with an SSH key"),
    ]:
        with pytest.raises(UntrustedError, match=words):
            verify_as(JANE, data, armour, signers, namespace)


def test_the_principals_of_a_key_come_in_order_without_patterns() -> None:
    key = read_public_key(ssh_key("jane"))
    text = (
        f"*@example.com,jane@example.com {public('jane')} x\n"
        f"bob@example.com {public('bob')}\n"
        f'"@jane,!x" namespaces="a b" {public("jane")}\n'
        f"ca@example.com cert-authority {public('jane')}\n"
    )
    assert principals_of(text.encode(), key) == ["jane@example.com", "@jane"]
    assert principals_of(b"", key) == []


def test_quotes_that_nothing_closes_hide_the_rest_of_the_line() -> None:
    for opened in (b'"', b'"\\', b'no-touch="x ', b'"' + b'\\"' * 200_000, b'"x\\\\"'):
        line = b"jane@example.com " + opened + b" ssh-ed25519 AAAA"
        assert principals_of(line + b"\nkim ssh-ed25519 AAAA", b"AAAA") == ["kim"]
        assert lines_for(line, "kim") == b""


def test_the_public_half_is_read_from_either_file() -> None:
    key = ssh_key("jane")
    expected = public("jane").split()[1].encode()
    assert read_public_key(key) == expected
    assert read_public_key(key.with_suffix(".pub")) == expected
    alone = ssh_key("alone")
    found = public("alone").split()[1].encode()
    alone.with_suffix(".pub").rename(alone.with_suffix(".moved"))
    assert read_public_key(alone) == found


@pytest.mark.slow
@given(st.binary(max_size=80), st.text(max_size=20))
def test_any_bytes_have_an_answer(signers: bytes, principal: str) -> None:
    with contextlib.suppress(UnicodeEncodeError):
        assert set(lines_for(signers, principal).splitlines()) <= set(signers.split(b"\n"))
    principals_of(signers, b"AAAA")
