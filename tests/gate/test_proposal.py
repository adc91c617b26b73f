"""What is read of a change in a repository: paths, people, prompts, and where releases stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.errors import IntegrityError
from promptops.gate.rules import PathKind
from tests.gate.world import TONE, TRIAGE, World, approval, checks, prompt
from tests.prompts import prompt_text
from tests.released import Press, digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from promptops.gate.rules import Change, PromptChange

ENVIRONMENTS = "[environments.staging]\n[environments.production]\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path / "repo")


def read(world: World) -> Change:
    """What the change is."""
    return world.judge().change


def names(change: Change) -> list[str]:
    return [one.name for one in change.prompts]


def only(change: Change) -> PromptChange:
    (found,) = change.prompts
    return found


# People.


@pytest.mark.slow
def test_author_committer_and_co_author_all_had_a_hand_in_it(world: World) -> None:
    world.propose({TRIAGE: prompt("1.1.0", "Triage well.")}, email="author@example.com")
    message = "Change\n\nCo-authored-by: Other <other@example.com>"
    env = {"GIT_COMMITTER_EMAIL": "3+kim@users.noreply.github.com"}
    world.repo.git("commit", "--quiet", "--amend", "-m", message, env=env)
    change = read(world)
    assert change.authors == {"author@example.com"}
    assert change.committers == {
        "author@example.com",
        "3+kim@users.noreply.github.com",
        "@kim",
        "other@example.com",
    }


# Paths.


@pytest.mark.slow
def test_the_configuration_governs_more_by_pattern_and_by_folder(world: World) -> None:
    world.on_main({"promptops.toml": '[gate]\ngovern = ["docs/*.md", "src/prompts"]\n'})
    files = ("docs/a.md", "docs/a.txt", "src/prompts/a.py", "src/prompts.py", "src/a.md")
    world.propose(dict.fromkeys(files, "x\n"))
    change = read(world)
    assert {one.path: one.kind for one in change.paths} == {
        "docs/a.md": PathKind.GOVERNED,
        "src/prompts/a.py": PathKind.GOVERNED,
    }
    assert change.others == 3


def test_a_table_that_cannot_be_read_is_another_table(world: World) -> None:
    world.propose({"pyproject.toml": "[tool.promptops]\npromts = 1\n"})
    verdict = world.judge(approval("@nobody"))
    assert [one.kind for one in verdict.change.paths] == [PathKind.CONFIGURATION]
    assert checks(verdict) == ["broken-policy"]


@pytest.mark.slow
def test_a_file_that_the_target_branch_made_a_folder_is_gone_after_merging(world: World) -> None:
    world.on_main({"prompts/_notes": "x\n"})
    world.propose(remove=["prompts/_notes"])
    world.repo.git("checkout", "--quiet", "main")
    world.repo.git("rm", "--quiet", "prompts/_notes")
    world.repo.commit({"prompts/_notes/more.txt": "Something else.\n"})
    (path,) = read(world).paths
    assert (path.path, path.after, path.merged) == ("prompts/_notes", None, None)
    assert path.before is not None


# Which prompts are touched.


def test_prompts_come_and_go(world: World) -> None:
    world.propose({"prompts/new.md": prompt_text()}, remove=[TRIAGE])
    change = read(world)
    assert [(one.name, one.path) for one in change.prompts] == [
        ("new", "prompts/new.md"),
        ("support/triage", TRIAGE),
    ]
    new, gone = change.prompts
    assert (new.before, gone.after) == (None, None)
    assert new.diff is not None
    assert gone.diff is not None


@pytest.mark.slow
@pytest.mark.parametrize("is_broken_before", [True, False])
def test_with_one_side_that_is_not_valid_nobody_can_say_what_differs(
    world: World, is_broken_before: bool
) -> None:
    broken = "---\nversion: one\n---\n"
    world.on_main({"prompts/a.md": broken if is_broken_before else prompt_text()})
    world.propose({"prompts/a.md": prompt_text("1.1.0") if is_broken_before else broken})
    found = only(read(world))
    assert found.diff is None
    assert found.before is not None
    assert found.after is not None


@pytest.mark.slow
def test_what_moves_with_its_folder_is_named_by_where_it_is(world: World) -> None:
    world.on_main({"prompts/left.md": prompt_text()})
    world.propose(
        {
            "promptops.toml": 'prompts = "words"\n',
            "words/stays.md": prompt_text(),
            "prompts/stray.md": prompt_text(),
        },
        remove=["prompts/left.md"],
    )
    found = {one.name: one.path for one in read(world).prompts}
    # What is below the old folder alone is no prompt any more, and a new one there never was.
    assert found == {
        "left": "prompts/left.md",
        "stays": "words/stays.md",
        "support/triage": TRIAGE,
    }


@pytest.mark.slow
def test_a_partial_of_a_partial_concerns_the_prompt(world: World) -> None:
    files = {
        "prompts/_a.md": '{% include "_b.md" %}',
        "prompts/_b.md": "one\n",
        "prompts/user.md": prompt_text(body='{% include "_a.md" %} {{ question }}'),
        "prompts/other.md": prompt_text(body="{{ question }}"),
        # Spelt in a way that has to be looked at, and found to be of no matter.
        "prompts/odd.md": prompt_text(body="a\\b {{ question }}"),
    }
    world.on_main(files)
    world.propose({"prompts/_b.md": "two\n", "prompts/_unused.md": "x\n"})
    change = read(world)
    assert names(change) == ["user"]
    assert only(change).changed == ("prompts/_b.md",)


@pytest.mark.slow
def test_an_include_that_only_one_side_has_is_found(world: World) -> None:
    with_it = prompt_text(body='{% include "_a.md" %} {{ question }}')
    world.on_main({"prompts/_a.md": "one\n", "prompts/user.md": with_it})
    world.propose({"prompts/_a.md": "two\n"})
    world.on_main({"prompts/later.md": with_it})
    assert names(read(world)) == ["later", "user"]


@pytest.mark.slow
def test_partials_in_a_circle_are_looked_at_once(world: World) -> None:
    world.on_main(
        {
            "prompts/_a.md": '{% include "_b.md" %}',
            "prompts/_b.md": '{% include "_a.md" %}',
            "prompts/user.md": prompt_text(body='{% include "_a.md" %} {{ question }}'),
        }
    )
    world.propose({"prompts/_b.md": 'x {% include "_a.md" %}'})
    assert names(read(world)) == ["user"]


@pytest.mark.slow
def test_a_schema_under_an_escaped_name_is_found_where_nothing_else_leads_there(
    world: World,
) -> None:
    schema = '{"type": "object", "properties": {"topic": {"type": "string"}}}'
    text = prompt_text(output='"_\\x6fut.json"')
    world.repo.git("rm", "--quiet", "-r", "prompts")
    world.repo.commit({"prompts/a.md": text, "prompts/_out.json": schema})
    world.propose({"prompts/_out.json": schema.replace("string", "integer")})
    assert names(read(world)) == ["a"]


@pytest.mark.slow
def test_a_submodule_among_the_prompts_has_no_text(world: World) -> None:
    world.repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},prompts/module")
    world.repo.git("commit", "--quiet", "-m", "Module")
    world.propose()
    blob = world.repo.git("hash-object", "-w", "--stdin", stdin="Be rude.\n")
    world.repo.git("update-index", "--cacheinfo", f"100644,{blob},{TONE}")
    world.repo.git("commit", "--quiet", "-m", "Tone")
    assert names(read(world)) == ["support/triage"]


# Releases.


@pytest.mark.slow
def test_only_a_release_of_what_was_merged_comes_back(world: World) -> None:
    press = Press(world.repo)
    press.release("a", "1.0.0")
    world.repo.git("checkout", "--quiet", "-b", "aside")
    press.release("a", "1.1.0-rc.1", "Leak {{ question }}")
    world.repo.git("checkout", "--quiet", "main")
    press.release("a", "2.0.0")
    for version, is_back in (("1.0.0", True), ("1.1.0-rc.1", False)):
        text = press.files["a", version]["a.md"]
        world.propose({"prompts/a.md": text}, branch=f"to-{version}")
        found = only(world.judge(branch=f"to-{version}").change)
        assert found.released_digest is not None
        assert found.is_back is is_back


@pytest.mark.slow
def test_a_tag_that_claims_what_its_commit_has_not_brings_nothing_back(world: World) -> None:
    """Whoever may push can make a tag of a version that there is not, and write any digest."""
    press = Press(world.repo)
    press.release("a", "1.0.0")
    press.release("a", "2.0.0")
    text = prompt_text("1.5.0", "Leak {{ question }}")
    world.propose({"prompts/a.md": text})
    press.tag(
        "prompts/a@1.5.0",
        f"a 1.5.0\n\nPrompt-Digest: {digest_of({'a.md': text})}\nPrompt-Path: prompts/a.md\n"
        "Prompt-Model: openai/gpt-4o-mini\nPrompt-Change: new\nPrompt-Base: none\n"
        "Operation: 0123\n",
        press.commits["a", "1.0.0"],
    )
    with pytest.raises(IntegrityError, match="is not what was released"):
        world.judge(approval())


@pytest.mark.slow
def test_a_change_stands_among_the_releases(world: World) -> None:
    press = Press(world.repo)
    digests = [press.release("a", version) for version in ("1.0.0", "1.2.0", "2.0.0")]
    world.repo.commit({"prompts/a.md": prompt_text("1.0.0", "Answer {{ question }} as 1.0.0")})
    world.propose({"prompts/a.md": prompt_text("1.3.0", "Answer {{ question }}")})
    found = only(read(world))
    assert list(map(str, found.versions)) == ["1.0.0", "1.2.0", "2.0.0"]
    assert (str(found.base), found.released_digest, found.live_in) == ("1.2.0", None, ())
    # Compared is with that release, and not with the tip, which is another.
    assert found.base_diff is not None
    assert found.base_diff.before is not None
    assert found.base_diff.before.digest == digests[1]
    world.propose({"prompts/a.md": prompt_text("1.2.0", "Answer {{ question }}")})
    found = only(read(world))
    assert (str(found.base), found.released_digest) == ("1.0.0", digests[1])
    assert not found.is_back
    world.propose({"prompts/a.md": prompt_text("0.9.0", "Answer {{ question }}")})
    found = only(read(world))
    assert (found.base, found.base_diff, found.released_digest) == (None, None, None)


@pytest.mark.slow
def test_what_comes_back_is_compared_with_its_last_release(world: World) -> None:
    digest = Press(world.repo).release("a", "1.0.0")
    world.repo.git("rm", "--quiet", "prompts/a.md")
    world.repo.commit(message="Remove")
    world.propose({"prompts/a.md": prompt_text("1.0.1", "Answer {{ question }}")})
    found = only(read(world))
    assert found.before is None
    assert found.base_diff is not None
    assert found.base_diff.before is not None
    assert found.base_diff.before.digest == digest
    assert "small-bump" in checks(world.judge(approval()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("deployed", "live_in"),
    [
        ({}, None),
        ({"staging": ("a",)}, ("staging",)),
        ({"staging": ("a",), "production": ("a", "b")}, ("staging", "production")),
        ({"production": ("a",)}, ("production",)),
        ({"staging": ("b",)}, ()),
        ({"staging": ("b",), "production": ("b",)}, ()),
        ({"production": ("b",)}, ()),
    ],
)
def test_where_a_prompt_is_live_is_known_as_far_as_environments_are(
    world: World, deployed: dict[str, tuple[str, ...]], live_in: tuple[str, ...] | None
) -> None:
    world.on_main({"promptops.toml": ENVIRONMENTS})
    press = Press(world.repo)
    for name in ("a", "b"):
        press.release(name, "1.0.0")
    for environment, prompts in deployed.items():
        press.deploy(environment, dict.fromkeys(prompts, "1.0.0"))
    world.propose(remove=["prompts/a.md"])
    assert only(read(world)).live_in == live_in
    blocked = [] if live_in == () else ["removed-prompt"]
    assert checks(world.judge(approval())) == blocked


@pytest.mark.slow
def test_where_it_is_live_does_not_matter_for_what_stays_or_was_never_released(
    world: World,
) -> None:
    world.on_main({"promptops.toml": ENVIRONMENTS, "prompts/b.md": prompt_text()})
    press = Press(world.repo)
    press.release("a", "1.0.0")
    world.propose({"prompts/a.md": prompt_text("2.0.0")}, remove=["prompts/b.md"])
    assert [one.live_in for one in read(world).prompts] == [(), ()]
