"""Records each consent that has ended, once, at the moment it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid5

from commands.expire_consent import ExpireConsent
from commands.handle import Handled, Intention, Occasion, Result
from commands.handle_in_order import handle_in_order
from commands.log import Log
from commands.verb import Verb
from domain.errors import Refused

ACTOR = "clerk:expiry"
AT_ONCE = 500
"""Consents that are recorded in one transaction, at most."""
UNTIL, POSITION = "expiry:until", "expiry:position"
"""The consumers under which the log remembers how far ended consents are recorded."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class EndedConsent(Protocol):
    """A consent by its event, the record that it stands in, and its end."""

    @property
    def candidate(self) -> UUID: ...

    @property
    def consent(self) -> UUID: ...

    @property
    def valid_until(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far ended consents are recorded: those that ended up to `until`, of those up to the log's `position`."""

    until: datetime
    position: int


class EndedConsents(Protocol):
    """The read model of consents."""

    def position(self) -> int:
        """Return the log position that is folded; 0: nothing is folded yet."""
        ...

    def ended(self, since: Watermark, upto: Watermark) -> Sequence[EndedConsent]:
        """Return every consent that the second watermark covers and the first does not, by their end."""
        ...


class Offsets(Protocol):
    """How far consumers have come, as the log remembers it."""

    def reached(self, consumer: str) -> int:
        """Return the consumer's offset; 0 before the first."""
        ...

    def advance(self, before: Mapping[str, int], reached: Mapping[str, int]) -> bool:
        """Move the consumers' offsets together, if all still stand where they stood before; return whether they did."""
        ...


@dataclass(frozen=True, slots=True)
class Expired:
    """The result of one run: how many consents had ended, and how many of these ends were recorded now.

    The others were recorded before, or did not end by their date: a newer answer stands, or the person is erased.
    """

    ended: int
    recorded: int


@dataclass(frozen=True, slots=True)
class ExpiryWorkflow:
    """Records ended consents. Several at once, in several processes, record each end once. now: the time, zoned."""

    log: Log
    verbs: Mapping[type, Verb]
    consents: EndedConsents
    offsets: Offsets
    now: Callable[[], datetime]

    def run(self) -> Expired:
        """Records what has ended by now, as far as the read model has folded the log.

        The watermark advances at the end: an interrupted run is repeated, and nothing is recorded twice.
        """
        since = watermark(self.offsets)
        # Neither ever falls: where another process's clock is ahead of ours, what has ended by it has ended.
        upto = Watermark(max(self.now(), since.until), self.consents.position())
        if upto.position == 0 or upto.position < since.position:
            return Expired(0, 0)  # nothing is folded yet, or the read model is being folded anew
        consents = self.consents.ended(since, upto)
        blocks = [consents[first : first + AT_ONCE] for first in range(0, len(consents), AT_ONCE)]
        results = [result for block in blocks for result in self._record(block, upto.until)]
        # Where another process moved the watermark meanwhile, ours would skip what neither of the two has covered.
        self.offsets.advance(offsets_of(since), offsets_of(upto))
        return Expired(len(consents), sum(isinstance(outcome, Handled) and not outcome.before for outcome in results))

    def _record(self, consents: Sequence[EndedConsent], now: datetime) -> Sequence[Result]:
        """Errors: the first failure that is no refusal."""
        results = handle_in_order(self.log, self.verbs, [intention(consent, now) for consent in consents], once=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, Refused):
                raise result
        return results


def watermark(offsets: Offsets) -> Watermark:
    """Return how far ended consents are recorded."""
    return Watermark(EPOCH + offsets.reached(UNTIL) * MICROSECOND, offsets.reached(POSITION))


def intention(ended: EndedConsent, now: datetime) -> Intention:
    """Return what records one consent's end. The command's id is derived from the consent's: every process makes the
    same event."""
    command = ExpireConsent(
        candidate=ended.candidate,
        consent=ended.consent,
        occurred_at=ended.valid_until,
        occurred_how="derived.valid_until",
        now=now,
    )
    occasion = Occasion(uuid5(ended.consent, "expiry"), ACTOR, now, causation=ended.consent)
    return Intention(occasion, lambda: (command,))


def offsets_of(watermark: Watermark) -> dict[str, int]:
    """Return the watermark as the offsets that the log remembers it by."""
    return {UNTIL: as_number(watermark.until), POSITION: watermark.position}


def as_number(moment: datetime) -> int:
    """Return the microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND
