"""Tags of releases and yanks that are pushed: made once, true, and on commits that were merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.protection.push import PushCommand, judge_push
from promptops.repository.repository import open_repository
from tests.prompts import prompt_text
from tests.protection.push.server import NAME, OTHER, Server, write_tag
from tests.screens import masked

if TYPE_CHECKING:
    from pathlib import Path

FILE = f"prompts/{NAME}.md"
OLD = f"refs/tags/prompts/{NAME}@1.0.0"
BODY = "Answer {{ question }} as 2.0.0"


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Give a server where the next version is committed and pushed, and not released."""
    return Server.open(tmp_path, prepare=commit_next)


def commit_next(server: Server) -> None:
    server.clone.commit({FILE: prompt_text("2.0.0", BODY)})
    server.take("main")


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.story
def test_a_release_that_is_true_is_taken_once(tmp_path: Path, object_format: str) -> None:
    server = Server.open(tmp_path, object_format=object_format)
    commit = server.clone.commit({FILE: prompt_text("2.0.0", BODY)})
    trailers = {"Prompt_Change": "major", "Prompt_Base": "1.2.0"}
    tag = write_tag(server.clone, "2.0.0", commit, **trailers)
    server.refuse_push(tag, why=f"its commit {commit[:12]} has not been merged into main")
    server.take_push(tag, "main")
    server.clone.git("tag", "-d", f"prompts/{NAME}@2.0.0")
    write_tag(server.clone, "2.0.0", commit, **trailers, Operation="4567")
    server.refuse(tag, why="it is never moved")
    server.refuse(f":{tag}", why="it is never deleted")


@pytest.mark.slow
def test_git_itself_refuses_a_tag_that_somebody_made_meanwhile(server: Server) -> None:
    tag = write_tag(server.clone, "2.0.0", server.clone.rev("main"))
    server.take(tag)
    server.clone.git("tag", "-d", f"prompts/{NAME}@2.0.0")
    write_tag(server.clone, "2.0.0", server.clone.rev("main"), Operation="4567")
    second = server.clone.rev(tag)
    server.take(f"{second}:refs/tags/objects-only")
    # The second pusher was told that there is no such tag, and looks again when git says no.
    push = PushCommand(tag, None, second)
    assert judge_push(open_repository(server.remote.path), [push], {}) == []


@pytest.mark.slow
def test_a_prerelease_may_be_on_any_commit(server: Server) -> None:
    server.clone.git("switch", "--quiet", "-c", "topic")
    text = prompt_text("3.0.0-rc.1")
    commit = server.clone.commit({FILE: text})
    server.take(write_tag(server.clone, "3.0.0-rc.1", commit, text=text))
    text = prompt_text("3.0.0")
    commit = server.clone.commit({FILE: text})
    tag = write_tag(server.clone, "3.0.0", commit, text=text)
    server.refuse(tag, "topic", why=f"its commit {commit[:12]} has not been merged into main")


