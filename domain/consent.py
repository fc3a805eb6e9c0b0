"""What a candidate allows us to do with their data, and the one gate that answers whether we may."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, Invalid, Refused
from domain.event import Clear, Event, Personal, Recorded
from domain.purposes import CONSENT_CHANNELS, PURPOSES, unknown_channel, unknown_purpose


@dataclass(frozen=True, slots=True)
class ConsentRequested(Event):
    """We asked the candidate for one purpose on the named channels, with the named notice."""

    stored_name = "consent-requested.v1"

    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]
    jurisdiction: Clear[str]
    notice: Clear[str]
    notice_version: Clear[str]
    notice_sha256: Clear[str | None]
    language: Clear[str]
    method: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ConsentGiven(Event):
    """The candidate said yes to one purpose on the named channels, having read the named notice."""

    stored_name = "consent-given.v1"

    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]
    basis: Clear[str]
    jurisdiction: Clear[str]
    notice: Clear[str]
    notice_version: Clear[str]
    notice_sha256: Clear[str | None]
    language: Clear[str]
    method: Clear[str]
    answered_by: Clear[str]
    valid_until: Clear[datetime | None]
    evidence: Personal[str | None]
    came_from: Personal[str | None] = None
    """From where the answer came, such as an address of the network with its end cut off."""


@dataclass(frozen=True, slots=True)
class ConsentRefused(Event):
    """The candidate was asked and said no."""

    stored_name = "consent-refused.v1"

    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]
    notice: Clear[str]
    notice_version: Clear[str]
    method: Clear[str]
    answered_by: Clear[str]
    evidence: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn(Event):
    """The candidate took a consent back. `entirely`: on every channel, so nothing of this purpose is left."""

    stored_name = "consent-withdrawn.v1"

    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]
    entirely: Clear[bool]
    method: Clear[str]
    because_of: Clear[UUID | None]
    reason: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ConsentExpired(Event):
    """A consent came to its end. It occurs at the end that the consent itself names, whenever it is noticed."""

    stored_name = "consent-expired.v1"

    consent: Clear[UUID]
    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]


class ConsentIsMissing(Conflict):
    """The candidate had not consented to {purpose} on {channel} at {at}.

    Ask for the consent and record the answer, or use a channel that the candidate consented to.
    """

    where = "purpose"


class ConsentWasRefused(Conflict):
    """The candidate was asked for {purpose} on {channel} and said no.

    Do not send; only the candidate can change the answer.
    """

    where = "purpose"


class ConsentWasWithdrawn(Conflict):
    """The candidate withdrew the consent to {purpose} on {channel}.

    Do not send; only the candidate can give it again.
    """

    where = "purpose"


class ConsentHasExpired(Conflict):
    """The candidate's consent to {purpose} on {channel} ended before {at}.

    Ask the candidate to renew it.
    """

    where = "purpose"


class ConsentNamesNoChannel(Invalid):
    """The consent to {purpose} names no channel, so it would allow nothing.

    Name the channels that the candidate agreed to.
    """

    where = "channels"


class ImportedConsentNeedsItsEvidence(Invalid):
    """The imported consent to {purpose} does not say when it was given, or what tells us so.

    State in 'occurred_at' when the candidate gave it, and in 'evidence' where the record of it is kept.
    """

    where = "evidence"


class ConsentEndsBeforeItBegins(Invalid):
    """The consent to {purpose} would end before it is given.

    Let it end later, or leave the end out.
    """

    where = "valid_until"


SAID_NO = (ConsentWasRefused, ConsentWasWithdrawn)
DENIALS: dict[type[Event], type[Conflict]] = {ConsentRefused: ConsentWasRefused, ConsentWithdrawn: ConsentWasWithdrawn}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the candidate: which `event` says so, since when, on which channels and (a yes) until when."""

    at: datetime
    event: UUID
    answered: type[Event]
    purpose: str
    channels: tuple[str, ...]
    everywhere: bool = False
    until: datetime | None = None

    def is_about(self, purpose: str, channel: str) -> bool:
        return self.purpose == purpose and (self.everywhere or channel in self.channels)

    def denial(self, at: datetime) -> type[Conflict] | None:
        """Why this answer forbids at that time, or None when it allows."""
        if self.until is not None and self.until <= at:
            return ConsentHasExpired
        return DENIALS.get(self.answered)


@dataclass(frozen=True, slots=True)
class Consents:
    """All answers of one candidate in the order in which they were so, however late we learned them."""

    answers: tuple[Answer, ...] = ()


def evolve(consents: Consents, recorded: Recorded[Event]) -> Consents:
    """The consents after one more event of the candidate; the order in which answers arrive does not matter."""
    answer = answer_of(recorded)
    if answer is None:
        return consents
    return Consents(tuple(sorted((*consents.answers, answer), key=lambda known: (known.at, known.event))))


