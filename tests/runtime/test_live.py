"""What is live in an environment, and what an environment may become after what was seen of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from promptops.delivery.state import Entry, Live, Point
from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    NotDeployedError,
    PromptNotFoundError,
    UsageError,
    VersionNotFoundError,
)
from promptops.prompt.reference import parse_ref
from promptops.prompt.version import Version
from promptops.repository.repository import open_repository
from promptops.runtime.live import (
    LiveEnvironments,
    LiveVersions,
    Placement,
    Share,
    accept_point,
    choose_live,
)
from promptops.runtime.resolution import RepositoryView, SourceMemory
from tests.conftest import move_in
from tests.released import Press
from tests.repositories import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.repository.repository import Repository


@pytest.mark.parametrize(
    ("point", "said"),
    [
        (Point(2, "c2"), "went back from deployment 3 to 2"),
        (Point(3, "other"), "another deployment 3"),
        (Point(4, "fork"), "is not based on 3"),
    ],
)
def test_environments_only_grow(point: Point, said: str) -> None:
    seen = {"production": Point(3, "c3")}
    with pytest.raises(IntegrityError, match=said):
        accept_point(seen, "production", point, lambda later, earlier: False)
    assert seen == {"production": Point(3, "c3")}


def test_a_deployment_on_the_one_seen_is_accepted() -> None:
    seen = {"production": Point(3, "c3")}
    accept_point(seen, "production", Point(5, "c5"), lambda later, earlier: True)
    assert seen == {"production": Point(5, "c5")}


SPLIT = Entry(
    (
        Live(Version.parse("1.1.0"), "sha256:2", "c2", 80),
        Live(Version.parse("1.0.0"), "sha256:1", "c1", 20),
    )
)
ONLY = Entry((Live(Version.parse("3.0.0"), "sha256:3", "c3"),), "leak")


@pytest.mark.parametrize(("wanted", "commit"), [(None, "c2"), ("1.1.0", "c2"), ("1.0.0", "c1")])
def test_of_several_live_versions_the_longer_standing_is_the_default(
    wanted: str | None, commit: str
) -> None:
    assert choose_live("a", "production", SPLIT, wanted).commit == commit


def test_a_version_that_is_not_live_says_which_is() -> None:
    with pytest.raises(VersionNotFoundError) as caught:
        choose_live("a", "production", SPLIT, "1.0.1")
    assert caught.value.message == "a 1.0.1 is not live in production"
    assert caught.value.hint == "1.1.0 is"


def test_what_is_live_is_listed_by_name() -> None:
    live = LiveVersions(Placement("production", 7, "c", 0, "Jane"), {"b": ONLY, "a": SPLIT})
    first, second = live.list()
    assert (first.name, first.version, first.digest, first.commit) == (
        "a",
        "1.1.0",
        "sha256:2",
        "c2",
    )
    assert first.split == (Share("1.1.0", "sha256:2", 80), Share("1.0.0", "sha256:1", 20))
    assert (second.name, second.paused) == ("b", "leak")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """Prompts `support/triage` and `support/tags`; only the first is live, and it was paused."""
    with pytest.MonkeyPatch.context() as patch:
        move_in(tmp_path_factory, patch)
        press = Press(Repo.init(tmp_path_factory.mktemp("team")))
        press.release("support/triage", "1.0.0")
        press.release("support/tags", "1.0.0")
        live: dict[str, Any] = {"support/triage": "1.0.0"}
        press.deploy("production", live)
        press.deploy("production", live, paused={"support/triage": "leak"}, action="pause")
        press.deploy("production", live, paused={"support/triage": "leak"}, action="restore")
        yield open_repository(press.repo.path)


def environments(repository: Repository, **options: Any) -> LiveEnvironments:
    given: dict[str, Any] = {
        "source": "here",
        "memory": SourceMemory(),
        "trust": None,
        "fetched_at_seconds": None,
        "refusals": {},
        "warnings": (),
        "lives": {},
    }
    return LiveEnvironments(repository, **{**given, **options})


@pytest.mark.slow
def test_an_environment_is_read_once_for_all_views_of_a_state(repository: Repository) -> None:
    memory = SourceMemory()
    lives: dict[str, LiveVersions] = {}
    read = environments(repository, memory=memory, lives=lives, warnings=("slow",))
    live = read.live("production")
    assert (live.placement.deployment, live.placement.deployed_by) == (3, "Jane Doe")
    assert (live.warnings, set(live.entries)) == (("slow",), {"support/triage"})
    assert memory.seen["production"] == Point(3, live.placement.commit)
    assert read.live("production") is live
    assert environments(repository, lives=lives).live("production") is live


def test_a_refused_environment_is_not_read(repository: Repository) -> None:
    refused = IntegrityError("it went back", hint="ask Jane")
    read = environments(repository, refusals={"production": refused})
    with pytest.raises(IntegrityError, match="it went back") as caught:
        read.live("production")
    assert caught.value is not refused


def test_an_environment_that_is_gone_is_no_missing_one(repository: Repository) -> None:
    memory = SourceMemory()
    memory.seen["staging"] = Point(9, "c9")
    with pytest.raises(IntegrityError, match="staging is missing from here, which had deployment"):
        environments(repository, memory=memory).live("staging")


@pytest.mark.parametrize(
    ("name", "error", "hint"),
    [
        ("staging", EnvironmentNotFoundError, "promptops promote"),
        ("producton", EnvironmentNotFoundError, "did you mean production?"),
        ("zzz", EnvironmentNotFoundError, "environments: staging, production"),
        ("../x", UsageError, ""),
    ],
)
def test_an_environment_without_deployments_says_what_to_do(
    repository: Repository, name: str, error: type[Exception], hint: str
) -> None:
    with pytest.raises(error) as caught:
        environments(repository).live(name)
    assert hint in str(getattr(caught.value, "hint", ""))


@pytest.mark.parametrize(
    ("name", "error", "hint"),
    [
        (
            "support/tags",
            NotDeployedError,
            "promptops promote support/tags --to production",
        ),
        ("support/triag", PromptNotFoundError, "did you mean support/triage?"),
        (
            "writer",
            NotDeployedError,
            "run promptops release writer, then promptops promote writer --to production",
        ),
    ],
)
def test_a_prompt_that_is_not_live_says_what_is_missing(
    repository: Repository, name: str, error: type[Exception], hint: str
) -> None:
    read = environments(repository)
    found = read.not_live(name, read.live("production"))
    assert (type(found), found.hint) == (error, hint)


def test_a_pause_is_known_by_the_deployment_that_made_it(repository: Repository) -> None:
    view = RepositoryView(repository, source="here")
    resolved = view.resolve(parse_ref("support/triage"))
    read = environments(repository)
    assert read.find_pause(resolved) == " by Jane Doe on 2026-01-01 00:00 UTC"
    assert read.find_pause(dataclasses.replace(resolved, placement=None)) == ""
