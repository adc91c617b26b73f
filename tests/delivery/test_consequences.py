"""What follows from a deployment: the command that undoes it, and what is still live elsewhere."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from promptops.delivery import consequences
from promptops.delivery.consequences import StillLive, find_still_live, undo_command
from promptops.delivery.deployments import Action, DeploymentOutcome, DeploymentStep
from promptops.delivery.environments import describe_changes
from promptops.delivery.state import Entry, Live, State
from promptops.prompt.version import Version

if TYPE_CHECKING:
    from promptops.delivery.environments import Head


def state(**live: str | tuple[str, str]) -> State:
    def read(versions: str | tuple[str, str]) -> Entry:
        found = (versions,) if isinstance(versions, str) else versions
        share = 100 // len(found)
        return Entry(tuple(Live(Version.parse(one), "", "", share) for one in found))

    return State({name: read(versions) for name, versions in live.items()})


def outcome(before: State, after: State, number: int = 7) -> DeploymentOutcome:
    made = SimpleNamespace(number=number)
    changes = describe_changes(before, after)
    return DeploymentOutcome("staging", changes, made, before, after)  # type: ignore[arg-type]


def action(verb: str) -> Action:
    def apply(_: State, __: Head | None) -> DeploymentStep:
        raise AssertionError

    return Action(verb, None, apply, {})


MANY = dict.fromkeys("abcdef", "1.0.0")


@pytest.mark.parametrize(
    ("verb", "before", "after", "number", "command"),
    [
        ("promote", {}, {"a": "1.0.0"}, 7, "retire a --env staging --reason TEXT"),
        ("promote", {"a": "1.0.0"}, {"a": "1.1.0"}, 7, "rollback a --env staging"),
        (
            "promote",
            {"a": "1.0.0"},
            {"a": "1.1.0", "b": "1.0.0"},
            7,
            "rollback --env staging --to-deployment 6",
        ),
        ("promote", {}, MANY, 1, "retire --all --env staging --reason TEXT"),
        ("promote", {}, MANY, 7, "rollback --env staging --to-deployment 6"),
        ("retire", {"a": "1.0.0"}, {}, 7, "rollback a --env staging"),
        (
            "rollback",
            {"a": "1.1.0"},
            {"a": "1.0.0"},
            7,
            "rollback --env staging --to-deployment 6",
        ),
        ("pause", {"a": "1.1.0"}, {"a": "1.0.0"}, 7, "resume a --env staging"),
        ("resume", {"a": "1.1.0"}, {"a": "1.0.0"}, 7, "pause a --env staging --reason TEXT"),
    ],
)
def test_each_deployment_has_a_command_that_undoes_it(
    verb: str, before: dict[str, str], after: dict[str, str], number: int, command: str
) -> None:
    done = outcome(state(**before), state(**after), number)
    assert undo_command(done, action(verb)) == f"promptops {command}"


@pytest.mark.parametrize(
    ("before", "after", "elsewhere", "found"),
    [
        ("1.1.0", "1.0.0", "1.1.0", ["1.1.0"]),
        ("1.1.0", "1.0.0", "1.0.0", []),
        # Versions are compared, not texts.
        ("1.1.0", "11.1.0", "1.1.0", ["1.1.0"]),
        (("1.0.0", "1.1.0"), "1.0.0", ("1.0.0", "1.1.0"), ["1.1.0"]),
    ],
)
def test_what_was_taken_back_and_is_live_elsewhere_is_found(
    monkeypatch: pytest.MonkeyPatch,
    before: str | tuple[str, str],
    after: str,
    elsewhere: str | tuple[str, str],
    found: list[str],
) -> None:
    heads = {"production": SimpleNamespace(state=state(a=elsewhere))}
    monkeypatch.setattr(consequences, "read_head", lambda _, name: heads.get(name))
    config = SimpleNamespace(environment_names=("staging", "production", "empty"))
    repository = SimpleNamespace(config=config)
    done = outcome(state(a=before), state(a=after))
    still = list(find_still_live(repository, done))  # type: ignore[arg-type]
    assert still == [StillLive("a", Version.parse(one), "production") for one in found]
