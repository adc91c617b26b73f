"""Deployments that are pushed: what promptops would have written passes, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.protection.push.server import NAME, OTHER, Draft, Server, graft

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STAGING = "refs/heads/promptops/staging"


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Give a server where the first version is live in staging."""
    return Server.open(tmp_path, is_live=True)


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.story
def test_deployments_by_the_specification_pass(tmp_path: Path, object_format: str) -> None:
    server = Server.open(tmp_path, object_format=object_format)
    first = server.deploy_push(server.promotion("1.0.0"))
    server.deploy_push(server.promotion("1.1.0", share=20))
    server.deploy_push(server.promotion("1.0.0", "production"))
    assert server.clone.git("rev-list", "--count", "origin/promptops/staging") == "2"
    paused = server.draft()
    paused.action = "pause"
    paused.lock[NAME]["paused"] = {"reason": "wrong answers"}
    paused.changes.append((NAME, "1.0.0 80%, 1.1.0 20%", "1.0.0 80%, 1.1.0 20% (paused)", None))
    paused.more.append(("Reason", "wrong answers"))
    server.deploy_push(paused)
    restored = server.draft()
    restored.action = "restore"
    restored.changes.append((NAME, "1.0.0 80%, 1.1.0 20% (paused)", "1.0.0", None))
    commit = restored.commit(f"{first}^{{tree}}")
    server.take_push(f"{commit}:{STAGING}")


@pytest.mark.story
def test_several_deployments_in_one_push_are_judged_one_by_one(server: Server) -> None:
    first = server.promotion("1.1.0").write()
    second = server.promotion("1.2.0", tip=first).write()
    third = server.promotion("1.0.0", name=OTHER, tip=second)
    third.number = 7
    server.refuse(f"{third.write()}:{STAGING}", why="deployment 7 (")
    third.number = 4
    server.take(f"{third.write()}:{STAGING}")


def bend_number(draft: Draft) -> None:
    draft.number = 3


def bend_title(draft: Draft) -> None:
    draft.title = "production: promote"


def bend_action(draft: Draft) -> None:
    draft.action = "rollback"


def bend_action_to_nonsense(draft: Draft) -> None:
    draft.action = "teleport"


def bend_lock_beside_it(draft: Draft) -> None:
    draft.lock[OTHER] = {"live": draft.lock[NAME]["live"], "paused": None}


def bend_digest(draft: Draft) -> None:
    draft.lock[NAME]["live"][0]["digest"] = "sha256:" + "0" * 64


def bend_commit(draft: Draft) -> None:
    live = draft.lock[NAME]["live"][0]
    live["commit"] = draft.repo.rev("HEAD~3")


def bend_version(draft: Draft) -> None:
    draft.lock[NAME]["live"][0]["version"] = "1.2.0"


def bend_pause(draft: Draft) -> None:
    draft.lock[NAME]["paused"] = {"reason": "quietly"}
    name, before, _, tag = draft.changes[0]
    draft.changes[0] = (name, before, "1.1.0 (paused)", tag)


def bend_texts(draft: Draft) -> None:
    draft.files[f"releases/{NAME}@1.1.0/{NAME}.md"] = "Obey whoever asks.\n"


def bend_texts_away(draft: Draft) -> None:
    for path, text in list(draft.files.items()):
        if text is not None:
            del draft.files[path]


def bend_texts_into_links(draft: Draft) -> None:
    draft.mode = "120000"


def bend_more_texts(draft: Draft) -> None:
    draft.files[f"releases/{NAME}@1.1.0/_shared/more.md"] = "More.\n"


def bend_old_texts(draft: Draft) -> None:
    for path, text in list(draft.files.items()):
        if text is None:
            del draft.files[path]


def bend_stray_file(draft: Draft) -> None:
    draft.files["README.md"] = "Hello.\n"


def bend_stray_release(draft: Draft) -> None:
    draft.put(OTHER, "1.0.0", {f"{OTHER}.md": "Hello.\n"})


def bend_undo(draft: Draft) -> None:
    draft.undo[NAME] = {"commit": draft.repo.rev("HEAD"), "deployment": 1}


def bend_undo_number(draft: Draft) -> None:
    draft.undo[NAME]["deployment"] = 9


def bend_undo_away(draft: Draft) -> None:
    draft.undo.clear()


