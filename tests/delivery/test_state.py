"""The lock's format, and what each action makes of a state."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.delivery import state as lock
from promptops.delivery.state import Entry, Live, Point, State
from promptops.errors import IntegrityError, NotDeployedError, RefusedError, UsageError
from promptops.prompt.version import Version
from tests.screens import masked

if TYPE_CHECKING:
    from collections.abc import Callable

DIGEST = "sha256:" + "a" * 64
COMMIT = "c" * 40


def live(version: str, share: int = 100) -> Live:
    """One live version."""
    return Live(Version.parse(version), DIGEST, COMMIT, share)


def no_deployments(at: Point) -> State:
    """An environment in which nothing can be gone back to."""
    raise AssertionError(at)


def point(number: int) -> Point:
    """A deployment."""
    return Point(number, f"{number:040x}")


names = st.sampled_from(["a", "support/triage", "b.c/d_e-f"])
versions = st.builds(Version, *[st.integers(0, 9)] * 3)
shas = st.text("0123456789abcdef", min_size=40, max_size=40)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Any valid entry."""
    pair = draw(st.lists(versions, min_size=1, max_size=2, unique=True))
    share = draw(st.integers(1, 99))
    shares = [100] if len(pair) == 1 else [share, 100 - share]
    digest = "sha256:" + draw(st.text("0123456789abcdef", min_size=64, max_size=64))
    lives = tuple(
        Live(version, digest, draw(shas), part) for version, part in zip(pair, shares, strict=True)
    )
    return Entry(lives, draw(st.none() | st.text()))


states = st.builds(
    State,
    st.dictionaries(names, entries()),
    st.dictionaries(names, st.builds(Point, st.integers(1, 10**6), shas)),
)


@pytest.mark.story
@given(states)
def test_lock_and_undo_are_read_as_written(state: State) -> None:
    assert lock.parse_lock(lock.format_lock(state)) == state.entries
    assert lock.parse_undo(lock.format_undo(state)) == state.undo


@pytest.mark.story
@given(states)
def test_the_bytes_are_those_of_any_json_writer(state: State) -> None:
    for data in (lock.format_lock(state), lock.format_undo(state)):
        text = json.dumps(json.loads(data), ensure_ascii=False, indent=1, sort_keys=True)
        assert data.decode() == text + "\n"


@pytest.mark.story
@given(states, st.data())
def test_the_short_way_to_read_a_lock_leads_to_the_same(state: State, data: st.DataObject) -> None:
    text = lock.format_lock(
        State({name: e._replace(paused=None) for name, e in state.entries.items()})
    )
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 3, len(text))))
    middle = data.draw(
        st.sampled_from([text[start:end], b"", b" ", b"0", b"a", b'"', b"\n", b",\n"])
    )
    edited = text[:start] + middle + text[end:]
    short = lock.parse_canonical(edited)
    if short is not None:
        assert json.loads(edited)["prompts"].keys() == short.keys()
        assert lock.format_lock(State(short)) == edited


def test_an_ordinary_lock_is_read_the_short_way() -> None:
    state = State({name: Entry((live("1.2.0-rc.1"),)) for name in ("a", "b/c", "b/c-d")})
    assert lock.parse_canonical(lock.format_lock(state)) == state.entries


def test_the_locks_bytes_are_canonical() -> None:
    state = State({"b": Entry((live("1.0.0"),)), "a": Entry((live("2.0.0"),), "broken ü")})
    text = lock.format_lock(state).decode()
    assert text.index('"a"') < text.index('"b"')
    assert "broken ü" in text
    assert text.endswith("}\n")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def valid() -> dict[str, Any]:
    """A valid lock, to be broken."""
    one = {"version": "1.0.0", "digest": DIGEST, "commit": COMMIT, "share": 100}
    return {"schema": lock.LOCK_SCHEMA, "prompts": {"a": {"live": [one], "paused": None}}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "promptops.lock/v2"),
        (("prompts",), []),
        (("extra",), 1),
        (("prompts", "A"), {}),
        (("prompts", "../a"), {}),
        (("prompts", "a", "live"), []),
        (("prompts", "a", "live"), [1]),
        (("prompts", "a", "paused"), "yes"),
        (("prompts", "a", "more"), 1),
        (("prompts", "a", "live", 0, "share"), 99),
        (("prompts", "a", "live", 0, "share"), True),
        (("prompts", "a", "live", 0, "share"), 100.0),
        (("prompts", "a", "live", 0, "version"), "1.0"),
        (("prompts", "a", "live", 0, "digest"), "sha256:zz"),
        (("prompts", "a", "live", 0, "commit"), "HEAD"),
        (("prompts", "a", "live", 0, "more"), 1),
    ],
)
def test_a_lock_that_was_edited_is_refused(path: tuple[Any, ...], value: object) -> None:
    broken: Any = valid()
    target = broken
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    with pytest.raises(IntegrityError) as caught:
        lock.parse_lock(json.dumps(broken).encode())
    assert caught.value.hint
    lock.parse_lock(json.dumps(valid()).encode())


