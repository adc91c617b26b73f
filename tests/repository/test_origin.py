"""Where an installation came from, read from what installers write down (PEP 610)."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from promptops.repository import origin
from promptops.repository.origin import PLACEHOLDER, UNKNOWN, Origin, read_origin
from tests.cli.running import run
from tests.protection.doctor.pieces import ask

if TYPE_CHECKING:
    from tests.repositories import Repo

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "ab" * 32


def git(url: str, commit: str = COMMIT, **more: Any) -> dict[str, Any]:
    return {"url": url, "vcs_info": {"vcs": "git", "commit_id": commit}, **more}


def archive(url: str, **info: Any) -> dict[str, Any]:
    return {"url": url, "archive_info": info}


KNOWN: dict[str, tuple[dict[str, Any] | None, str]] = {
    "an index": (None, "git-promptops==1.2.0"),
    "a Git URL": (
        git("https://git.example.com/promptops"),
        f"git-promptops @ git+https://git.example.com/promptops@{COMMIT}",
    ),
    "a Git URL by SSH": (
        git("ssh://git@git.example.com/a/promptops.git"),
        f"git-promptops @ git+ssh://git@git.example.com/a/promptops.git@{COMMIT}",
    ),
    "a Git URL with a token": (
        git("https://jane:token@git.example.com/promptops"),
        f"git-promptops @ git+https://git.example.com/promptops@{COMMIT}",
    ),
    "a folder below a Git URL": (
        git("https://git.example.com/all", subdirectory="py"),
        f"git-promptops @ git+https://git.example.com/all@{COMMIT}#subdirectory=py",
    ),
    "an archive": (
        archive("https://example.com/a.whl", hashes={"sha256": DIGEST}),
        f"git-promptops @ https://example.com/a.whl#sha256={DIGEST}",
    ),
    "an archive, in the older form": (
        archive("https://example.com/a.whl", hash=f"sha256={DIGEST}"),
        f"git-promptops @ https://example.com/a.whl#sha256={DIGEST}",
    ),
    "a folder": ({"url": "file:///opt/promptops", "dir_info": {}}, "/opt/promptops"),
}
HOSTILE: dict[str, object] = {
    "no JSON": "{",
    "no object": "[]",
    "no URL": {"vcs_info": {}},
    "a branch": git("https://example.com/a", "main"),
    "a commit cut short": git("https://example.com/a", COMMIT[:12]),
    "another VCS": {"url": "https://a", "vcs_info": {"vcs": "hg", "commit_id": COMMIT}},
    "an archive without a hash": archive("https://example.com/a.whl"),
    "an archive with a short hash": archive("https://example.com/a.whl", hash="sha256=ab"),
    "a quote": git("https://example.com/a'b"),
    "an expression of the forge": git("https://example.com/${{ github.token }}"),
    "a newline": git("https://example.com/a\nb"),
    "a folder with a blank": {"url": "file:///opt/my%20promptops", "dir_info": {}},
    "a folder with a quote": {"url": "file:///opt/a%27b", "dir_info": {}},
}


def read(document: object) -> Origin:
    text = document if document is None or isinstance(document, str) else json.dumps(document)
    return read_origin("1.2.0", {"direct_url.json": text}.get)


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_required_is_pinned(name: str) -> None:
    document, wanted = KNOWN[name]
    found = read(document)
    assert shlex.split(found.require()) == [wanted]
    assert found.is_folder == (name == "a folder")


def test_extras_are_named_where_the_name_is() -> None:
    assert read(None).require("models", "evals") == "'git-promptops[models,evals]==1.2.0'"
    assert read(KNOWN["a folder"][0]).require("evals") == "'/opt/promptops[evals]'"


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_pinned_or_could_be_more_than_a_word_is_unknown(name: str) -> None:
    assert read(HOSTILE[name]) is UNKNOWN


def test_an_odd_version_is_unknown() -> None:
    assert read_origin("1'; rm", lambda _name: None) is UNKNOWN


@pytest.mark.slow
@pytest.mark.parametrize("name", [*KNOWN, "unknown"])
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_init_writes_no_bare_name(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, name: str, forge: str
) -> None:
    found = read(KNOWN[name][0]) if name in KNOWN else UNKNOWN
    for module in ("pipelines", "hook_entry"):
        monkeypatch.setattr(f"promptops.repository.{module}.find_origin", lambda: found)
    repo.config("remote.origin.url", f"https://{forge}.com/acme/prompts")
    done = run(repo, "init", "--deploy", "--release", "--evals")
    assert done.exit_code == 0
    assert (found.advice is None) or found.advice in done.stdout
    repo.commit()
    answers = ask(repo, "installation")
    wanted = {Severity.WARNING} if found is UNKNOWN else set() if found.is_folder else {None}
    assert {answer.severity for answer in answers} == wanted
    path = ".gitlab-ci.yml" if forge == "gitlab" else ".github/workflows/promptops.yml"
    text = (repo.path / path).read_text()
    assert found.require() in text
    assert (PLACEHOLDER in text) == (found is UNKNOWN)
    hooks = (repo.path / ".pre-commit-config.yaml").read_text()
    assert (found.source in hooks) == (not found.is_folder)


def test_an_installation_without_metadata_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "PACKAGE", "no-such-package-of-promptops")
    assert origin.find_origin() is UNKNOWN
    assert UNKNOWN.advice == snapshot(
        "replace /path/to/promptops with the source of promptops for CI: no-such-package-of-promptops==VERSION, or no-such-package-of-promptops @ git+URL@COMMIT"
    )