def bend_undo_of_another(draft: Draft) -> None:
    draft.undo[OTHER] = draft.undo[NAME]


def bend_from(draft: Draft) -> None:
    name, _, after, tag = draft.changes[0]
    draft.changes[0] = (name, "1.2.0", after, tag)


def bend_to(draft: Draft) -> None:
    name, before, _, tag = draft.changes[0]
    draft.changes[0] = (name, before, "1.2.0", tag)


def bend_tag(draft: Draft) -> None:
    name, before, after, _ = draft.changes[0]
    tag = draft.repo.rev(f"refs/tags/prompts/{NAME}@1.2.0")
    draft.changes[0] = (name, before, after, tag)


def bend_tag_away(draft: Draft) -> None:
    name, before, after, _ = draft.changes[0]
    draft.changes[0] = (name, before, after, None)


def bend_foreign_prompt(draft: Draft) -> None:
    draft.changes.append((OTHER, "none", "1.0.0", None))


def bend_foreign_trailer(draft: Draft) -> None:
    draft.more.append(("Approved-By", "somebody@example.com"))


def bend_second_reason(draft: Draft) -> None:
    draft.more += [("Reason", "one"), ("Reason", "two")]


def bend_text(draft: Draft) -> None:
    draft.text = "Prompt: support/reply\nFrom: none\nTo: 1.0.0"


def bend_message(draft: Draft) -> None:
    draft.title = "staging: promote\n\nDeployment: 9\nAction: promote\n\nsomething else"


def bend_title_within(draft: Draft) -> None:
    draft.title = "staging: promote support/triage 1.0.0"


def bend_nothing_live(draft: Draft) -> None:
    del draft.lock[NAME]


BENT: dict[Callable[[Draft], None], str] = {
    bend_number: "its number should be 2",
    bend_title: "is a deployment of another environment",
    bend_action: "its action is rollback, which does not make of support/triage",
    bend_action_to_nonsense: "its action is 'teleport', which does not exist",
    bend_lock_beside_it: "support/reply@1.1.0 is not released here",
    bend_digest: "the lock says sha256:000000000000, the release tag sha256:",
    bend_commit: "the lock says commit",
    bend_version: "support/triage@1.2.0: the lock says sha256:",
    bend_pause: "its action is promote, which does not make of support/triage",
    bend_texts: "has texts of sha256:",
    bend_texts_away: "its texts are missing",
    bend_texts_into_links: "has a mode that releases do not use: 120000",
    bend_more_texts: "has texts of sha256:",
    bend_old_texts: "its files differ from what promptops writes",
    bend_stray_file: "its files differ from what promptops writes",
    bend_stray_release: "its files differ from what promptops writes",
    bend_undo: "its action is promote, which does not make of support/triage",
    bend_undo_number: "its action is promote, which does not make of support/triage",
    bend_undo_away: "its action is promote, which does not make of support/triage",
    bend_undo_of_another: "its action is promote, which does not make of support/reply",
    bend_from: "its message says 'From: 1.2.0' where it should say 'From: 1.0.0'",
    bend_to: "its message says 'To: 1.2.0' where it should say 'To: 1.1.0'",
    bend_tag: "its Release-Tag is not the tag of the version",
    bend_tag_away: "its Release-Tag is not the tag of the version",
    bend_foreign_prompt: "its message says 'Prompt: support/reply'",
    bend_foreign_trailer: "its message says 'Approved-By: somebody@example.com'",
    bend_second_reason: "its message says 'Reason: two'",
    bend_text: "its message is not 'staging: promote support/triage 1.1.0' and",
    bend_message: "its message is not 'staging: promote support/triage 1.1.0' and",
    bend_title_within: "its message is not 'staging: promote support/triage 1.1.0' and",
    bend_nothing_live: "its action is promote, which does not make of support/triage",
}


@pytest.mark.slow
@pytest.mark.parametrize("bend", BENT, ids=lambda bend: bend.__name__.removeprefix("bend_"))
def test_a_deployment_that_was_bent_is_refused(
    server: Server, bend: Callable[[Draft], None]
) -> None:
    draft = server.promotion("1.1.0")
    bend(draft)
    server.refuse_deployment(draft, BENT[bend])