def together(all_consents: Iterable[Consents]) -> Consents:
    """The answers of several records of one person, as if they had been given to one."""
    answers = {answer.event: answer for consents in all_consents for answer in consents.answers}
    return Consents(tuple(sorted(answers.values(), key=lambda known: (known.at, known.event))))


def answer_of(recorded: Recorded[Event]) -> Answer | None:
    """The answer that an event records; None for an event that records none."""
    event, at = recorded.event, recorded.at
    match event:
        case ConsentGiven():
            return Answer(at, recorded.id, ConsentGiven, event.purpose, event.channels, until=event.valid_until)
        case ConsentRefused():
            return Answer(at, recorded.id, ConsentRefused, event.purpose, event.channels)
        case ConsentWithdrawn():
            return Answer(at, recorded.id, ConsentWithdrawn, event.purpose, event.channels, event.entirely)
        case _:
            return None


def may(consents: Consents, purpose: str, channel: str, at: datetime) -> UUID | Refused:
    """Whether we may use the channel for the purpose at that time: the event that allows it, or why not.

    The newest answer by then decides; of several at the same moment every one must allow. Whatever is unknown,
    missing, refused, withdrawn, expired or not yet given is a refusal (returned, for the caller to raise or record).
    """
    if purpose not in PURPOSES:
        return unknown_purpose(purpose)
    if channel not in CONSENT_CHANNELS:
        return unknown_channel(channel)
    known = [answer for answer in consents.answers if answer.is_about(purpose, channel) and answer.at <= at]
    if not known:
        return ConsentIsMissing(purpose=purpose, channel=channel, at=at.isoformat())
    for answer in known:
        denial = answer.denial(at) if answer.at == known[-1].at else None
        if denial is not None:
            return denial(purpose=purpose, channel=channel, at=at.isoformat())
    return known[-1].event


def require_consent(consents: Consents, purpose: str, channel: str, at: datetime) -> UUID:
    """The event that allows it; raises the refusal that `may` returns."""
    allowed = may(consents, purpose, channel, at)
    if isinstance(allowed, Refused):
        raise allowed
    return allowed


def live_channels(consents: Consents, purpose: str, at: datetime) -> tuple[str, ...]:
    """The channels on which the purpose is allowed at that time."""
    return tuple(channel for channel in CONSENT_CHANNELS if isinstance(may(consents, purpose, channel, at), UUID))


def withdrawal(
    consents: Consents,
    purpose: str,
    channels: Collection[str],
    at: datetime,
    *,
    method: str,
    because_of: UUID | None = None,
    reason: Personal[str | None] = None,
) -> ConsentWithdrawn:
    """The withdrawal of a purpose on these channels; on none named, everywhere. `entirely` when nothing is left."""
    taken = tuple(channels) or CONSENT_CHANNELS
    left = set(live_channels(consents, purpose, at)).difference(taken)
    return ConsentWithdrawn(purpose, taken, not left, method, because_of, reason)


def withdrawals_on(
    consents: Consents, channel: str, purpose: str | None, at: datetime, because_of: UUID, method: str
) -> list[ConsentWithdrawn]:
    """What a no on a channel takes back there: the purpose it names, or else every purpose, also one that we know of no
    consent to, because an older yes may still reach us. Where nothing was allowed, nothing was left `entirely`.
    """
    if purpose is not None and purpose in PURPOSES:
        return [withdrawal(consents, purpose, (channel,), at, method=method, because_of=because_of)]
    taken = [withdrawal(consents, code, (channel,), at, method=method, because_of=because_of) for code in PURPOSES]
    return [one if live_channels(consents, one.purpose, at) else replace(one, entirely=False) for one in taken]


def stricter(one: Consents, other: Consents, at: datetime) -> list[ConsentWithdrawn]:
    """What must be withdrawn when two records turn out to be one person: what one of them allows and the other denied.

    What was never asked of a record, or has run out there, denies nothing.
    """
    both = together([one, other])
    channels = {
        purpose: tuple(channel for channel in CONSENT_CHANNELS if disagree(may_each(one, other, purpose, channel, at)))
        for purpose in PURPOSES
    }
    return [withdrawal(both, purpose, denied, at, method="merge") for purpose, denied in channels.items() if denied]


def may_each(one: Consents, other: Consents, purpose: str, channel: str, at: datetime) -> tuple[UUID | Refused, ...]:
    return may(one, purpose, channel, at), may(other, purpose, channel, at)


def disagree(gates: tuple[UUID | Refused, ...]) -> bool:
    """Whether one is open and another was shut by the person."""
    return any(isinstance(gate, UUID) for gate in gates) and any(isinstance(gate, SAID_NO) for gate in gates)
