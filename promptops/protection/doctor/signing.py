"""Check signing: does this clone sign what the policy requires, with a listed key?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.files import read_file
from promptops.gate.approvals.statement import NAMESPACE
from promptops.git.settings import is_on, last_value
from promptops.git.signing.allowed_signers import is_key_type, list_keys, permits
from promptops.protection.doctor.answer import error, fine, note, unknown, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.protection.doctor.answer import DoctorAnswer
    from promptops.protection.doctor.subject import DoctorSubject

_PLACE = "user.signingKey"


def look_at_signing(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    """Check that this clone's signatures would be accepted, if the policy requires them."""
    if subject.git.is_bare:
        return
    config = subject.config
    deploying = [one.name for one in config.environments if one.deployers]
    approving = config.gate.approvals == "signed"
    if not deploying and not approving:
        yield from _judge_optional(subject)
        return
    if approving:
        reason = f"approvals are signed statements ({config.path})"
    else:
        reason = f"{', '.join(deploying)} accepts deployments only from named people"
    key = last_value(subject.settings, "user.signingkey")
    if (last_value(subject.settings, "gpg.format") or "openpgp") != "ssh":
        yield warning(
            f"git does not sign with an SSH key here, and {reason}",
            "gpg.format",
            risk="your signed deployments and approvals are refused",
            remedy="git config gpg.format ssh; git config user.signingKey ~/.ssh/id_ed25519.pub",
        )
        return
    if key is None:
        yield warning(
            f"git has no key to sign with, and {reason}",
            _PLACE,
            risk="your signed deployments and approvals are refused",
            remedy="git config user.signingKey ~/.ssh/id_ed25519.pub",
        )
        return
    uses = {"git": "commits"} if deploying else {}
    if approving:
        uses[NAMESPACE] = "approvals"
    yield from _judge_key(subject, key, uses)
    if deploying and not is_on(subject.settings, "commit.gpgsign"):
        yield warning(
            f"commits are not signed by default, and {reason}",
            "commit.gpgSign",
            risk="the server refuses a deployment without a signature",
            remedy="git config commit.gpgSign true",
        )


def _judge_optional(subject: DoctorSubject) -> Iterator[DoctorAnswer]:
    settings = subject.settings
    if is_on(settings, "commit.gpgsign") or is_on(settings, "tag.gpgsign"):
        yield fine("releases or deployments are signed, and the policy does not require it", _PLACE)
        return
    yield note(
        "nothing is signed, and the policy does not require it",
        _PLACE,
        risk="anyone can claim another author in a release or deployment",
        remedy="git config gpg.format ssh; git config user.signingKey ~/.ssh/id_ed25519.pub; "
        "git config tag.gpgSign true; git config commit.gpgSign true; then list keys in "
        f"{subject.config.gate.signers}, and name deployers in [environments.NAME]",
    )


def _judge_key(subject: DoctorSubject, key: str, uses: Mapping[str, str]) -> Iterator[DoctorAnswer]:
    """Check that the key is listed for everything it must sign. `uses`: namespace ->
    description.
    """
    public = _public_key(key)
    path = subject.config.gate.signers
    if public is None:
        yield unknown(
            f"the public half of the signing key cannot be read: {key}",
            _PLACE,
            "name the .pub file: git config user.signingKey ~/.ssh/id_ed25519.pub",
        )
        return
    data = subject.read(path)
    if data is None:
        return  # the policy check reports a missing file
    listed = list_keys(data.decode("utf-8", "replace"))
    if public in listed:
        lacking = {
            namespace: what
            for namespace, what in uses.items()
            if not any(permits(options, namespace) for options in listed[public])
        }
        for namespace, what in lacking.items():
            yield warning(
                f"{path} on {subject.where} does not allow the signing key to sign {what} "
                f"({namespace})",
                _PLACE,
                risk="your signed deployments and approvals are refused",
                remedy=f'in its line there, write namespaces="{",".join(uses)}", and have the '
                "file's owners merge that",
            )
        if not lacking:
            yield fine(f"the signing key is in {path} on {subject.where}", _PLACE)
    else:
        yield error(
            f"the signing key is not in {path} on {subject.where}",
            _PLACE,
            risk="what it signs is refused",
            remedy=f"add the line of {key} to {path}, and ask its owners to merge it",
        )


def _public_key(key: str) -> tuple[str, str] | None:
    """Return type and base64 of an SSH public key, from the key itself, its file, or its private
    key's file.
    """
    literal = key.removeprefix("key::")
    if key.startswith(("key::", "ssh-")):
        return _split_key(literal)
    file = Path(os.path.expandvars(key)).expanduser()
    for candidate in (file, file.with_name(f"{file.name}.pub")):
        try:
            found = _split_key(read_file(candidate).decode(errors="replace"))
        except OSError:
            continue
        if found is not None:
            return found
    return None


def _split_key(text: str) -> tuple[str, str] | None:
    words = text.split(maxsplit=2)
    return (words[0], words[1]) if len(words) > 1 and is_key_type(words[0]) else None
