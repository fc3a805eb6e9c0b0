"""What a candidate allows us to do with their data, and the one gate that answers whether we may."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.event import Clear, Event, Personal, Recorded
from domain.purposes import CONSENT_CHANNELS, PURPOSES, require_channels, unknown_channel, unknown_purpose


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
    """The candidate's consent to {purpose} on {channel} does not last until {at}.

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


class ConsentHoldsTooLong(Invalid):
    """The consent to {purpose} would hold longer than {months} months, which is the longest in '{jurisdiction}'.

    Let it end by {latest}, or leave the end out; to go on after that, ask the candidate to renew it.
    """

    where = "valid_until"


class ConsentDoesNotExist(NotFound):
    """The candidate gave no consent that the event {consent} records.

    Look it up in the candidate's consents.
    """

    where = "consent"


class ConsentHasNotEnded(Conflict):
    """The consent {consent} has not ended: it holds until {until}.

    Note its end once it has come.
    """

    where = "consent"


class ConsentEndsAtAnotherTime(Invalid):
    """The consent {consent} ends at {until}, and its end occurs then and at no other time.

    State that time, or none of this: the clerk notes it by itself.
    """

    where = "occurred_at"


class ConsentWasAnsweredOver(Conflict):
    """The candidate answered anew, on all its channels, before the consent {consent} ended.

    There is nothing to note: the newer answer holds.
    """

    where = "consent"


class ConsentEndWasNoted(Conflict):
    """The end of the consent {consent} was noted before.

    There is nothing left to do.
    """

    where = "consent"


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
    """All answers of one candidate in the order in which they were so, however late we learned them.

    `ended`: the consents of which it was noted that they came to their end. No answer depends on it: a consent ends by
    its own date, noted or not.
    """

    answers: tuple[Answer, ...] = ()
    ended: frozenset[UUID] = frozenset()


def evolve(consents: Consents, recorded: Recorded[Event]) -> Consents:
    """The consents after one more event of the candidate; the order in which answers arrive does not matter."""
    if isinstance(recorded.event, ConsentExpired):
        return replace(consents, ended=consents.ended | {recorded.event.consent})
    answer = answer_of(recorded)
    return consents if answer is None else with_answers(consents, [answer])


def with_answers(consents: Consents, answers: Iterable[Answer]) -> Consents:
    """The consents once these answers are known too; an event is one answer, however often it is told."""
    known = {answer.event: answer for answer in (*consents.answers, *answers)}
    return replace(consents, answers=tuple(sorted(known.values(), key=lambda answer: (answer.at, answer.event))))


def together(all_consents: Iterable[Consents]) -> Consents:
    """The answers of several records of one person, as if they had been given to one."""
    both = Consents()
    for consents in all_consents:
        both = replace(with_answers(both, consents.answers), ended=both.ended | consents.ended)
    return both


def after(consents: Consents, answered: Iterable[Event], at: datetime) -> Consents:
    """The consents as they will be once these events of that time are recorded."""
    told = (answer_in(event, at, UUID(int=number)) for number, event in enumerate(answered))
    return with_answers(consents, (answer for answer in told if answer is not None))


def answer_of(recorded: Recorded[Event]) -> Answer | None:
    """The answer that an event records; None for an event that records none."""
    return answer_in(recorded.event, recorded.at, recorded.id)


def answer_in(event: Event, at: datetime, named: UUID) -> Answer | None:
    """The answer in an event of that time, which has or will have the id `named`."""
    match event:
        case ConsentGiven():
            return Answer(at, named, ConsentGiven, event.purpose, event.channels, until=event.valid_until)
        case ConsentRefused():
            return Answer(at, named, ConsentRefused, event.purpose, event.channels)
        case ConsentWithdrawn():
            return Answer(at, named, ConsentWithdrawn, event.purpose, event.channels, event.entirely)
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


def anything_lives(consents: Consents, at: datetime) -> bool:
    """Whether anything at all is allowed at that time."""
    return any(live_channels(consents, purpose, at) for purpose in {answer.purpose for answer in consents.answers})


def require_some_channels(purpose: str, channels: Iterable[str]) -> tuple[str, ...]:
    """The same channels, each once and in the list's order; raises ChannelIsUnknown or ConsentNamesNoChannel."""
    named = require_channels(channels)
    if not named:
        raise ConsentNamesNoChannel(purpose=purpose)
    return named


def given_consent(consents: Consents, consent: UUID) -> Answer:
    """The yes that an event records; raises ConsentDoesNotExist."""
    found = next((answer for answer in consents.answers if answer.event == consent), None)
    if found is None or found.answered is not ConsentGiven:
        raise ConsentDoesNotExist(consent=consent)
    return found


def channels_ended(consents: Consents, given: Answer) -> tuple[str, ...]:
    """The channels on which that yes was the newest answer when it ended; none where it does not end."""
    if given.until is None:
        return ()
    newer = [answer for answer in consents.answers if given.at < answer.at < given.until]
    return tuple(
        channel for channel in given.channels if not any(answer.is_about(given.purpose, channel) for answer in newer)
    )


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