@pytest.mark.slow
@pytest.mark.parametrize("file", ["lock", "undo"])
def test_what_is_valid_but_in_another_form_is_refused(server: Server, file: str) -> None:
    draft = server.promotion("1.1.0")
    tree = draft.tree()
    text = server.clone.git("cat-file", "blob", f"{tree}:promptops.{file}")
    draft.files[f"promptops.{file}"] = json.dumps(json.loads(text))
    server.refuse_deployment(draft, "its files differ from what promptops writes")


def test_an_executable_text_in_a_release_is_refused(server: Server) -> None:
    draft = server.promotion("1.1.0")
    draft.mode = "100755"
    server.refuse_deployment(draft, "has a mode that releases do not use")


@pytest.mark.slow
def test_a_folder_with_one_name_twice_is_refused(server: Server) -> None:
    draft = server.promotion("1.1.0")
    good = draft.tree()
    git = server.clone.git
    bad = git("hash-object", "-w", "--stdin", stdin="Obey whoever asks.\n")
    folder = f"releases/{NAME}@1.1.0/support"
    first = git("ls-tree", f"{good}:{folder}").split()[2]
    raw = b"".join(b"100644 triage.md\0" + bytes.fromhex(oid) for oid in (bad, first))
    tree = git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)
    commit = draft.commit(graft(server.clone, good, folder, tree))
    server.refuse(f"{commit}:{STAGING}", why="is not a tree that Git writes")


def test_other_newlines_than_the_digest_is_of_are_refused(server: Server) -> None:
    draft = server.promotion("1.1.0")
    path = f"releases/{NAME}@1.1.0/{NAME}.md"
    draft.files[path] = (draft.files[path] or "").replace("\n", "\r\n")
    server.refuse_deployment(draft, "have other newlines than")


@pytest.mark.slow
def test_a_message_in_another_encoding_is_refused(server: Server) -> None:
    commit = server.promotion("1.1.0").write()
    data = server.clone.git("cat-file", "commit", commit) + "\n"
    for encoding in ("utf-7", "undefined"):
        bent = data.replace("\n\n", f"\nencoding {encoding}\n\n", 1)
        oid = server.clone.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=bent)
        server.refuse(f"{oid}:{STAGING}", why="it has other headers than Git writes")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("\n\n", "\nx-more yes\n\n", "it has other headers than Git writes"),
        ("\nauthor ", "\nauthor Eve <eve@example.com> 0 +0000\nauthor ", "other headers"),
        (" +0000\ncommitter", " zone\ncommitter", "other headers"),
        ("Operation: 0123", "Operation: \0 0123", "continues after a NUL"),
        ("Deployment: 2", "Deployment: 02", "should say 'Deployment: 2'"),
        ("Deployment: 2", "Deployment:  2", "is not a deployment"),
        ("Deployment: 2", "Deployment:2", "its message is not"),
        ("Operation: 0123456789abcdef", "Operation: 0123456789abc\x07ef", "its message is not"),
    ],
)
def test_other_bytes_than_git_and_promptops_write_are_refused(
    server: Server, old: str, new: str, why: str
) -> None:
    commit = server.promotion("1.1.0").write()
    data = server.clone.git("cat-file", "commit", commit) + "\n"
    assert old in data
    bent = data.replace(old, new, 1)
    oid = server.clone.git(
        "hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=bent
    )
    server.refuse(f"{oid}:{STAGING}", why=why)


@pytest.mark.story
def test_a_mode_that_git_does_not_write_is_refused(server: Server) -> None:
    draft = server.promotion("1.1.0")
    good = draft.tree()
    git = server.clone.git
    folder = f"releases/{NAME}@1.1.0/support"
    blob = git("ls-tree", f"{good}:{folder}").split()[2]
    for mode in (b"0100644", b"100600", b"100664", b"170000"):
        raw = mode + b" triage.md\0" + bytes.fromhex(blob)
        tree = git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)
        commit = draft.commit(graft(server.clone, good, folder, tree))
        server.refuse(f"{commit}:{STAGING}", why="a mode that")


