"""Which version a ref or a digest means."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.errors import NotFoundError, UsageError
from promptops.git.message import parse_message
from promptops.provenance.trace import LinkStatus
from tests.provenance.trace.pieces import TAG, digest_of, link, trace
from tests.screens import masked
from tests.showcase import TRIAGE, Showcase


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "version"),
    [
        (f"{TRIAGE}@production", "1.0.0"),
        (f"{TRIAGE}@staging", "1.1.0"),
        (f"{TRIAGE}@latest", "2.0.0"),
        (f"{TRIAGE}@^1", "1.1.0"),
    ],
)
def test_selectors_lead_to_versions(untouched: Showcase, asked: str, version: str) -> None:
    found = trace(untouched, asked)

    assert str(found.version) == version
    assert found.digest == digest_of(untouched, version)
    assert found.first(LinkStatus.BROKEN) is None


@pytest.mark.parametrize("shape", ["{0}", "{1}", "{2}", "sha256:{2}"])
def test_a_digest_or_its_beginning_leads_to_its_version(untouched: Showcase, shape: str) -> None:
    digest = digest_of(untouched, "2.0.0")
    hexadecimal = digest.removeprefix("sha256:")

    found = trace(untouched, shape.format(digest, hexadecimal, hexadecimal[:12]))

    assert (found.name, str(found.version), found.digest) == (TRIAGE, "2.0.0", digest)
    assert link(found, "deployments").detail == snapshot("no longer live")


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        (TRIAGE, UsageError, "names no version"),
        (f"{TRIAGE}@working", UsageError, "the work tree has no release to trace"),
        (f"{TRIAGE}@9.9.9", NotFoundError, "is not released"),
        ("support/reply@staging", NotFoundError, "is not live in staging"),
        ("0123456789ab", NotFoundError, "no release and no deployment here has the digest"),
        ("sha256:12", UsageError, "is not a digest"),
        ("ABCDEF0123456789", UsageError, "is not a digest"),
        ("0" * 65, UsageError, "is not a digest"),
        ("--format", UsageError, "is not a prompt name"),
    ],
)
def test_what_leads_nowhere_is_refused(
    untouched: Showcase, asked: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        trace(untouched, asked)


@pytest.mark.slow
def test_split_traffic_must_be_told_apart(showcase: Showcase) -> None:
    showcase.promote("2.0.0", share=10)

    with pytest.raises(
        UsageError, match=r"splits its traffic in staging: 1\.1\.0 90%, 2\.0\.0 10%"
    ):
        trace(showcase, f"{TRIAGE}@staging")
    assert link(trace(showcase), "deployments").detail == "live in staging"
    assert link(trace(showcase, f"{TRIAGE}@2.0.0"), "deployments").detail == "live in staging"


def test_a_deleted_tag_of_what_is_no_longer_live_is_still_found(showcase: Showcase) -> None:
    digest = digest_of(showcase, "2.0.0")
    showcase.repo.git("tag", "-d", f"{TAG}@2.0.0")

    found = trace(showcase, digest[:19])

    assert (found.digest, str(found.version)) == (digest, "2.0.0")
    assert masked(found.verdict) == snapshot(
        "the chain breaks at release: the tag prompts/support/triage@2.0.0 is gone"
    )


@pytest.mark.slow
def test_two_tags_of_one_digest_break_it(showcase: Showcase) -> None:
    digest = digest_of(showcase, "1.1.0")
    reply = parse_message(
        showcase.repo.git("cat-file", "tag", "prompts/support/reply@1.0.0")
    ).value("Prompt-Digest")
    showcase.move_tag(
        "prompts/support/reply@1.0.0", "HEAD", lambda text: text.replace(reply or "", digest)
    )

    assert trace(showcase, digest).verdict == snapshot(
        "the chain breaks at digest: support/reply@1.0.0 and support/triage@1.1.0 "
        "claim the same digest, which belongs to one version"
    )