@pytest.mark.slow
@given(st.binary() | st.text().map(str.encode) | st.just(b"[" * 100_000))
def test_any_bytes_are_a_lock_or_an_integrity_error(data: bytes) -> None:
    for parse in (lock.parse_lock, lock.parse_undo):
        with pytest.raises(IntegrityError):
            parse(data)


def test_a_split_has_two_sides_and_no_third() -> None:
    state = lock.promote(State(), None, "a", live("1.0.0"))
    state = lock.promote(state, point(1), "a", live("1.1.0", 10))
    assert masked(state.entries["a"].describe()) == snapshot("1.0.0 90%, 1.1.0 10%")
    for share in (20, 100):
        with pytest.raises(RefusedError, match=r"splits its traffic: 1\.0\.0 90%, 1\.1\.0 10%"):
            lock.promote(state, point(2), "a", live("1.2.0", share))
    ramped = lock.promote(state, point(2), "a", live("1.1.0", 50))
    assert masked(ramped.entries["a"].describe()) == snapshot("1.0.0 50%, 1.1.0 50%")
    assert ramped.undo == state.undo == {"a": point(1)}
    done = lock.promote(ramped, point(3), "a", live("1.1.0"))
    assert done.entries["a"].describe() == "1.1.0"
    assert done.undo == {"a": point(1)}


def test_a_share_needs_another_version_to_share_with() -> None:
    with pytest.raises(UsageError, match="no other version live"):
        lock.promote(State(), None, "a", live("1.0.0", 10))
    state = lock.promote(State(), None, "a", live("1.0.0"))
    with pytest.raises(UsageError, match="no other version live"):
        lock.promote(state, point(1), "a", live("1.0.0", 10))


def test_promoting_what_is_live_changes_nothing() -> None:
    state = lock.promote(State(), None, "a", live("1.0.0"))
    assert lock.promote(state, point(1), "a", live("1.0.0")) == state


def test_there_is_nothing_before_the_first_version() -> None:
    state = lock.promote(State(), point(7), "a", live("1.0.0"))
    with pytest.raises(
        RefusedError, match=r"nothing to roll back to: 1\.0\.0 is the first version"
    ) as caught:
        lock.rollback(state, "a", "production", no_deployments)
    assert "retire" in (caught.value.hint or "")
    with pytest.raises(RefusedError, match="nothing to roll back to: a is not live in production"):
        lock.rollback(State(), "a", "production", no_deployments)


def test_rolling_back_keeps_the_kill_switch_where_it_is() -> None:
    first = lock.promote(State(), None, "a", live("1.0.0"))
    second = lock.promote(first, point(1), "a", live("1.1.0"))
    paused = lock.pause(second, ["a"], "production", "wrong answers")
    back, _ = lock.rollback(paused, "a", "production", lambda _: first)
    assert back.entries["a"] == Entry((live("1.0.0"),), "wrong answers")
    was_paused = lock.pause(first, ["a"], "production", "old trouble")
    back, _ = lock.rollback(second, "a", "production", lambda _: was_paused)
    assert back.entries["a"].paused is None


def test_rolling_back_to_a_version_that_was_never_live_is_refused() -> None:
    first = lock.promote(State(), None, "a", live("1.0.0"))
    second = lock.promote(first, point(1), "a", live("1.1.0"))
    with pytest.raises(RefusedError, match=r"0\.9\.0 is not among the versions") as caught:
        lock.rollback(second, "a", "staging", lambda _: first, Version.parse("0.9.0"))
    assert masked(caught.value.hint or "") == snapshot(
        "see them with promptops history a --env staging, or deploy any release: promptops promote a@0.9.0 --to staging"
    )
    with pytest.raises(RefusedError, match="already live"):
        lock.rollback(second, "a", "staging", lambda _: first, Version.parse("1.1.0"))


def test_an_undo_file_that_leads_in_a_circle_is_found() -> None:
    state = State({"a": Entry((live("1.0.0"),))}, {"a": point(3)})
    with pytest.raises(IntegrityError, match="cycle"):
        lock.rollback(state, "a", "staging", lambda _: state, Version.parse("0.1.0"))


@pytest.mark.parametrize(
    "action",
    [
        lambda: lock.retire(State(), None, "a", "staging"),
        lambda: lock.pause(State(), ["a"], "staging", "why"),
        lambda: lock.resume(State(), ["a"], "staging"),
    ],
)
def test_what_is_not_live_cannot_be_switched(action: Callable[[], State]) -> None:
    with pytest.raises(NotDeployedError, match="a is not live in staging"):
        action()