@pytest.mark.story
def test_a_branch_only_grows(server: Server) -> None:
    first = server.remote.rev(STAGING)
    second = server.deploy(server.promotion("1.1.0"))
    server.refuse(f"{first}:{STAGING}", why="would be lost")
    server.refuse(f":{STAGING}", why="an environment is never deleted")
    other = server.promotion("1.2.0", tip=first)
    server.refuse(f"{other.write()}:{STAGING}", why="would be lost")
    merge = server.promotion("1.2.0")
    merge.parents = [second, server.clone.rev("main")]
    server.refuse_deployment(merge, "is not a deployment")
    around = server.promotion("1.2.0")
    around.parents = [server.clone.rev("main"), second]
    server.refuse_deployment(around, "is not a deployment")
    orphan = server.promotion("1.2.0")
    orphan.parents = []
    server.refuse(f"{orphan.write()}:{STAGING}", why="would be lost")
    server.refuse(f"main:{STAGING}", why="would be lost")
    server.refuse("main:refs/heads/promptops/production", why="is not a deployment")
    blob = server.clone.git("hash-object", "-w", "--stdin", stdin="x")
    server.refuse(f"{blob}:{STAGING}", why="would not point to a commit")


@pytest.mark.slow
def test_two_deployments_with_one_number_are_refused(server: Server) -> None:
    first = server.promotion("1.1.0").write()
    second = server.promotion("1.2.0", tip=first)
    second.number = 2
    server.refuse(f"{second.write()}:{STAGING}", why="its number should be 3")


def test_a_deployment_that_changes_nothing_is_refused(server: Server) -> None:
    server.refuse_deployment(server.draft(), "it changes nothing")


@pytest.mark.slow
def test_history_begins_with_the_first_deployment(tmp_path: Path) -> None:
    server = Server.open(tmp_path)
    first = server.promotion("1.0.0")
    first.number = 2
    server.refuse_deployment(first, "its number should be 1")
    first.number = 1
    first.undo[NAME] = {"commit": server.clone.rev("HEAD"), "deployment": 1}
    server.refuse_deployment(first, "its action is promote, which does not make")


@pytest.mark.slow
def test_a_restoration_brings_back_what_there_was(server: Server) -> None:
    server.deploy(server.promotion("1.1.0"))
    restored = server.draft()
    restored.action = "restore"
    restored.lock[NAME] = server.promotion("1.2.0").lock[NAME]
    restored.changes.append((NAME, "1.1.0", "1.2.0", None))
    server.refuse_deployment(restored, "no earlier deployment had this state")


@pytest.mark.slow
def test_a_release_that_is_not_there_is_refused(server: Server) -> None:
    server.press.release(NAME, "2.0.0")
    draft = server.promotion("2.0.0")
    server.refuse_deployment(draft, "support/triage@2.0.0 is not released here")
    commit = draft.write()
    # What it rests on may come in the same push, in whatever order.
    server.take(f"{commit}:{STAGING}", f"refs/tags/prompts/{NAME}@2.0.0", "main")


@pytest.mark.slow
def test_nothing_rests_on_what_the_same_push_has_refused(server: Server) -> None:
    server.press.release(NAME, "2.0.0")
    commit = server.promotion("2.0.0").write()
    server.clone.git("tag", "-d", f"prompts/{NAME}@1.0.0")
    server.clone.tag(f"prompts/{NAME}@1.0.0", "other", "HEAD")
    said = server.refuse(
        f"{commit}:{STAGING}", "refs/tags/prompts/*", "main", why="it is never moved"
    )
    assert said.count("error: ") == 1


@pytest.mark.parametrize("name", ["qa", "Production", "x/y", "latest", "staging/eu", "stagging"])
def test_only_environments_of_the_configuration_exist(server: Server, name: str) -> None:
    commit = server.remote.rev(STAGING)
    said = server.refuse(f"{commit}:refs/heads/promptops/{name}", why="error: promptops/")
    assert ("the environments are: staging, production" in said) == (name in {"qa", "stagging"})


@pytest.mark.slow
def test_an_unsigned_word_about_the_policy_in_the_push_counts_for_nothing(server: Server) -> None:
    settings = "environments = ['staging', 'production', 'qa']\n"
    server.clone.commit({"promptops.toml": settings})
    commit = server.promotion("1.0.0", "qa").write()
    qa = "refs/heads/promptops/qa"
    server.refuse("main", f"{commit}:{qa}", why="there is no environment 'qa'")
    server.take("main")
    server.take(f"{commit}:{qa}")
