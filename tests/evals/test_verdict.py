"""The verdict on two sides: what is concluded of which pairs, in which words."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from promptops.evals.verdict import (
    Conclusion,
    EvalVerdict,
    Movement,
    SamplePair,
    compare,
    describe,
    explain,
)


def pairs(*groups: tuple[int, str, str], tags: tuple[str, ...] = ()) -> list[SamplePair]:
    """Make samples: how many, and the trials of both sides, such as `(8, "111", "001")`."""
    made: list[SamplePair] = []
    for count, before, after in groups:
        made += [
            SamplePair(
                f"sample {len(made) + i}",
                tuple(map(float, before)),
                tuple(map(float, after)),
                tags,
                needed=(len(before) + 1) // 2,
            )
            for i in range(count)
        ]
    return made


@pytest.mark.story
@pytest.mark.parametrize(
    ("suite", "finding"),
    [
        ([], Conclusion.NOT_JUDGED),
        (pairs((20, "1", "")), Conclusion.NOT_JUDGED),
        (pairs((5, "1", "0")), Conclusion.TOO_FEW),
        (pairs((6, "1", "0")), Conclusion.WORSE),
        (pairs((6, "0", "1")), Conclusion.BETTER),
        (pairs((40, "111", "111")), Conclusion.NO_DIFFERENCE),
        (pairs((35, "1", "1"), (5, "1", "0")), Conclusion.NO_DIFFERENCE),
        (pairs((34, "1", "1"), (6, "1", "0")), Conclusion.WORSE),
        (pairs((30, "1", "1"), (6, "1", "0"), (1, "0", "1")), Conclusion.NO_DIFFERENCE),
        # Trials are never taken for samples: 15 lost trials of 5 samples are 5 samples.
        (pairs((35, "111", "111"), (5, "111", "000")), Conclusion.NO_DIFFERENCE),
        # A fall of one trial in three everywhere, which majorities do not see.
        (pairs((20, "111", "110")), Conclusion.WORSE),
    ],
)
def test_what_is_concluded(suite: list[SamplePair], finding: Conclusion) -> None:
    assert compare(suite).finding is finding


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.5, 1.5])
def test_a_score_that_is_none_cannot_be_judged(bad: float) -> None:
    suite = [*pairs((20, "1", "0")), SamplePair("broken", (1.0,), (bad,), needed=None)]
    verdict = compare(suite)
    assert verdict.finding is Conclusion.NOT_JUDGED
    assert describe(verdict) == snapshot("could not judge: a score is not a number from 0 to 1")
    assert not verdict.slices


def test_the_test_alone_is_not_enough() -> None:
    # Ten samples fall a little, and nothing says how far.
    scores = [SamplePair(f"{i}", (0.5,), (0.5 - 0.001 * (i + 1),), needed=None) for i in range(10)]
    verdict = compare(scores)
    assert verdict.overall.p <= 0.05
    assert verdict.overall.interval is not None
    assert verdict.overall.interval.holds(0)
    assert verdict.finding is Conclusion.NO_DIFFERENCE


def test_samples_without_an_answer_are_set_apart() -> None:
    verdict = compare([*pairs((10, "1", "0")), SamplePair("silent", (1.0,), ())])
    assert verdict.unjudged == ("silent",)
    assert verdict.overall.samples == 10


@pytest.mark.parametrize(
    ("margin", "finding"),
    [
        (None, Conclusion.NO_DIFFERENCE),
        (0.02, Conclusion.NO_DIFFERENCE),
        (0.06, Conclusion.NOT_WORSE),
    ],
)
def test_not_worse_needs_a_margin(margin: float | None, finding: Conclusion) -> None:
    assert compare(pairs((50, "1", "1")), margin=margin).finding is finding


def test_a_margin_excuses_no_loss_that_was_found() -> None:
    assert compare(pairs((20, "1", "0"), (80, "1", "1")), margin=1).finding is Conclusion.WORSE


@pytest.mark.parametrize("margin", [-0.1, 1.1, math.nan])
def test_a_margin_is_a_share(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        compare(pairs((6, "1", "1")), margin=margin)


def test_regressions_are_named_even_where_the_mean_rises() -> None:
    verdict = compare(pairs((2, "111", "100"), (1, "111", "110"), (30, "000", "111")))
    assert verdict.finding is Conclusion.BETTER
    assert [(one.name, one.movement) for one in verdict.regressions] == [
        ("sample 0", Movement.LOST),
        ("sample 1", Movement.LOST),
        ("sample 2", Movement.FELL),
    ]
    assert verdict.moved[-1].movement is Movement.REPAIRED


def test_slices_are_corrected_for_their_number() -> None:
    lost = pairs((7, "1", "0"), tags=("billing",))
    alone = compare(lost).slices[0][1]
    rest = [pair for i in range(9) for pair in pairs((10, "1", "1"), tags=(f"topic {i}",))]
    slices = dict(compare([*lost, *rest]).slices)
    assert alone.finding is Conclusion.WORSE
    assert slices["billing"].finding is Conclusion.NO_DIFFERENCE
    assert slices["billing"].p == pytest.approx(10 * alone.p)
    assert slices["billing"].interval is not None
    assert slices["billing"].interval.confidence == pytest.approx(0.995)


def test_the_worst_slice_comes_first_and_small_ones_last() -> None:
    suite = [
        *pairs((12, "1", "0"), tags=("refunds", "all")),
        *pairs((28, "1", "1"), tags=("all",)),
        *pairs((2, "1", "0"), tags=("rare",)),
    ]
    slices = compare(suite).slices
    assert [tag for tag, _ in slices] == ["refunds", "all", "rare"]
    assert [one.finding for _, one in slices] == [
        Conclusion.WORSE,
        Conclusion.WORSE,
        Conclusion.TOO_FEW,
    ]


def test_a_tag_twice_counts_once() -> None:
    ((_, found),) = compare(pairs((8, "1", "0"), tags=("a", "a"))).slices
    assert found.samples == 8


def test_words() -> None:
    verdict = compare(pairs((12, "1", "0"), (28, "1", "1")))
    assert describe(verdict) == snapshot(
        "worse: 100.0% -> 70.0%, -30.0 points (95%: -44.4 to -12.7), 12 of 40 samples differ, p = 0.00049; a loss of 19.1 points is found in 4 of 5 such suites"
    )
    assert explain(verdict) == snapshot(
        "In about 95 of 100 suites of 40 samples like these, the interval contains the true difference: the loss may be as large as 44.4 points, and anything that affects fewer than 7.2% of inputs, or only inputs unlike these samples, can hide from this suite."
    )


def test_the_interval_is_explained_in_one_sentence() -> None:
    suites = (
        pairs((12, "1", "0"), (28, "1", "1")),
        pairs((12, "0", "1"), (28, "1", "1")),
        pairs((40, "1", "1")),
        pairs((3, "1", "0")),
        pairs((1, "1", "1")),
    )
    for suite in suites:
        said = explain(compare(suite))
        assert said.endswith(".")
        assert ". " not in said
        assert "hide from this suite" in said


def test_words_where_nothing_was_compared() -> None:
    assert describe(compare([])) == snapshot("could not judge: no sample was judged on both sides")
    assert explain(compare([])) == snapshot("Nothing was compared.")


@pytest.mark.slow
def test_what_could_have_been_seen_follows_the_suite() -> None:
    def seen(count: int, trials: int) -> float:
        chance = random.Random(3)
        suite = []
        for i in range(count):
            rate = chance.betavariate(4, 1)
            before, after = (
                tuple(float(chance.random() < rate) for _ in range(trials)) for _ in range(2)
            )
            suite.append(SamplePair(f"{i}", before, after))
        found = compare(suite).detectable
        assert found is not None
        return found

    assert seen(2_000, 1) < seen(200, 1) < seen(50, 1)
    assert seen(200, 5) < seen(200, 1)


@pytest.mark.slow
@pytest.mark.parametrize("side", ["000", "111"])
def test_what_could_have_been_seen_at_the_ends(side: str) -> None:
    found = compare(pairs((20, side, side))).detectable
    assert (found is None) == (side == "000")


values = st.integers(1, 4).flatmap(
    lambda trials: st.lists(
        st.tuples(*[st.tuples(*[st.sampled_from([0.0, 1.0])] * trials)] * 2),
        min_size=6,
        max_size=40,
    )
)


def mirror(finding: Conclusion) -> Conclusion:
    swapped = {Conclusion.BETTER: Conclusion.WORSE, Conclusion.WORSE: Conclusion.BETTER}
    return swapped.get(finding, finding)


@pytest.mark.story
@settings(deadline=None, max_examples=50)
@given(values)
def test_the_sides_are_treated_alike(sides: list[tuple[tuple[float, ...], ...]]) -> None:
    def verdict_of(first: int) -> EvalVerdict:
        return compare([SamplePair(f"{i}", s[first], s[1 - first]) for i, s in enumerate(sides)])

    there, back = verdict_of(0), verdict_of(1)
    assert mirror(there.finding) is back.finding
    assert there.overall.p == pytest.approx(back.overall.p)
    assert there.overall.difference == pytest.approx(-back.overall.difference)
    assert len(there.regressions) == len(back.moved) - len(back.regressions)


@pytest.mark.story
@settings(deadline=None, max_examples=50)
@given(values)
def test_a_conclusion_and_its_interval_agree(sides: list[tuple[tuple[float, ...], ...]]) -> None:
    overall = compare(
        [SamplePair(f"{i}", both[0], both[1]) for i, both in enumerate(sides)]
    ).overall
    assert overall.interval is not None
    assert overall.interval.low < overall.interval.high
    if overall.finding is Conclusion.WORSE:
        assert overall.interval.high < 0
        assert overall.differing >= 6
    elif overall.finding is Conclusion.BETTER:
        assert overall.interval.low > 0
