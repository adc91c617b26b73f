"""Store many samples in little memory, as compressed chunks.

A suite may have a hundred thousand samples, and as an object each needs a kilobyte.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, overload

from promptops.prompt.suite.suite import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_LOOSE = 2_000
"""The maximum number of samples kept as objects."""
_CHUNK = 256
_BITS = (1 << 23) - 1
_FIELDS = tuple(Sample.__dataclass_fields__)
_values = attrgetter(*_FIELDS)


def pack_samples(samples: Iterable[Sample]) -> Sequence[Sample]:
    """Return samples as a sequence: a tuple for a few, a compressed one for many."""
    loose: list[Sample] = []
    iterator = iter(samples)
    for sample in iterator:
        loose.append(sample)
        if len(loose) > MAX_LOOSE:
            packed = PackedSamples()
            for one in loose:
                packed.append(one)
            loose.clear()
            for one in iterator:
                packed.append(one)
            packed.finish()
            return packed
    return tuple(loose)


def has_repeated(numbers: Sequence[int]) -> bool:
    """Return whether a number occurs twice. Uses little memory for any number of numbers."""
    if len(numbers) <= MAX_LOOSE:
        return len(set(numbers)) < len(numbers)
    bits = bytearray((_BITS + 1) // 8)
    shared: set[int] = set()
    for number in numbers:
        place = number & _BITS
        mark = 1 << (place & 7)
        if bits[place >> 3] & mark:
            shared.add(place)
        bits[place >> 3] |= mark
    seen: set[int] = set()
    for number in numbers:
        if number & _BITS in shared:
            if number in seen:
                return True
            seen.add(number)
    return False


def count_trials(samples: Sequence[Sample]) -> tuple[int, int]:
    """Return the total number of trials of the samples, and the largest number of one sample."""
    if isinstance(samples, PackedSamples):
        return samples.trials, samples.most_trials
    counts = [one.trials for one in samples]
    return sum(counts), max(counts, default=1)


class PackedSamples(Sequence[Sample]):
    """A sequence that decompresses samples on access; sequential access is fastest.

    Attributes:
        trials: the total number of trials.
        most_trials: the largest number of trials of one sample.
    """

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._open: list[tuple[object, ...]] = []
        self._count = 0
        self._last: tuple[int, list[Sample]] = (-1, [])
        self.trials = 0
        self.most_trials = 1

    def append(self, sample: Sample) -> None:
        """Add a sample."""
        self._open.append(_values(sample))
        self.trials += sample.trials
        self.most_trials = max(self.most_trials, sample.trials)
        self._count += 1
        if len(self._open) == _CHUNK:
            self.finish()

    def finish(self) -> None:
        """Compress the last chunk."""
        if self._open:
            data = pickle.dumps(self._open, protocol=pickle.HIGHEST_PROTOCOL)
            self._chunks.append(zlib.compress(data, 1))
            self._open = []

    def __len__(self) -> int:
        """The number of items."""
        return self._count

    def __iter__(self) -> Iterator[Sample]:
        """Yield all samples, chunk by chunk."""
        for chunk in self._chunks:
            yield from _unpack(chunk)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        """Return one item, or a slice."""
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(self._count))]
        if index < 0:
            index += self._count
        if not 0 <= index < self._count:
            raise IndexError(index)
        number, place = divmod(index, _CHUNK)
        if self._last[0] != number:
            self._last = number, list(_unpack(self._chunks[number]))
        return self._last[1][place]


def _unpack(chunk: bytes) -> Iterator[Sample]:
    rows = pickle.loads(zlib.decompress(chunk))  # noqa: S301 - as above
    return (Sample(*row) for row in rows)
