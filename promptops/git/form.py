"""Check that a commit or tag has exactly the bytes that Git would write.

A pusher can craft other bytes: two authors, an unknown header, a message that continues after a
NUL, where `git log` stops. Different readers would understand such an object differently.
"""

from __future__ import annotations

import re

from promptops.errors import IntegrityError

_ID = rb"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_WHO = rb"[^\x00\n<>]*<[^\x00\n<>]*> (?:0|[1-9][0-9]{0,15}) [+-][0-9]{4}\n"
_SIGNATURE = rb"(?:gpgsig(?:-sha256)? [^\x00\n]*\n(?: [^\x00\n]*\n)*){0,2}"
_COMMIT = (
    rb"tree " + _ID + rb"\n(?:parent " + _ID + rb"\n)*author " + _WHO + rb"committer " + _WHO
) + _SIGNATURE
_TAG = rb"object " + _ID + rb"\ntype [a-z]+\ntag [^\x00\n]+\ntagger " + _WHO


def check_commit_form(data: bytes) -> None:
    """Raise IntegrityError unless Git would write such a commit, with a message in UTF-8."""
    _check(data, _COMMIT)


def check_tag_form(data: bytes) -> None:
    """Raise IntegrityError unless Git would write such an annotated tag, in UTF-8."""
    _check(data, _TAG)


def _check(data: bytes, head: bytes) -> None:
    start, _, message = data.partition(b"\n\n")
    if not re.fullmatch(head, start + b"\n"):
        raise IntegrityError("it has other headers than Git writes")
    if b"\0" in message:
        raise IntegrityError("its message continues after a NUL character, which Git does not show")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise IntegrityError("it is not UTF-8 text") from error
