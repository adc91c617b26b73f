"""Releasing as one request: what contradicts itself, what is refused, what is made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import ConfigurationError, RefusedError, UsageError
from promptops.gate.releasing import (
    ManyRefusedError,
    PreparedRelease,
    ReleaseRequest,
    describe_releases,
    make_releases,
    prepare_release,
)
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.stories.world import Team
from tests.templates import copy_template

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from promptops.delivery.bump import Bump


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A remote and a clone with `a` and `b` at 1.0.0, not released, and the draft `c`."""
    copy_template(build, tmp_path / "team", tmp_path.parent)
    return Team.at(tmp_path / "team")


def build(folder: Path) -> None:
    Team.found(folder, ["a", "b"]).commit({"prompts/c.md": prompt_text(status="draft")})


def prepare(team: Team, *names: str, is_dry: bool = False, **request: Any) -> PreparedRelease:
    told: list[Bump] = []

    def tell(bumps: Sequence[Bump]) -> None:
        told.extend(bumps)

    repository = open_repository(team.first.path)
    return prepare_release(
        repository, ReleaseRequest(names, **request), is_dry=is_dry, tell_bumps=tell
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("request_", "is_dry", "fault"),
    [
        ({"push": True, "is_local": True}, False, "--push and --local cannot be combined"),
        ({"bump": "huge"}, False, "'huge' is not a level"),
        ({"bump": "auto"}, True, "--bump cannot be combined with --dry-run"),
        ({"bump": "auto", "push": True}, False, "makes a commit that is not on origin yet"),
    ],
)
def test_a_request_that_contradicts_itself_is_refused(
    team: Team, request_: dict[str, Any], is_dry: bool, fault: str
) -> None:
    head = team.first.rev("HEAD")
    with pytest.raises(UsageError, match=fault):
        prepare(team, "a", is_dry=is_dry, **request_)
    assert team.first.rev("HEAD") == head


@pytest.mark.slow
def test_drafts_are_left_out_of_all_and_refused_by_name(team: Team) -> None:
    everything = prepare(team, everything=True)
    assert [one.prompt.name for one in everything.plans] == ["a", "b"]
    head = team.first.rev("HEAD")
    with pytest.raises(RefusedError, match="c is a draft"):
        prepare(team, "c", bump="minor")
    assert team.first.rev("HEAD") == head
    with pytest.raises(RefusedError, match="c is a draft"):
        prepare(team, "a", "c")


@pytest.mark.slow
def test_all_refusals_are_told_at_once(team: Team) -> None:
    for name in ("a", "b"):
        team.first.write(f"prompts/{name}.md", prompt_text(body="Else {{ question }}"))
    with pytest.raises(ManyRefusedError, match="2 prompts cannot be released") as caught:
        prepare(team, "a", "b")
    assert [one.message for one in caught.value.refusals] == [
        "a has uncommitted changes in prompts/a.md",
        "b has uncommitted changes in prompts/b.md",
    ]


@pytest.mark.slow
def test_what_is_not_merged_is_not_pushed(team: Team) -> None:
    team.first.commit({"prompts/a.md": prompt_text(body="Else {{ question }}")})
    with pytest.raises(RefusedError, match=r"a 1\.0\.0 is not merged"):
        prepare(team, "a", push=True)
    assert not prepare(team, "a").is_pushing


@pytest.mark.story
def test_releases_are_made_and_described_as_planned(team: Team) -> None:
    dry = prepare(team, "a", is_dry=True)
    assert describe_releases(dry.plans, None, is_pushed=False)["releases"][0]["tag"] is None
    prepared = prepare(team, "a", "b", push=True)
    plans, releases = make_releases(open_repository(team.first.path), prepared, "notes")
    document = describe_releases(plans, releases, is_pushed=True)
    assert (document["dry_run"], document["pushed"]) == (False, True)
    assert [
        (one["prompt"], one["change"], one["already_released"], one["released_by"])
        for one in document["releases"]
    ] == [("a", "new", False, "Jane Doe"), ("b", "new", False, "Jane Doe")]
    assert [one["tag"] for one in document["releases"]] == [
        team.remote.rev(f"refs/tags/prompts/{name}@1.0.0") for name in ("a", "b")
    ]

    again, made = make_releases(
        open_repository(team.first.path), prepare(team, "a", push=True), "other"
    )
    assert made == releases[:1]
    assert describe_releases(again, made, is_pushed=True)["releases"][0]["already_released"]


@pytest.mark.slow
def test_a_verdict_in_a_file_must_be_about_what_is_new(team: Team) -> None:
    verdict = {"schema": "promptops.gate/v1", "allowed": True, "prompts": []}
    file = ("v.json", json.dumps(verdict).encode())
    with pytest.raises(ConfigurationError, match="is not about a with digest"):
        prepare(team, "a", verdict=file)
    prepared = prepare(team, "a")
    make_releases(open_repository(team.first.path), prepared, None)
    assert prepare(team, "a", verdict=file).plans[0].existing is not None