@pytest.mark.slow
def test_a_draft_is_no_release(server: Server) -> None:
    text = prompt_text("2.1.0", BODY, status="draft")
    commit = server.clone.commit({FILE: text})
    server.take("main")
    tag = write_tag(server.clone, "2.1.0", commit, text=text)
    server.refuse(tag, why=f"is a draft at its commit {commit[:12]}")
    text = prompt_text("2.1.1", BODY)
    commit = server.clone.commit({FILE: text})
    server.take("main", write_tag(server.clone, "2.1.1", commit, text=text))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trailers", "why"),
    [
        ({"Prompt_Digest": "sha256:" + "0" * 64}, "but the tag says sha256:000000000000"),
        ({"Prompt_Digest": "md5:0"}, "has no valid trailers"),
        ({"Prompt_Path": "elsewhere.md"}, "has no valid trailers"),
        ({"Prompt_Path": f"docs/{NAME}.md"}, "its Prompt-Path is in 'docs'"),
        ({"Prompt_Change": "huge", "Prompt_Base": "1.2.0"}, "its Prompt-Change is 'huge'"),
        ({"Prompt_Base": "1.2.0"}, "its Prompt-Change is 'new'"),
        ({"Prompt_Change": "minor"}, "its Prompt-Base 'none'"),
        ({"Prompt_Change": "major", "Prompt_Base": "2.0.0"}, "which is not below 2.0.0"),
        ({"Prompt_Change": "major", "Prompt_Base": "1.9.0"}, "which is not released here"),
        ({"Prompt_Change": "major", "Prompt_Base": "one"}, "names 'one' as the release before"),
    ],
)
def test_a_release_that_was_bent_is_refused(
    server: Server, trailers: dict[str, str], why: str
) -> None:
    server.clone.commit({f"docs/{NAME}.md": prompt_text("2.0.0", BODY)})
    tag = write_tag(server.clone, "2.0.0", server.clone.rev("HEAD"), **trailers)
    server.refuse(tag, "main", why=why)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Notes.", "Notes.\0\n\nMore.", "continues after a NUL"),
        ("\n\nsupport/triage 2.0.0", "\nx-more yes\n\nsupport/triage 2.0.0", "other headers"),
        ("\n\nsupport/triage 2.0.0", "\n\nsupport/triage 1.0.0", "its title is not"),
        (
            "Operation: 0123",
            "Operation: 0123\nOperation: 4567",
            "does not contain Operation exactly once",
        ),
        ("Prompt-Path:", "Prompt-Path: x/support/triage.md\nPrompt-Path:", "Prompt-Path"),
        ("Prompt-Change:", "Prompt-Change:new\nPrompt-Change:", "separated by empty lines"),
        ("Notes.\n\n", "Notes.\n\n\n\n", "separated by empty lines"),
        ("Notes.", "Notes.\r", "separated by empty lines"),
    ],
)
def test_other_bytes_than_git_and_promptops_write_are_refused(
    server: Server, old: str, new: str, why: str
) -> None:
    tag = write_tag(server.clone, "2.0.0", server.clone.rev("main"))
    data = server.clone.git("cat-file", "tag", server.clone.rev(tag)) + "\n"
    assert old in data
    bent = data.replace(old, new, 1)
    oid = server.clone.git("hash-object", "-t", "tag", "-w", "--literally", "--stdin", stdin=bent)
    server.refuse(f"{oid}:{tag}", why=why)


@pytest.mark.slow
def test_the_tag_is_of_the_commit_that_has_the_version(server: Server) -> None:
    tag = write_tag(server.clone, "2.0.0", server.press.commits[NAME, "1.2.0"])
    server.refuse(tag, why="says version 1.2.0")
    server.clone.git("tag", "-d", f"prompts/{NAME}@2.0.0")
    text = prompt_text("1.0.0", "Answer {{ question }} as 1.0.0")
    tag = write_tag(server.clone, "2.0.0", server.press.commits[NAME, "1.0.0"], text=text)
    server.refuse(tag, why="says version 1.0.0")
    tag = write_tag(server.clone, "2.0.0", server.clone.rev("main"), name="support/none")
    server.refuse(tag, why="has no prompts/support/none.md")


@pytest.mark.slow
def test_only_annotated_tags_of_their_own_name_are_releases(server: Server) -> None:
    new = f"refs/tags/prompts/{NAME}@2.0.0"
    server.clone.git("update-ref", new, "main")
    server.refuse(new, why="is a lightweight tag")
    server.refuse(f"{OLD}:{new}", why=f"points to the tag object of prompts/{NAME}@1.0.0")
    server.clone.git("update-ref", "-d", new)
    server.clone.tag(f"prompts/{NAME}@2.0.0", "A title\n\nPrompt-Digest: x\n", OLD)
    server.refuse(new, why="has no valid trailers")
    server.refuse(f"main:{OLD}", why="it is never moved")


@pytest.mark.slow
def test_what_one_push_brings_may_rest_on_one_another(server: Server) -> None:
    first = write_tag(server.clone, "2.0.0", server.clone.rev("main"))
    text = prompt_text("2.1.0")
    commit = server.clone.commit({FILE: text})
    second = write_tag(
        server.clone, "2.1.0", commit, text=text, Prompt_Change="minor", Prompt_Base="2.0.0"
    )
    server.refuse(second, "main", why="which is not released here")
    yank = server.yank_of("2.1.0", commit)
    server.take(yank, second, "main", first)


