"""Many samples and trials need little memory, and are what few would be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.evals import spool as spool_module
from promptops.evals.result import CheckOutcome, SampleOutcome, SampleResult, Trial
from promptops.evals.spool import SpooledSamples, TrialSpool
from promptops.prompt.suite import packing
from promptops.prompt.suite.packing import PackedSamples, pack_samples
from promptops.prompt.suite.suite import Check, Outcome, Sample

CHECK = Check("contains", {"any": ["a", "b"]}, weight=2)
TRIALS = st.builds(
    Trial,
    st.integers(1, 9),
    st.sampled_from(SampleOutcome),
    st.none() | st.floats(0, 1),
    st.text(alphabet=st.characters(), max_size=20),
    st.lists(
        st.builds(CheckOutcome, st.text(max_size=5), st.floats(0, 1), st.booleans(), st.text()),
        max_size=3,
    ).map(tuple),
    st.none() | st.text(max_size=9),
    st.none() | st.text(max_size=9),
    st.none() | st.integers(0, 1 << 40),
    st.none() | st.floats(0, 9),
    st.booleans(),
    st.none() | st.text(max_size=9),
    st.none() | st.text(max_size=9),
)


@pytest.mark.story
@settings(max_examples=25, deadline=None)
@given(st.lists(TRIALS, max_size=8))
def test_a_trial_comes_back_from_the_file_as_it_was(trials: list[Trial]) -> None:
    spool = TrialSpool(spool_module.MAX_LOOSE + 1)
    assert not spool.is_loose
    for place, trial in enumerate(trials):
        spool.put(place, trial)
        assert spool.get(place) == trial
    assert [spool.get(place) for place in range(len(trials))] == trials
    assert spool.get(len(trials)) is None


def make_samples(count: int) -> list[Sample]:
    return [
        Sample(f"s{n}", {"q": f"text {n}"}, (CHECK,), ("odd",) * (n % 2), outcome=Outcome.SUCCESS)
        for n in range(count)
    ]


def test_packed_samples_are_those_that_were_packed() -> None:
    few, many = make_samples(3), make_samples(packing.MAX_LOOSE + 700)
    assert pack_samples(few) == tuple(few)
    packed = pack_samples(iter(many))
    assert isinstance(packed, PackedSamples)
    assert list(packed) == many
    assert list(packed) == many
    assert len(packed) == len(many)
    assert [packed[0], packed[-1], packed[300]] == [many[0], many[-1], many[300]]
    assert packed[2:600:200] == many[2:600:200]


def test_a_repeated_number_is_found_among_many() -> None:
    many = [number * 977 for number in range(-3_000, 9_000)]
    assert not packing.has_repeated(many)
    assert packing.has_repeated([*many, many[5]])
    assert not packing.has_repeated(many[:9])
    assert packing.has_repeated([1, 2, 1])


def test_spooled_results_are_those_of_the_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = make_samples(4)
    trials = {
        (index, side): Trial(1, SampleOutcome.PASSED, 1.0, f"{index} {side}")
        for index in range(8)
        for side in (0, 1)
    }

    def collect() -> list[SampleResult]:
        spool = TrialSpool(16)
        for (index, side), trial in trials.items():
            if index != 5:
                spool.put(index + 8 * side, trial)
        apart = bytearray(8)
        apart[2] = 1
        found = SpooledSamples(samples, ("a", "b"), spool, 1, apart, has_baseline=True)
        assert [found[at] for at in range(len(found))] == list(found)
        return list(found)

    in_memory = collect()
    monkeypatch.setattr(spool_module, "MAX_LOOSE", 0)
    assert collect() == in_memory
    assert in_memory[2].baseline == ()
    assert in_memory[5].outcome is SampleOutcome.MISSING
    assert in_memory[7] == SampleResult(
        "s3", "b", ("odd",), 1, (trials[7, 0],), (trials[7, 1],), {"q": "text 3"}
    )
