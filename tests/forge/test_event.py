"""What a CI run is about, from GitHub's own examples of events, and from worse ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from promptops.errors import IntegrityError, PromptopsError, UsageError
from promptops.forge.event import ForgeEvent, read_event
from tests.forge.description import find_description
from tests.forge.fake_github import commit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD, BASE = commit("head"), commit("base")
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_REPOSITORY": "acme/prompts",
    "GITHUB_SHA": HEAD,
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_COMMIT_SHA": HEAD,
    "CI_PIPELINE_SOURCE": "push",
    "CI_PROJECT_ID": "7",
}
MERGE_REQUEST = {
    **GITLAB,
    "CI_MERGE_REQUEST_IID": "12",
    "CI_MERGE_REQUEST_PROJECT_ID": "3",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "",
    "CI_PIPELINE_SOURCE": "merge_request_event",
}

Environment = dict[str, str]


@pytest.fixture
def environment(tmp_path: Path) -> Callable[[str, Any], Environment]:
    """Give a maker of the environment of a GitHub event."""

    def make(name: str, event: Any) -> Environment:
        path = tmp_path / "event.json"
        path.write_bytes(event if isinstance(event, bytes) else json.dumps(event).encode())
        return {**GITHUB, "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}

    return make


def pull_request(**others: Any) -> dict[str, Any]:
    pull = {
        "number": 12,
        "user": {"login": "jane"},
        "base": {"ref": "main", "sha": BASE},
        "head": {"ref": "change", "sha": HEAD},
        **others,
    }
    return {"action": "opened", "pull_request": pull}


def merge_group(**others: Any) -> dict[str, Any]:
    group = {
        "base_ref": "refs/heads/main",
        "base_sha": BASE,
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-12-{BASE}",
        "head_sha": HEAD,
        **others,
    }
    return {"action": "checks_requested", "merge_group": group}


# --- GitHub


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target", "pull_request_review"])
def test_a_pull_request(environment: Callable[[str, Any], Environment], name: str) -> None:
    event = read_event(environment(name, pull_request()))
    assert event == ForgeEvent(
        forge="github",
        name=name,
        repository="acme/prompts",
        url="https://api.github.com",
        number=12,
        target="main",
        base=BASE,
        head=HEAD,
        author="@jane",
    )
    assert event.is_change


def test_the_default_branch_is_the_repositorys(
    environment: Callable[[str, Any], Environment],
) -> None:
    for name, event in (("pull_request", pull_request()), ("merge_group", merge_group())):
        told = {**event, "repository": {"default_branch": "trunk"}}
        found = read_event(environment(name, told))
        assert found is not None
        assert (found.default_branch, found.target) == ("trunk", "main")


def test_an_author_may_be_gone(environment: Callable[[str, Any], Environment]) -> None:
    event = read_event(environment("pull_request", pull_request(user=None)))
    assert event is not None
    assert event.author is None


def test_a_merge_group_has_a_branch_and_no_base(
    environment: Callable[[str, Any], Environment],
) -> None:
    event = read_event(environment("merge_group", merge_group()))
    assert event is not None
    assert event.is_change
    assert (event.number, event.base, event.head) == (None, None, HEAD)
    assert (event.target, event.queue) == ("main", f"gh-readonly-queue/main/pr-12-{BASE}")


def test_a_push(environment: Callable[[str, Any], Environment]) -> None:
    push = {"ref": "refs/heads/release/1.x", "before": BASE, "after": HEAD}
    event = read_event(environment("push", push))
    assert event is not None
    assert not event.is_change
    assert (event.target, event.base, event.head) == ("release/1.x", BASE, HEAD)


def test_a_push_of_what_was_not_there(environment: Callable[[str, Any], Environment]) -> None:
    push = {"ref": "refs/heads/new", "before": "0" * 40, "after": "0" * 64}
    event = read_event(environment("push", push))
    assert event is not None
    assert (event.target, event.base, event.head) == ("new", None, None)


def test_a_push_of_a_tag(environment: Callable[[str, Any], Environment]) -> None:
    push = {"ref": "refs/tags/prompts/a@1.0.0", "before": "0" * 40, "after": HEAD}
    event = read_event(environment("push", push))
    assert event is not None
    assert event.target is None


@pytest.mark.parametrize("name", ["workflow_dispatch", "schedule", "something_new"])
def test_other_events_have_a_commit(
    environment: Callable[[str, Any], Environment], name: str
) -> None:
    event = read_event(environment(name, {"inputs": {}}))
    assert event == ForgeEvent("github", name, "acme/prompts", "https://api.github.com", head=HEAD)
    assert not event.is_change


def test_githubs_own_examples(environment: Callable[[str, Any], Environment]) -> None:
    path = find_description("webhooks")
    if path is None:
        pytest.skip("GitHub's examples are not here: nox -s descriptions")
    examples = {one["name"]: one["examples"] for one in json.loads(path.read_bytes())}
    for name in ("pull_request", "pull_request_review"):
        for example in examples[name]:
            event = read_event(environment(name, example))
            assert event is not None
            assert event.number == example["pull_request"]["number"]
            assert event.head == example["pull_request"]["head"]["sha"]
            assert event.default_branch == example["repository"]["default_branch"]
    for example in examples["merge_group"]:
        event = read_event(environment("merge_group", example))
        assert event is not None
        assert event.queue == example["merge_group"]["head_ref"].removeprefix("refs/heads/")
    for name in ("push", "workflow_dispatch"):
        for example in examples[name]:
            event = read_event(environment(name, example))
            assert event is not None
            assert not event.is_change


# --- GitLab


def test_a_merge_request_is_where_it_was_opened() -> None:
    event = read_event(MERGE_REQUEST)
    assert event == ForgeEvent(
        forge="gitlab",
        name="merge_request",
        repository="3",
        url="https://gitlab.example.com/api/v4",
        number=12,
        target="main",
        head=HEAD,
    )
    assert event.is_change


def test_a_merged_result_is_of_its_two_sides() -> None:
    source, target = commit("source"), commit("target")
    event = read_event(
        {
            **MERGE_REQUEST,
            "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": target,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": source,
        }
    )
    assert event is not None
    assert (event.base, event.head) == (target, source)


def test_a_branch_pipeline() -> None:
    event = read_event(GITLAB)
    assert event == ForgeEvent("gitlab", "push", "7", GITLAB["CI_API_V4_URL"], head=HEAD)


# --- neither


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"CI": "true"},
        {"GITHUB_ACTIONS": "false"},
        {**GITHUB, "GITEA_ACTIONS": "true"},
        {**GITHUB, "FORGEJO_ACTIONS": "true"},
    ],
)
def test_elsewhere_there_is_no_event(environment: Environment) -> None:
    assert read_event(environment) is None


# --- worse


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"null",
        b'"pull_request"',
        b"NaN",
        b"1" * 9000,
    ],
)
def test_a_file_that_is_no_event(
    environment: Callable[[str, Any], Environment], content: bytes
) -> None:
    with pytest.raises(PromptopsError, match="the event file") as raised:
        read_event(environment("pull_request", content))
    assert raised.value.hint


def test_a_file_that_is_too_large(
    environment: Callable[[str, Any], Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptops.forge.event._MAX_BYTES", 1000)
    with pytest.raises(UsageError, match="too large for an event"):
        read_event(environment("pull_request", {"x": "y" * 1000}))


def test_a_file_that_is_not_there(environment: Callable[[str, Any], Environment]) -> None:
    for path in ("/nonexistent/event.json", "/"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_event({**environment("push", {}), "GITHUB_EVENT_PATH": path})


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("pull_request", {}),
        ("pull_request", {"pull_request": []}),
        ("pull_request", pull_request(number="12")),
        ("pull_request", pull_request(number=True)),
        ("pull_request", pull_request(number=0)),
        ("pull_request", pull_request(number=-1)),
        ("pull_request", pull_request(user={"login": "a b"})),
        ("pull_request", pull_request(user="jane")),
        ("pull_request", pull_request(base={"ref": "main"})),
        ("pull_request", pull_request(base={"ref": "--upload-pack=x", "sha": BASE})),
        ("pull_request", pull_request(base={"ref": "refs/heads/../x", "sha": BASE})),
        ("pull_request", pull_request(base={"ref": "refs/heads/refs/tags/x", "sha": BASE})),
        ("pull_request", pull_request(base={"ref": "refs/heads/", "sha": BASE})),
        ("pull_request", pull_request(base={"ref": "ma\nin", "sha": BASE})),
        ("pull_request", pull_request(base={"ref": "main", "sha": "HEAD"})),
        ("pull_request", pull_request(head={"ref": "x", "sha": "--all"})),
        ("pull_request", pull_request(head=None)),
        ("merge_group", pull_request()),
        ("merge_group", merge_group(head_sha="x")),
        ("merge_group", merge_group(head_ref=None)),
        ("push", {"ref": "refs/heads/-x", "before": BASE, "after": HEAD}),
        ("push", {"ref": "refs/heads/x", "before": BASE, "after": None}),
    ],
)
def test_an_event_that_lies(
    environment: Callable[[str, Any], Environment], name: str, event: Any
) -> None:
    with pytest.raises(IntegrityError, match="the event file") as raised:
        read_event(environment(name, event))
    assert raised.value.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_EVENT_NAME", ""),
        ("GITHUB_EVENT_PATH", ""),
        ("GITHUB_EVENT_PATH", "a\0b"),
        ("GITHUB_REPOSITORY", ""),
        ("GITHUB_API_URL", "https://x\ny"),
    ],
)
def test_an_environment_that_is_no_actions(
    environment: Callable[[str, Any], Environment], name: str, value: str
) -> None:
    with pytest.raises(UsageError, match=name):
        read_event({**environment("pull_request", pull_request()), name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CI_MERGE_REQUEST_IID", "twelve"),
        ("CI_MERGE_REQUEST_IID", "0"),
        ("CI_MERGE_REQUEST_IID", "1/../2"),
        ("CI_MERGE_REQUEST_PROJECT_ID", ""),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", ""),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "-x"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "main"),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "main"),
        ("CI_COMMIT_SHA", ""),
        ("CI_API_V4_URL", ""),
    ],
)
def test_an_environment_that_is_no_gitlab(name: str, value: str) -> None:
    with pytest.raises(PromptopsError, match=name) as raised:
        read_event({**MERGE_REQUEST, name: value})
    assert raised.value.hint
