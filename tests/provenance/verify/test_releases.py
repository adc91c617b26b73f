"""Release tags, their commits and yanks, verified against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from tests.provenance.verify.pieces import TAG, told, verify
from tests.screens import masked

if TYPE_CHECKING:
    from tests.showcase import Showcase


def test_a_tag_on_the_wrong_commit_is_found_without_any_deployment(showcase: Showcase) -> None:
    showcase.repo.commit({"prompts/support/reply.md": "no prompt"})
    commit = showcase.repo.rev("HEAD")
    showcase.move_tag("prompts/support/reply@1.0.0", "HEAD")

    assert told(verify(showcase, "support/reply")) == [
        f"error prompts/support/reply@1.0.0: the file at its commit {commit[:12]} says version None"
    ]


@pytest.mark.slow
def test_a_tag_on_a_commit_with_other_content_says_both_digests(showcase: Showcase) -> None:
    showcase.repo.commit({"prompts/_shared/tone.md": "Be rude.\n"})
    showcase.move_tag("prompts/support/reply@1.0.0", "HEAD")

    (message,) = told(verify(showcase, "support/reply"))

    assert masked(message) == snapshot(
        "error prompts/support/reply@1.0.0: its commit <id> has <digest>, but the tag says <digest>"
    )


@pytest.mark.slow
def test_a_tag_on_a_commit_without_the_file_is_found(showcase: Showcase) -> None:
    showcase.repo.git("rm", "-q", "prompts/_shared/tone.md")
    showcase.repo.commit()
    showcase.move_tag("prompts/support/reply@1.0.0", "HEAD")

    (message,) = told(verify(showcase, "support/reply"))

    assert masked(message) == snapshot(
        "error prompts/support/reply@1.0.0: its commit <id> lacks what it needs: included file '_shared/tone.md' does not exist"
    )


def test_a_lightweight_tag_is_no_release(showcase: Showcase) -> None:
    commit = showcase.repo.rev(f"{TAG}@2.0.0^{{}}")
    showcase.repo.git("tag", "-f", f"{TAG}@2.0.0", commit)

    first, second = told(verify(showcase))

    assert masked(first) == snapshot(
        "error prompts/support/triage@2.0.0: prompts/support/triage@2.0.0 is a lightweight tag: it does not say who released what"
    )
    assert masked(second) == snapshot(
        "error prompts/support/triage@2.0.0: the tag was moved: deployment 3 of staging took it as <id>, now it is <id>"
    )


def test_a_tag_object_under_another_name_is_found(showcase: Showcase) -> None:
    oid = showcase.repo.rev(f"refs/tags/{TAG}@1.0.0")
    showcase.repo.git("update-ref", f"refs/tags/{TAG}@9.0.0", oid)

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error prompts/support/triage@9.0.0: prompts/support/triage@9.0.0 points to the tag object of prompts/support/triage@1.0.0"
        ]
    )


def test_a_tag_without_trailers_is_no_release(showcase: Showcase) -> None:
    showcase.repo.tag("prompts/support/reply@1.1.0", "handmade\n")

    assert masked(told(verify(showcase))) == snapshot(
        [
            "error prompts/support/reply@1.1.0: the tag prompts/support/reply@1.1.0 has no valid trailers"
        ]
    )


@pytest.mark.parametrize("base", ["1.0.0", "7.0.0"])
def test_a_base_that_is_not_below_its_release_is_found(showcase: Showcase, base: str) -> None:
    showcase.move_tag(
        "prompts/support/reply@1.0.0",
        "HEAD",
        lambda text: text.replace("Prompt-Base: none", f"Prompt-Base: {base}"),
    )

    assert told(verify(showcase)) == [
        (f"error prompts/support/reply@1.0.0: its Prompt-Base is {base}, which is not below it")
    ]


def test_a_tag_with_an_impossible_name_is_pointed_out(showcase: Showcase) -> None:
    showcase.repo.tag("prompts/Support@1.0.0")

    result = verify(showcase)

    assert masked(told(result)) == snapshot(
        ["warning prompts/Support@1.0.0: not the tag of a release: its name is not NAME@VERSION"]
    )
    assert result.errors == 0


@pytest.mark.slow
def test_yanks_must_mean_a_release(showcase: Showcase) -> None:
    from promptops.delivery.yanking import yank_release
    from promptops.prompt.version import Version

    yank_release(showcase.repository, "support/reply", Version.parse("1.0.0"), "rude")
    assert told(verify(showcase)) == []

    showcase.repo.tag("yanked/prompts/support/reply@3.0.0")
    showcase.repo.git("tag", f"yanked/{TAG}@2.0.0")
    assert masked(told(verify(showcase))) == snapshot(
        [
            "error yanked/prompts/support/reply@3.0.0: it yanks support/reply@3.0.0, which has no release tag",
            "error yanked/prompts/support/triage@2.0.0: a lightweight tag, without an author and a reason",
        ]
    )


@pytest.mark.slow
def test_a_lost_tag_object_is_damage(showcase: Showcase) -> None:
    oid = showcase.repo.lose("refs/tags/prompts/support/reply@1.0.0")

    assert told(verify(showcase, "support/reply")) == [
        f"error prompts/support/reply@1.0.0: the object {oid[:12]} is missing"
    ]


@pytest.mark.slow
def test_a_yank_must_stand_where_its_release_does(showcase: Showcase) -> None:
    from promptops.delivery.yanking import yank_release
    from promptops.prompt.version import Version

    yank_release(showcase.repository, "support/reply", Version.parse("1.0.0"), "rude")
    showcase.move_tag("yanked/prompts/support/reply@1.0.0", "main~1")
    mine, release = showcase.repo.rev("main~1"), showcase.repo.rev("main")

    assert told(verify(showcase)) == [
        (
            f"error yanked/prompts/support/reply@1.0.0: it points to commit {mine[:12]}, "
            f"the release on {release[:12]}"
        )
    ]


@pytest.mark.slow
def test_a_yank_remembers_the_tag_that_it_meant(showcase: Showcase) -> None:
    from promptops.delivery.yanking import yank_release
    from promptops.prompt.version import Version

    yank_release(showcase.repository, "support/reply", Version.parse("1.0.0"), "rude")
    tag = "prompts/support/reply@1.0.0"
    old = showcase.repo.rev(f"refs/tags/{tag}")
    new = showcase.move_tag(tag, "main", lambda text: f"Again\n{text}")

    assert told(verify(showcase)) == [
        f"error {tag}: the tag was moved: it was yanked as {old[:12]}, now it is {new[:12]}"
    ]
