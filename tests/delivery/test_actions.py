"""The actions of deployments as a state machine, against a plain model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from promptops.delivery import state as lock
from promptops.delivery.environments import (
    Head,
    branch,
    find_deployment,
    list_deployments,
    read_state,
)
from promptops.delivery.state import Live, Point, State
from promptops.errors import NotFoundError, PromptopsError, RefusedError
from promptops.prompt.version import Version
from promptops.protection.push import PushCommand, judge_push
from tests.delivery.pieces import ENVIRONMENT, NAMES, VERSIONS, GitWorld

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptops.repository.repository import Repository


@dataclass(frozen=True)
class Plain:
    """What is live of one prompt, what was before up to which deployment, and if it is paused.

    What is retired is as it was then, should a rollback bring it back.
    """

    live: tuple[tuple[str, int], ...] = ()
    before: tuple[tuple[tuple[tuple[str, int], ...], int], ...] = ()
    paused: bool = False


@dataclass
class Model:
    """The plain model of an environment."""

    prompts: dict[str, Plain] = field(default_factory=lambda: dict.fromkeys(NAMES, Plain()))
    history: list[dict[str, Plain]] = field(default_factory=list)

    def record(self, name: str, plain: Plain) -> None:
        """One deployment that changed one prompt."""
        self.prompts = {**self.prompts, name: plain}
        self.history.append(self.prompts)

    def promote(self, name: str, version: str, share: int) -> None:
        """Promote; IndexError stands for a refusal."""
        plain = self.prompts[name]
        others = [one for one in plain.live if one[0] != version]
        ramps = len(others) < len(plain.live)
        if len(plain.live) == 2 and not ramps:
            raise IndexError
        if share < 100 and not others:
            raise IndexError
        if share == 100:
            live: tuple[tuple[str, int], ...] = ((version, 100),)
        elif ramps and plain.live[0][0] == version:
            live = ((version, share), (others[0][0], 100 - share))
        else:
            live = ((others[0][0], 100 - share), (version, share))
        before = plain.before if ramps or not plain.live else self._push(plain)
        if live != plain.live:
            paused = plain.paused and bool(plain.live)
            self.record(name, Plain(live, before, paused))

    def retire(self, name: str) -> None:
        """Retire; IndexError when nothing is live."""
        plain = self.prompts[name]
        if not plain.live:
            raise IndexError
        self.record(name, Plain((), self._push(plain), plain.paused))

    def _push(self, plain: Plain) -> tuple[tuple[tuple[tuple[str, int], ...], int], ...]:
        return (*plain.before, (plain.live, len(self.history)))

    def switch(self, name: str, *, paused: bool) -> None:
        """Pause or resume."""
        plain = self.prompts[name]
        if not plain.live:
            raise IndexError
        if plain.paused != paused:
            self.record(name, replace(plain, paused=paused))

    def rollback(self, name: str) -> None:
        """Pop the stack."""
        plain = self.prompts[name]
        *rest, (last, _) = plain.before or [((), 0)]
        if not plain.before:
            raise IndexError
        self.record(name, Plain(last, tuple(rest), plain.paused))

    def rollback_to(self, name: str, version: str) -> None:
        """Pop the stack until `version` alone is live."""
        plain = self.prompts[name]
        if plain.live == ((version, 100),):
            raise IndexError
        before = list(plain.before)
        while before:
            live, _ = before.pop()
            if live == ((version, 100),):
                self.record(name, Plain(live, tuple(before), plain.paused))
                return
        raise IndexError

    def restore(self, number: int) -> None:
        """Everything as it was after deployment `number`."""
        if not 1 <= number <= len(self.history):
            raise IndexError
        if self.prompts != self.history[number - 1]:
            self.prompts = self.history[number - 1]
            self.history.append(self.prompts)


class World(Protocol):
    """Where actions really happen."""

    def act(self, verb: str, name: str, version: str, share: int, number: int) -> None:
        """Do it, or raise a PromptopsError."""

    def state(self) -> State:
        """The state now."""

    def count(self) -> int:
        """How many deployments there are."""


class Memory:
    """The pure actions over a list of states."""

    def __init__(self) -> None:
        self.states: list[State] = []

    def state(self) -> State:
        return self.states[-1] if self.states else State()

    def count(self) -> int:
        return len(self.states)

    def act(self, verb: str, name: str, version: str, share: int, number: int) -> None:
        now = self.state()
        tip = Point(self.count(), f"{self.count():040x}") if self.states else None
        release = Live(Version.parse(version), "sha256:" + "0" * 64, "0" * 40, share)
        new = {
            "promote": lambda: lock.promote(now, tip, name, release),
            "retire": lambda: lock.retire(now, tip, name, ENVIRONMENT),
            "pause": lambda: lock.pause(now, [name], ENVIRONMENT, "why"),
            "resume": lambda: lock.resume(now, [name], ENVIRONMENT),
            "rollback": lambda: lock.rollback(now, name, ENVIRONMENT, self._at)[0],
            "rollback-to": lambda: lock.rollback(
                now, name, ENVIRONMENT, self._at, Version.parse(version)
            )[0],
            "restore": lambda: self._restored(number),
        }[verb]()
        if new != now:
            self.states.append(new)

    def _at(self, point: Point) -> State:
        return self.states[point.deployment - 1]

    def _restored(self, number: int) -> State:
        if not 1 <= number <= self.count():
            raise NotFoundError("no such deployment")
        return self.states[number - 1]


class Deployments(RuleBasedStateMachine):
    """Every action does what the model does, or both refuse."""

    world: World
    model: Model

    def make_world(self) -> World:
        return Memory()

    @initialize()
    def begin(self) -> None:
        self.world, self.model = self.make_world(), Model()

    @rule(
        name=st.sampled_from(NAMES),
        version=st.sampled_from(VERSIONS),
        share=st.sampled_from([100, 100, 100, 10, 50]),
    )
    def promote(self, name: str, version: str, share: int) -> None:
        self.both(
            "promote", name, version, share, act=lambda: self.model.promote(name, version, share)
        )

    @rule(name=st.sampled_from(NAMES))
    def retire(self, name: str) -> None:
        self.both("retire", name, act=lambda: self.model.retire(name))

    @rule(name=st.sampled_from(NAMES), paused=st.booleans())
    def switch(self, name: str, paused: bool) -> None:
        verb = "pause" if paused else "resume"
        self.both(verb, name, act=lambda: self.model.switch(name, paused=paused))

    @rule(name=st.sampled_from(NAMES))
    def rollback(self, name: str) -> None:
        self.both("rollback", name, act=lambda: self.model.rollback(name))

    @rule(name=st.sampled_from(NAMES), version=st.sampled_from(VERSIONS))
    def rollback_to(self, name: str, version: str) -> None:
        self.both("rollback-to", name, version, act=lambda: self.model.rollback_to(name, version))

    @rule(number=st.integers(0, 12))
    def restore(self, number: int) -> None:
        self.both("restore", NAMES[0], number=number, act=lambda: self.model.restore(number))

    def both(
        self,
        verb: str,
        name: str,
        version: str = "1.0.0",
        share: int = 100,
        *,
        act: Callable[[], None],
        number: int = 1,
    ) -> None:
        """Act on model and world; where the model refuses, so must the world."""
        try:
            act()
        except IndexError:
            before = self.world.count()
            with pytest.raises(PromptopsError):
                self.world.act(verb, name, version, share, number)
            assert self.world.count() == before
        else:
            self.world.act(verb, name, version, share, number)

    @invariant()
    def agrees(self) -> None:
        state = self.world.state()
        assert self.world.count() == len(self.model.history)
        for name, plain in self.model.prompts.items():
            entry = state.entries.get(name)
            live = tuple((str(one.version), one.share) for one in entry.live) if entry else ()
            assert live == plain.live
            assert (entry is not None and entry.paused is not None) == bool(
                plain.live and plain.paused
            )


class GitDeployments(Deployments):
    """The same machine in a real repository, whose records must agree all along."""

    def make_world(self) -> World:
        self.git_world = GitWorld()
        return self.git_world

    def teardown(self) -> None:
        if not hasattr(self, "git_world"):
            return
        repository, head = self.git_world.repository, self.git_world.head()
        if head is not None:
            deployments = list_deployments(repository, ENVIRONMENT)
            assert [one.number for one in deployments] == list(range(len(deployments), 0, -1))
            for number, prompts in enumerate(self.model.history, start=1):
                found = read_state(repository, find_deployment(repository, head, number).commit)
                assert set(found.entries) == {name for name, plain in prompts.items() if plain.live}
            _assert_files_match(repository, head)
            # What promptops writes, a server takes, deployment by deployment.
            push = PushCommand(branch(ENVIRONMENT), None, head.deployment.commit)
            assert judge_push(repository, [push], {}) == []
        self.git_world.close()


def _assert_files_match(repository: Repository, head: Head) -> None:
    """The tree holds exactly the texts of what is live."""
    from promptops.git.trees import list_files

    expected = {lock.LOCK_FILE, lock.UNDO_FILE} | {
        f"{lock.release_folder(name, live.version)}/{name}.md"
        for name, entry in head.state.entries.items()
        for live in entry.live
    }
    assert {file.path for file in list_files(repository.git, head.deployment.commit)} == expected


# Many long walks where nothing is written; fewer and shorter ones where every step starts git.
TestInMemory = pytest.mark.story(Deployments.TestCase)


TestInMemory.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)


TestInGit = pytest.mark.story(GitDeployments.TestCase)


TestInGit.settings = settings(
    max_examples=12,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)


@pytest.mark.slow
def test_the_story_of_the_stack(world: GitWorld) -> None:
    """Promote 1.0, 1.1, 1.2, rollback, rollback, promote 2.0, rollback: 1.0 is live."""
    lived = []
    for verb, version in [
        ("promote", "1.0.0"),
        ("promote", "1.1.0"),
        ("promote", "1.2.0"),
        ("rollback", ""),
        ("rollback", ""),
        ("promote", "2.0.0"),
        ("rollback", ""),
    ]:
        world.act(verb, "a", version or "1.0.0", 100, 1)
        lived.append(world.state().entries["a"].describe())
    assert lived == ["1.0.0", "1.1.0", "1.2.0", "1.1.0", "1.0.0", "2.0.0", "1.0.0"]
    with pytest.raises(RefusedError, match="nothing to roll back to"):
        world.act("rollback", "a", "1.0.0", 100, 1)
