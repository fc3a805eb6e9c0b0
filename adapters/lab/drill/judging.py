"""What a flood of strangers did to a well-behaved client and to the process, and whether that was too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.lab.bench.figure import percentile

MB = 1_000_000
P99_BELOW = 1.0
MEMORY_BELOW = 600 * MB
NORMAL_WITHIN = 10.0
MEMORY_KEPT = 64 * MB
"""What a flood may leave behind: less than two answers of the longest kind and what the C library keeps back."""
QUICK = 0.25
"""Seconds, or three times the slowest hundredth of the calm, whichever is more: an answer so soon is normal."""


ANSWERED = 0.95
"""Of the requests that were due; a client that is just late at the edge of the measurement has sent one less."""


@dataclass(frozen=True, slots=True)
class MeasuredRequest:
    """One request of the client: when it was due, and how long after that its answer was whole.

    `refusals`: what kept it from being answered at once (503, 429, a broken connection); it was repeated each time.
    `wrong`: what was wrong with the answer.
    """

    due: float
    kind: str
    seconds: float
    refusals: tuple[str, ...] = ()
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """How much memory the process had at a moment."""

    at: float
    size: int


@dataclass(frozen=True, slots=True)
class Calm:
    """How it was before any flood."""

    requests: Sequence[MeasuredRequest]
    memory: int

    @property
    def quick(self) -> float:
        """Seconds within which an answer is as it was before."""
        return max(QUICK, 3 * percentile(seconds_of(self.requests), 0.99))

    @property
    def most(self) -> int:
        """Bytes up to which memory is as it was before."""
        return self.memory + MEMORY_KEPT


@dataclass(frozen=True, slots=True)
class Seen:
    """A flood from `began` to `ended`, and what was measured from its begin on until well after its end."""

    name: str
    began: float
    ended: float
    requests: Sequence[MeasuredRequest]
    held: Sequence[Held]
    came: Mapping[str, int]
    due: int
    """How many requests were due during the flood: those that were not answered at all are not in `requests`."""

    @property
    def meanwhile(self) -> Sequence[MeasuredRequest]:
        """The requests that were due during the flood."""
        return [request for request in self.requests if self.began <= request.due < self.ended]

    @property
    def peak(self) -> int:
        return max(measured.size for measured in self.held)

    def quick_after(self, calm: Calm) -> float:
        """Seconds after the flood from which on no request was slow any more."""
        slow = [
            measured.due for measured in self.requests if measured.due >= self.ended and measured.seconds > calm.quick
        ]
        return max(slow, default=self.ended) - self.ended

    def small_after(self, calm: Calm) -> float:
        """Seconds after the flood from which on the process held no more than before."""
        large = [measured.at for measured in self.held if measured.at >= self.ended and measured.size > calm.most]
        return max(large, default=self.ended) - self.ended


def seconds_of(requests: Iterable[MeasuredRequest]) -> list[float]:
    return [request.seconds for request in requests]


def told_of(refused: MeasuredRequest) -> str:
    reasons = ", ".join(f"{count} x {reason}" for reason, count in Counter(refused.refusals).items())
    return f"a {refused.kind}, answered after {refused.seconds:.1f} s and {reasons}"


def judged(seen: Seen, calm: Calm) -> Iterator[str]:
    """Yield every way in which the flood had too much effect."""
    if (answered := len(seen.meanwhile)) < ANSWERED * seen.due:
        yield f"{seen.name}: {answered} of {seen.due} requests of the client were answered, even afterwards"
    p99 = percentile(seconds_of(seen.meanwhile) or [float("inf")], 0.99)
    if p99 >= P99_BELOW:
        yield f"{seen.name}: the client's p99 was {p99:.2f} s"
    if seen.peak >= MEMORY_BELOW:
        yield f"{seen.name}: the process took {seen.peak / MB:.0f} MB"
    if (slow := seen.quick_after(calm)) > NORMAL_WITHIN:
        yield f"{seen.name}: requests were slow up to {slow:.1f} s afterwards"
    if (large := seen.small_after(calm)) > NORMAL_WITHIN:
        yield f"{seen.name}: memory was above {calm.most / MB:.0f} MB up to {large:.1f} s afterwards"
    refused = [request for request in seen.requests if request.refusals]
    if refused:
        yield f"{seen.name}: {len(refused)} requests of the client were refused, such as {told_of(refused[0])}"
    yield from (
        f"{seen.name}: a wrong answer: {request.kind}: {request.wrong}" for request in seen.requests if request.wrong
    )
