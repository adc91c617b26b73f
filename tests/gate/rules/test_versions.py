"""What a change must do to the version line, and when a prompt may go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from inline_snapshot import snapshot

from promptops.gate.rules.versions import find_step, find_version, has_version, judge_versions
from promptops.prompt.finding import Finding, Severity
from promptops.prompt.version import Level
from tests.gate.pieces import PATH, edit, propose, version
from tests.prompts import prompt_text
from tests.screens import masked

if TYPE_CHECKING:
    from promptops.gate.rules import PromptChange

ASK, ASK_WELL, ASK_BEST = (f"Answer {{{{ question }}}}{end}" for end in ("", " well", " best"))


def text(number: str, body: str = ASK, **keys: str) -> str:
    return prompt_text(number, body, **keys)


def reworded(number: str, **keys: str) -> str:
    """A change of behaviour, which needs a minor step."""
    return text(number, ASK_WELL, **keys)


def described(number: str) -> str:
    """A change of documentation, which needs a patch."""
    return text(number, description="Answer any question.")


def renamed(number: str) -> str:
    """A change of the interface, which needs a major step."""
    return text(number, "Answer {{ query }}", inputs="{query: string}")


def judged(*prompts: object) -> list[Finding]:
    return list(judge_versions(propose(*prompts)))  # type: ignore[arg-type]


# The versions of the target's tip and of the change, and what is wrong with that step.
STEPS = [
    (text("1.0.0"), reworded("1.0.0"), "unchanged-version"),
    (text("1.0.0"), reworded("1.0.1"), "small-bump"),
    (text("1.0.0"), reworded("1.1.0-rc.1"), None),
    (text("1.0.0"), reworded("1.1.0"), None),
    (text("1.0.0"), reworded("2.0.0"), None),
    (text("1.0.0"), described("1.0.0"), "unchanged-version"),
    (text("1.0.0"), described("1.0.1"), None),
    (text("1.0.0"), renamed("1.1.0"), "small-bump"),
    (text("1.0.0"), renamed("2.0.0"), None),
    (text("1.1.0"), reworded("1.0.0"), "lowered-version"),
    (text("1.1.0"), text("1.0.0"), "lowered-version"),
    (text("1.0.0"), reworded("1.0.0-rc.1"), "lowered-version"),
    (text("1.0.0"), text('"1.0.0"'), None),  # the same in other bytes
    (text("1.0.0"), text("1.2.0"), None),  # a step without a change harms nobody
    (None, text("1.0.0"), None),
    (None, text("0.1.0"), None),
]


@pytest.mark.parametrize(("before", "after", "check"), STEPS)
@pytest.mark.parametrize("is_released", [False, True])
def test_the_step_from_the_tip_is_large_enough(
    before: str | None, after: str, check: str | None, is_released: bool
) -> None:
    releases = [before] if before and is_released else []
    change = edit(before, after, *releases)
    if change.released_digest is not None:
        check = "changed-release"
    assert [one.check for one in judged(change)] == ([check] if check else [])


@pytest.mark.parametrize(
    ("before", "after", "is_released", "is_fine"),
    [
        ("draft", "draft", False, True),
        ("draft", "draft", True, False),
        ("active", "draft", False, False),
        ("draft", "active", False, False),
        ("active", "active", False, False),
    ],
)
def test_a_draft_that_nobody_has_a_version_of_keeps_its_number(
    before: str, after: str, is_released: bool, is_fine: bool
) -> None:
    old, new = text("0.2.0", status=before), reworded("0.2.0", status=after)
    releases = [text("0.1.0")] if is_released else []
    found = [one.check for one in judged(edit(old, new, *releases))]
    assert found == ([] if is_fine else ["unchanged-version"])


def test_a_released_version_has_one_content() -> None:
    released = text("1.1.0")
    assert judged(edit(text("1.0.0"), released, released, text("1.0.0"))) == []
    (found,) = judged(edit(text("1.0.0"), reworded("1.1.0"), released, text("1.0.0")))
    assert found.check == "changed-release"
    assert masked(found.message) == snapshot("triage 1.1.0 is already released with other content")
    # Going back to it byte for byte is no change of it.
    assert judged(edit(text("1.2.0"), released, released)) == []
    # Nor is a smaller problem worth a word beside it.
    (found,) = judged(edit(text("1.2.0"), reworded("1.1.0"), released))
    assert found.check == "changed-release"


def test_a_release_of_something_that_was_never_merged_lets_nothing_in() -> None:
    released = reworded("1.1.0")
    change = replace(edit(text("1.2.0"), released, released), is_back=False)
    assert [one.check for one in judged(change)] == ["lowered-version"]
    change = replace(edit(text("1.0.9"), released, released), is_back=False)
    assert judged(change) == []


@pytest.mark.parametrize("before", [None, "---\nversion: one\n---\n"])
def test_without_a_version_at_the_tip_releases_are_what_counts(before: str | None) -> None:
    released = [text("1.0.0"), text("2.0.0", ASK_BEST)]
    (found,) = judged(edit(before, reworded("1.1.0"), *released))
    assert found.check == "lowered-version"
    assert found.message == snapshot("triage 1.1.0 is lower than 2.0.0, which is released")
    assert found.hint == snapshot("set a version above 2.0.0")
    assert judged(edit(before, reworded("2.1.0"), *released)) == []
    assert [one.check for one in judged(edit(before, reworded("2.0.1"), *released))] == [
        "small-bump"
    ]
    assert judged(edit(before, reworded("1.1.0"))) == []


def test_a_line_of_older_versions_goes_on_below_newer_releases() -> None:
    releases = [text("1.0.0"), text("2.0.0", ASK_BEST)]
    assert judged(edit(text("1.0.0"), reworded("1.1.0"), *releases)) == []


def test_the_step_from_the_last_release_is_large_enough_too() -> None:
    # The tip was reworded without a release, and now only its description changes.
    released, tip = text("1.0.0"), reworded("1.0.1")
    change = edit(tip, reworded("1.0.2", description="Answer any question."), released)
    (found,) = judged(change)
    assert (found.check, found.severity) == ("small-bump", Severity.ERROR)
    assert masked(found.message) == snapshot(
        "triage 1.0.2 is a patch bump from the release 1.0.0, but the change is minor: message 1 (user): the model reads another text"
    )
    # The same where nothing at all changes since the tip.
    assert [one.check for one in judged(edit(tip, reworded("1.0.2"), released))] == ["small-bump"]
    # Without a release to compare with, or without a comparison, there is nothing to say.
    for less in (replace(change, base=None), replace(change, base_diff=None)):
        assert judged(less) == []


def test_of_several_reasons_the_gravest_is_told() -> None:
    new = text(
        "1.0.1", "Answer {{ query }} well", inputs="{query: string}", description="Answer all."
    )
    (found,) = judged(edit(text("1.0.0"), new))
    assert found.message == snapshot(
        "triage 1.0.1 is a patch bump from the target branch's 1.0.0, but the change is major: input 'question': renamed: callers that pass it under the old name fail"
    )


def test_a_finding_stands_at_the_version_line() -> None:
    (found,) = judged(edit(text("1.0.0"), reworded("1.0.0")))
    assert (found.path, found.severity) == (PATH, Severity.ERROR)
    assert found.position is not None
    assert found.position.line == 2
    assert found.message == snapshot("triage is still 1.0.0 after a behaviour change")
    assert found.hint == snapshot(
        "write `version: 1.1.0` in line 2; or promptops bump triage --level minor"
    )
    (found,) = judged(edit(text("1.1.0"), text("1.0.0")))
    assert found.message == snapshot("triage lowers its version from 1.1.0 to 1.0.0")
    assert found.hint == snapshot("set a version above 1.1.0")


@pytest.mark.parametrize(
    ("change", "level", "needed"),
    [
        # `promptops bump` compares with releases, and finds out for itself where those tell.
        (edit(text("1.0.0"), reworded("1.0.0"), text("1.0.0")), None, "1.1.0"),
        (edit(text("1.0.0"), reworded("1.0.1"), text("1.0.0")), None, "1.1.0"),
        (edit(text("1.1.0"), reworded("1.2.0"), text("1.2.0")), None, "1.3.0"),
        # What is on the target branch alone it does not know.
        (edit(text("1.0.0"), reworded("1.0.0")), Level.MINOR, "1.1.0"),
        (edit(text("1.1.0"), described("1.1.0"), text("1.0.0")), Level.PATCH, "1.1.1"),
        (edit(described("1.1.0"), reworded("1.1.0"), text("1.0.0")), Level.MINOR, "1.2.0"),
        (edit(text("1.1.0"), text("1.1.0", ASK_BEST), renamed("1.0.0")), None, "2.0.0"),
        (edit(text("2.0.0"), text("2.0.0", ASK_BEST), renamed("1.0.0")), Level.MAJOR, "2.1.0"),
    ],
)
def test_the_step_is_said_where_the_command_cannot_tell(
    change: PromptChange, level: Level | None, needed: str
) -> None:
    assert find_step(change) is level
    (found,) = judged(change)
    told = "" if level is None else f" --level {level.label}"
    assert found.hint == f"write `version: {needed}` in line 2; or promptops bump triage{told}"


def test_what_goes_takes_no_step() -> None:
    assert find_step(edit(text("1.0.0"), None)) is None


def test_what_is_not_valid_is_the_checks_affair() -> None:
    assert judged(edit(text("1.0.0"), "---\nversion: 0\n---\n", text("1.0.0"))) == []


def test_all_prompts_are_judged() -> None:
    one, other = (edit(text("1.0.0"), reworded("1.0.0"), name=name) for name in ("a", "b"))
    broken = edit(text("1.0.0"), "---\n", name="c")
    gone = edit(text("1.0.0"), None, text("1.0.0"), name="d", live_in=None)
    assert [(found.path, found.check) for found in judged(broken, one, gone, other)] == [
        ("prompts/a.md", "unchanged-version"),
        ("prompts/d.md", "removed-prompt"),
        ("prompts/b.md", "unchanged-version"),
    ]


@pytest.mark.parametrize(
    ("status", "is_released", "live_in", "words"),
    [
        ("active", False, (), None),
        ("active", False, None, None),
        ("active", True, (), None),  # retired
        ("active", True, None, "triage is released, and this change removes or renames it"),
        (
            "active",
            True,
            ("production",),
            "triage is live in production, and this change removes or renames it",
        ),
        ("active", True, ("staging", "production"), "live in staging and production"),
        ("draft", True, None, "triage is released"),
        ("deprecated", True, None, None),
        ("deprecated", True, ("production",), None),
    ],
)
def test_what_is_released_goes_when_it_is_deprecated_or_retired(
    status: str, is_released: bool, live_in: tuple[str, ...] | None, words: str | None
) -> None:
    old = text("1.0.0", status=status)
    found = judged(edit(old, None, *([old] if is_released else []), live_in=live_in))
    assert [one.check for one in found] == (["removed-prompt"] if words else [])
    for one in found:
        assert words
        assert words in one.message
        assert (one.path, one.position, one.severity) == (PATH, None, Severity.ERROR)
        assert one.hint is not None
        retire = (
            f"promptops retire triage --env {live_in[-1]} --reason TEXT, or " if live_in else ""
        )
        assert one.hint.startswith(f"{retire}set status: deprecated in a change of its own first")


def test_a_prompt_that_is_on_neither_side_is_nobodys() -> None:
    change = replace(edit(text("1.0.0"), None, text("1.0.0"), live_in=None), before=None)
    assert change.versions == (version("1.0.0"),)
    assert judged(change) == []


def test_a_side_that_says_the_same_asks_for_no_version() -> None:
    quoted = text('"2.0.0"', ASK_WELL)
    assert str(find_version(edit(text("2.0.0", ASK_WELL), quoted, text("1.0.0")))) == "1.1.0"


# Where releases write the versions: what the change may carry.
FREE_STEPS = [
    (text("1.0.0"), reworded("1.0.0"), None),
    (text("1.0.0"), renamed("1.0.0"), None),
    (text("1.0.0"), reworded("1.1.0"), "carried-version"),
    (text("1.0.0"), described("0.9.0"), "carried-version"),
    (text("1.0.0"), text("1.1.0"), None),  # the commit of the release itself
    (text("1.0.0"), text("0.9.0"), "lowered-version"),
    (None, text("1.0.0"), None),
    (None, text("0.0.0"), None),
]


@pytest.mark.parametrize(("before", "after", "check"), FREE_STEPS)
def test_a_change_carries_no_version_where_releases_write_them(
    before: str | None, after: str, check: str | None
) -> None:
    found = list(judge_versions(propose(edit(before, after)), is_free=True))

    assert [one.check for one in found] == ([check] if check else [])
    assert all(one.severity is Severity.ERROR for one in found)


def test_a_carried_version_says_which_line_to_leave() -> None:
    [found] = judge_versions(propose(edit(text("1.0.0"), reworded("1.1.0"))), is_free=True)

    assert found.position is not None
    assert found.position.line == 2
    assert found.hint == snapshot("restore `version: 1.0.0` in line 2")


def test_a_new_prompt_below_its_releases_is_judged_also_where_releases_write_versions() -> None:
    change = edit(None, text("1.0.0"), text("2.0.0"))

    [found] = judge_versions(propose(change), is_free=True)

    assert found.check == "lowered-version"


# Whether the version is high enough: the tip, the change, releases.
HIGH_ENOUGH = [
    (text("1.0.0"), reworded("1.1.0"), (), True),
    (text("1.0.0"), reworded("2.0.0"), (), True),
    (text("1.0.0"), reworded("1.0.1"), (), False),
    (text("1.0.0"), reworded("1.0.0"), (), False),
    (text("1.0.0"), reworded("0.9.0"), (), False),
    (text("1.0.0"), renamed("1.1.0"), (), False),
    (text("1.0.0"), described("1.0.1"), (), True),
    (text("1.0.0"), reworded("1.1.0"), (text("1.0.0"),), True),
    (text("1.1.0"), described("1.1.1"), (text("1.0.0", ASK_BEST),), True),
    (text("1.0.1"), described("1.0.2"), (text("1.0.0", ASK_BEST),), False),
    (text("1.0.0"), reworded("1.1.0"), (text("1.0.0"), text("1.1.0", ASK_BEST)), False),
    (text("1.0.0"), text('"1.0.0"'), (), True),
    (text("1.1.0"), text("1.0.0"), (), False),
    (None, text("1.0.0"), (), False),
    (text("1.0.0"), None, (), False),
]


@pytest.mark.parametrize(("before", "after", "releases", "is_enough"), HIGH_ENOUGH)
def test_a_version_is_high_enough_or_not(
    before: str | None, after: str | None, releases: tuple[str, ...], is_enough: bool
) -> None:
    assert has_version(edit(before, after, *releases)) is is_enough


def test_a_version_without_a_difference_to_the_tip_is_not_judged() -> None:
    change = edit(text("1.0.0"), reworded("1.1.0"))

    assert not has_version(replace(change, diff=None))
    assert has_version(replace(change, released_digest=change.after.prompt.digest))  # type: ignore[union-attr]