@pytest.mark.slow
def test_a_yank_is_made_once_about_a_release_that_is_there(server: Server) -> None:
    yank = server.yank("1.0.0", "it lies")
    server.take(yank)
    server.refuse(f":{yank}", why="it is never deleted")
    server.clone.git("tag", "-d", yank.removeprefix("refs/tags/"))
    server.yank("1.0.0", "it does not")
    server.refuse(yank, why="it is never moved")
    commit = server.press.commits[NAME, "1.0.0"]
    nothing = server.yank_of("9.0.0", commit, Release_Tag="0123")
    server.refuse(nothing, why="which is not released here")
    other = server.yank("1.1.0", Release_Tag=server.clone.rev(OLD))
    server.refuse(other, why="it refers to another commit or tag")
    light = f"refs/tags/yanked/prompts/{NAME}@1.2.0"
    server.refuse(f"{commit}:{light}", why="it is a lightweight tag")
    server.refuse(f"{OLD}:{light}", why=f"it points to the tag object of prompts/{NAME}@1.0.0")


@pytest.mark.parametrize(
    "ref",
    [
        "refs/tags/prompts/support",
        f"refs/tags/prompts/{NAME}",
        f"refs/tags/prompts/{NAME}@1",
        f"refs/tags/prompts/{NAME}@v2.0.0",
        f"refs/tags/prompts/{NAME}@2.0.0/x",
        f"refs/tags/Prompts/{NAME}@2.0.0",
        "refs/tags/prompts/Support/triage@2.0.0",
        f"refs/tags/yanked/prompts/{NAME}",
        f"refs/tags/Yanked/prompts/{NAME}@2.0.0",
        "refs/heads/Promptops/staging",
        "refs/heads/promptops/Staging",
        "refs/heads/MAIN",
        "refs/promptops/Approvals/x",
    ],
)
def test_names_among_ours_that_are_none_are_refused(server: Server, ref: str) -> None:
    server.refuse(f"main:{ref}", why="this name is not allowed")


@pytest.mark.parametrize(
    "ref",
    ["refs/tags/prompts", "refs/tags/yanked", "refs/heads/promptops", "refs/promptops/approvals"],
)
def test_nothing_may_stand_where_our_folders_will_be(tmp_path: Path, ref: str) -> None:
    server = Server.open(tmp_path)
    for name in server.remote.refs("refs/tags/"):
        server.remote.git("update-ref", "-d", name)
    server.refuse(f"main:{ref}", why="this name is not allowed")


def test_what_is_none_of_ours_passes(server: Server) -> None:
    server.clone.tag("v1", "ours", "main")
    refs = ["refs/tags/v1", "refs/heads/topic", "refs/heads/promptops-x", "refs/notes/x"]
    server.take(*(f"main:{ref}" for ref in refs[1:]), refs[0], "main:refs/tags/promptshop/x@1")
    server.take(*(f":{ref}" for ref in refs))


@pytest.mark.story
def test_all_reasons_are_told_and_nothing_happens(server: Server) -> None:
    server.clone.git("tag", "-d", f"prompts/{OTHER}@1.0.0")
    text = prompt_text("2.0.0", BODY)
    good = write_tag(server.clone, "2.0.0", server.clone.rev("main"), text=text)
    said = server.refuse_push(
        good, f":{OLD}", "main:refs/heads/promptops/qa", "main:topic", why="it is never deleted"
    )
    assert said.count("remote: error: ") == 2
    assert said.count("remote:  hint: ") == 2
    assert masked(said) == snapshot("""\
To file://<folder>/remote.git
!	:refs/tags/prompts/support/triage@1.0.0	[remote rejected] (pre-receive hook declined)
!	refs/tags/prompts/support/triage@2.0.0:refs/tags/prompts/support/triage@2.0.0	[remote rejected] (pre-receive hook declined)
!	refs/heads/main:refs/heads/promptops/qa	[remote rejected] (pre-receive hook declined)
!	refs/heads/main:refs/heads/topic	[remote rejected] (pre-receive hook declined)
Done
remote: error: prompts/support/triage@1.0.0: it is never deleted        \n\
remote:  hint: release a new version: a released one never changes        \n\
remote: error: promptops/qa: there is no environment 'qa' in the configuration        \n\
remote:  hint: the environments are: staging, production; add a new one to the configuration on the protected branch first        \n\
error: failed to push some refs to 'file://<folder>/remote.git'
""")
