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


class PackedSamples(Sequence[Sample]):
    """A sequence that decompresses samples on access; sequential access is fastest."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._open: list[tuple[object, ...]] = []
        self._count = 0
        self._last: tuple[int, list[Sample]] = (-1, [])

    def append(self, sample: Sample) -> None:
        """Add a sample."""
        self._open.append(_values(sample))
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
