"""Which records are one person and since when, and what all the answers of that person together allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from adapters.lab.synthetic.columns import FOREVER, NONE, Column, Flags
from adapters.lab.synthetic.shape import CHANNEL_SETS
from domain.purposes import CONSENT_CHANNELS

EVERY_CHANNEL = (1 << len(CONSENT_CHANNELS)) - 1
BY_MAIL = 1 << CONSENT_CHANNELS.index("email")
SAID_NO = -2


def channels_of(names: Sequence[str]) -> int:
    """Return a set of channels as bits; the first of the list is the lowest."""
    return sum(1 << CONSENT_CHANNELS.index(name) for name in names)


CHANNELS = tuple(map(channels_of, CHANNEL_SETS))
"""The sets of channels that a consent is given for, as bits."""


@dataclass(frozen=True, slots=True)
class Merges:
    """One row a merge, in the order of the pairs: who speaks from `at` on, whom it absorbed, and when it was undone."""

    survivor: Column
    absorbed: Column
    at: Column
    undone: Column

    @classmethod
    def none(cls) -> Merges:
        """No merge at all."""
        return cls(*np.zeros((4, 0), np.int64))

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Answer:
    """From `at` on a yes by the consent of this number, until it ends, or a no (NONE), on these channels (bits)."""

    at: int
    channels: int
    consent: int = NONE
    until: int = FOREVER


@dataclass(frozen=True, slots=True)
class Families:
    """The records that are merged at some time: their links to each other, and the answers that stand in each."""

    merges: Merges
    above: Mapping[int, tuple[int, int, int]] = field(default_factory=dict)
    below: Mapping[int, Sequence[tuple[int, int, int]]] = field(default_factory=dict)
    answers: Mapping[int, list[Answer]] = field(default_factory=dict)

    @classmethod
    def of(cls, merges: Merges) -> Families:
        """Return the families that these merges make, without any answer yet."""
        rows = list(zip(*(getattr(merges, name).tolist() for name in Merges.__slots__), strict=True))
        below: dict[int, list[tuple[int, int, int]]] = {}
        for survivor, absorbed, at, undone in rows:
            below.setdefault(survivor, []).append((absorbed, at, undone))
        above = {absorbed: (survivor, at, undone) for survivor, absorbed, at, undone in rows}
        return cls(merges, above, below, {record: [] for record in above.keys() | below.keys()})

    def related(self, number: int) -> Flags:
        """Of so many records, which ones are ever merged with another."""
        result = np.zeros(number, np.bool_)
        result[list(self.answers)] = True
        return result

    def root(self, record: int, at: int) -> int:
        """Return the record that speaks for this one at that time."""
        while record in self.above:
            survivor, since, until = self.above[record]
            if not since <= at < until:
                break
            record = survivor
        return record

    def records(self, record: int, at: int) -> Iterator[int]:
        """Yield all records that belong to the same person as this one at that time."""
        waiting = [self.root(record, at)]
        while waiting:
            item = waiting.pop()
            yield item
            waiting += [other for other, since, until in self.below.get(item, ()) if since <= at < until]

    def consent(self, record: int, channel: int, at: int, number: int) -> int:
        """Return the consent that opens the channel at a time, as the records stand together at `known`; NONE, or
        SAID_NO."""
        heard = [
            answer
            for member in self.records(record, number)
            for answer in self.answers.get(member, ())
            if answer.at <= at and answer.channels & channel
        ]
        newest = max((answer.at for answer in heard), default=NONE)
        decisive = [answer for answer in heard if answer.at == newest]
        if any(answer.consent == NONE for answer in decisive):
            return SAID_NO
        live = bool(decisive) and all(answer.until > at for answer in decisive)
        return decisive[-1].consent if live else NONE

    def open_channels(self, record: int, at: int, n: int) -> int:
        """Return the channels (bits) that are open at a time."""
        bits = [1 << number for number in range(len(CONSENT_CHANNELS))]
        return sum(bit for bit in bits if self.consent(record, bit, at, n) >= 0)
