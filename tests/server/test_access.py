"""Who may ask for what, over real sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept, refuse

if TYPE_CHECKING:
    from tests.server.conftest import Team
    from tests.server.serving import Served

BODY = {"inputs": {"question": "?"}}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer",
        "Bearer promptops_aaaaaaaaaa_" + 43 * "a",
        "Basic abc",
        "Bearer \xe9",
        "Bearer " + 9000 * "a",
    ],
)
@pytest.mark.parametrize("ref", ["support/echo@production", "none@production", "BAD"])
def test_nobody_without_a_key_learns_whether_a_prompt_exists(
    service: Served, header: str | None, ref: str
) -> None:
    headers = {"X-Request-ID": "same", **({"Authorization": header} if header else {})}
    reply = service.ask("POST", f"/v1/run/{ref}", b"{", headers=headers)
    assert (reply.status, reply.code) == (401, "key")
    assert reply.headers["www-authenticate"] == "Bearer"
    other = service.ask("POST", "/v1/run/whatever", headers={"X-Request-ID": "same"})
    assert reply.body == other.body


@pytest.mark.parametrize(
    ("options", "verb", "ref", "status"),
    [
        ((), "run", "support/echo", 200),
        ((), "run", "support/echo@1.0.0", 200),
        ((), "run", "support/echo@working", 404),
        (("--env", "working"), "run", "support/echo@working", 200),
        (("--env", "production"), "run", "support/echo", 200),
        (("--env", "production"), "run", "support/echo@production", 200),
        (("--env", "production"), "run", "support/echo@1.0.0", 404),
        (("--env", "production"), "run", "support/echo@latest", 404),
        (("--env", "releases"), "run", "support/echo@1.0.0", 200),
        (("--env", "releases"), "run", "support/echo", 404),
        (("--env", "staging"), "run", "support/echo", 404),
        (("--prompt", "support/*"), "run", "support/echo", 200),
        (("--prompt", "billing/*"), "run", "support/echo", 404),
        (("--prompt", "billing/*", "--prompt", "support/echo"), "run", "support/echo", 200),
        (("--verb", "render"), "render", "support/echo", 200),
        (("--verb", "render"), "run", "support/echo", 403),
        (("--verb", "run"), "stream", "support/echo", 200),
        (("--verb", "run"), "render", "support/echo", 403),
    ],
)
def test_a_key_opens_what_its_scope_says(
    service: Served, team: Team, options: tuple[str, ...], verb: str, ref: str, status: int
) -> None:
    key = team.make_key(*options)
    assert service.ask("POST", f"/v1/{verb}/{ref}", BODY, key=key).status == status


def test_out_of_scope_looks_like_not_there(service: Served, team: Team) -> None:
    key = team.make_key("--prompt", "billing/*")
    headers = {"X-Request-ID": "same"}
    hidden = service.ask("POST", "/v1/run/support/echo", BODY, key=key, headers=headers)
    absent = service.ask("POST", "/v1/run/billing/none", BODY, key=key, headers=headers)
    assert hidden.status == absent.status == 404
    known, missing = hidden.json["error"], absent.json["error"]
    assert {**known, "run_id": 0, "stage": 0} == {**missing, "run_id": 0, "stage": 0}


def test_a_key_of_a_tenant_runs_for_that_one_alone(service: Served, team: Team) -> None:
    key = team.make_key("--tenant", "acme")
    done = service.ask("POST", "/v1/run/support/echo", BODY, key=key).json
    shown = json.loads(accept(team.repo, "runs", "show", done["id"], "--format", "json"))
    assert shown["tenant"] == "acme"
    same = service.ask("POST", "/v1/run/support/echo", {**BODY, "tenant": "acme"}, key=key)
    other = service.ask("POST", "/v1/run/support/echo", {**BODY, "tenant": "evil"}, key=key)
    assert (same.status, other.status) == (200, 403)


def test_a_revoked_key_is_refused_at_once(service: Served, team: Team) -> None:
    made = json.loads(accept(team.repo, "serve", "keys", "add", "gone", "--format", "json"))
    assert service.ask("GET", "/v1/resolve/support/echo", key=made["key"]).status == 200
    accept(team.repo, "serve", "keys", "revoke", made["id"], "--dry-run")
    assert service.ask("GET", "/v1/resolve/support/echo", key=made["key"]).status == 200
    accept(team.repo, "serve", "keys", "revoke", "gone")
    assert service.ask("GET", "/v1/resolve/support/echo", key=made["key"]).status == 401


def test_the_file_of_keys_holds_no_key_and_is_private(team: Team) -> None:
    key = team.make_key()
    _, _, secret = key.split("_", 2)  # which may contain more of them
    files = sorted((team.repo.path / ".git" / "promptops-serve").iterdir())
    assert [file.name for file in files] == ["keys.json", "keys.json.lock"]
    for file in files:
        assert secret not in file.read_text()
        assert file.stat().st_mode & 0o077 == 0
    shown = accept(team.repo, "serve", "keys", "list")
    assert key.split("_")[1] in shown
    listed = json.loads(accept(team.repo, "serve", "keys", "list", "--format", "json"))
    assert listed["schema"] == "promptops.keys-list/v1"
    assert all("hash" not in one for one in listed["keys"])


@pytest.mark.parametrize(
    "options",
    [
        ("a", "--verb", "fly"),
        ("a", "--prompt", "A B"),
        ("a", "--env", "Prod"),
        ("a", "--tenant", " "),
        ("a", "--expires", "soon"),
        (" ",),
    ],
)
def test_a_key_that_cannot_be_meant_is_not_made(team: Team, options: tuple[str, ...]) -> None:
    refuse(team.repo, "serve", "keys", "add", *options, code=2)


@pytest.mark.story
def test_only_a_key_that_is_there_can_be_revoked(team: Team) -> None:
    refuse(team.repo, "serve", "keys", "revoke", "nobody", code=2)
