"""What a candidate allows us to do with their data, and the one gate that answers whether we may."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
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


@dataclass(frozen=True, slots=True)
class ConsentWithheld(Event):
    """A merge keeps us from using a consent: one record allowed what the other denied. No answer of the candidate.

    Stands in the streams of both records. `denied_by`: the ids of the records whose no stands against the other's yes.
    """

    stored_name = "consent-withheld.v1"

    survivor: Clear[UUID]
    absorbed: Clear[UUID]
    denied_by: Clear[tuple[str, ...]]
    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ConsentWithholdingEnded(Event):
    """An un-merge ends what the merge withheld: `withheld` is the event of this stream that withheld it."""

    stored_name = "consent-withholding-ended.v1"

    withheld: Clear[UUID]
    survivor: Clear[UUID]
    absorbed: Clear[UUID]
    purpose: Clear[str]
    channels: Clear[tuple[str, ...]]


EVENTS: tuple[type[Event], ...] = (
    ConsentGiven,
    ConsentRefused,
    ConsentWithdrawn,
    ConsentExpired,
    ConsentWithheld,
    ConsentWithholdingEnded,
)
"""The events that change what a candidate allows, or tell of its end."""


class ConsentIsMissing(Conflict):
    """No consent

    The candidate had not consented to {purpose} on {channel} at {at}.

    Ask for the consent and record the answer, or use a channel that the candidate consented to.
    """

    where = "purpose"


class ConsentWasRefused(Conflict):
    """Consent refused

    The candidate was asked for consent to {purpose} on {channel} and refused.

    Do not send; only the candidate can change the answer.
    """

    where = "purpose"


class ConsentWasWithdrawn(Conflict):
    """Consent withdrawn

    The candidate withdrew the consent to {purpose} on {channel}.

    Do not send; only the candidate can give it again.
    """

    where = "purpose"


class ConsentIsWithheld(Conflict):
    """Consent withheld since a merge

    The consent to {purpose} on {channel} is withheld since the merge with {partner}: one of the merged records denied
    it, and the candidate has not answered since.

    Do not send. Ask the candidate for the consent, or undo the merge if the records are two people.
    """

    where = "purpose"


class ConsentHasExpired(Conflict):
    """Expired consent

    The candidate's consent to {purpose} on {channel} does not last until {at}.

    Ask the candidate to renew it.
    """

    where = "purpose"


class ConsentNamesNoChannel(Invalid):
    """Consent without a channel

    The consent to {purpose} names no channel, so it would permit nothing.

    Name the channels that the candidate agreed to.
    """

    where = "channels"


class ImportedConsentNeedsItsEvidence(Invalid):
    """Imported consent without evidence

    The imported consent to {purpose} does not state when it was given, or the evidence for it.

    State in 'occurred_at' when the candidate gave it, and in 'evidence' where the record of it is kept.
    """

    where = "evidence"


class ConsentEndsBeforeItBegins(Invalid):
    """End before the beginning of a consent

    The consent to {purpose} would end before it is given.

    Send a later end, or leave the end out.
    """

    where = "valid_until"


class ConsentHoldsTooLong(Invalid):
    """Consent lasts too long

    The consent to {purpose} would last longer than {months} months, the limit in '{jurisdiction}'.

    Let it end by {latest}, or leave the end out; ask the candidate to renew it after that.
    """

    where = "valid_until"


class ConsentDoesNotExist(NotFound):
    """Unknown consent

    The candidate has no consent recorded by the event {consent}.

    Look it up in the candidate's consents.
    """

    where = "consent"


class ConsentHasNotEnded(Conflict):
    """Consent has not expired

    The consent {consent} has not expired: it lasts until {until}.

    Record its expiry after that time.
    """

    where = "consent"


class ConsentEndsAtAnotherTime(Invalid):
    """Wrong time of expiry

    The consent {consent} expires at {until}, so its expiry cannot be recorded for another time.

    Send that time, or nothing: expiry is recorded automatically.
    """

    where = "occurred_at"


class ConsentWasAnsweredOver(Conflict):
    """Consent already replaced

    The candidate answered again, on all its channels, before the consent {consent} expired.

    Nothing needs to be recorded: the newer answer is in effect.
    """

    where = "consent"


class ConsentEndWasNoted(Conflict):
    """Expiry already recorded

    The expiry of the consent {consent} was already recorded.

    Nothing needs to be done.
    """

    where = "consent"


class WithdrawalMethodIsReserved(Invalid):
    """Reserved withdrawal method

    The method '{method}' is reserved for withdrawals recorded by a merge or an erasure.

    State how the candidate withdrew the consent, such as 'web-form' or 'phone'.
    """

    where = "method"


MERGE, ERASURE = "merge", "erasure"
"""The methods of withdrawals that no candidate stated. Merges recorded them as withdrawals before they withheld."""
RESERVED_METHODS = (MERGE, ERASURE)

SAID_NO = (ConsentWasRefused, ConsentWasWithdrawn)
SHUT = (*SAID_NO, ConsentIsWithheld)
DENIALS: dict[type[Event], type[Conflict]] = {ConsentRefused: ConsentWasRefused, ConsentWithdrawn: ConsentWasWithdrawn}


class Merge(NamedTuple):
    """Two merged records: `survivor` speaks for the person, `absorbed` was merged into it."""

    survivor: UUID
    absorbed: UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the candidate: which `event` says so, since when, on which channels and (a yes) until when.

    `record`: the stream in which it stands; None: it is not recorded yet. What a merge withholds is kept among the
    answers: `merge` is that merge, `denied_by` the records whose no it goes by (none: not stored), `lifted` the time
    at which an un-merge ended it, and `parted` whether the merge was undone.
    """

    at: datetime
    event: UUID
    answered: type[Event]
    purpose: str
    channels: tuple[str, ...]
    everywhere: bool = False
    until: datetime | None = None
    record: UUID | None = None
    merge: Merge | None = None
    denied_by: frozenset[UUID] = frozenset()
    lifted: datetime | None = None
    parted: bool = False

    def is_about(self, purpose: str, channel: str) -> bool:
        return self.purpose == purpose and (self.everywhere or channel in self.channels)

    def counts(self, at: datetime) -> bool:
        """Return whether the answer is known by that time and, if a merge withheld it, is still withheld then."""
        return self.at <= at and not (self.lifted is not None and self.lifted <= at)

    def denial(self, at: datetime) -> type[Conflict] | None:
        """Why this answer forbids at that time, or None when it allows."""
        if self.merge is not None:
            return ConsentIsWithheld
        if self.until is not None and self.until <= at:
            return ConsentHasExpired
        return DENIALS.get(self.answered)

    @property
    def partner(self) -> UUID | None:
        """The record that this one was merged with, where the merge withholds."""
        if self.merge is None:
            return None
        return self.merge.survivor if self.record == self.merge.absorbed else self.merge.absorbed


@dataclass(frozen=True, slots=True)
class Consents:
    """All answers of one candidate in the order in which they were so, however late we learned them.

    `ended`: the consents of which it was noted that they came to their end. No answer depends on it: a consent ends by
    its own date, noted or not.
    """

    answers: tuple[Answer, ...] = ()
    ended: frozenset[UUID] = frozenset()


def evolve(consents: Consents, recorded: Recorded[Event], merge: Merge | None = None) -> Consents:
    """Return the consents after one more event of the candidate. The order in which answers arrive does not matter.

    merge: the record's newest merge before the event; a stored withdrawal with the method 'merge' is of that one.
    """
    if isinstance(recorded.event, ConsentExpired):
        return replace(consents, ended=consents.ended | {recorded.event.consent})
    if isinstance(recorded.event, ConsentWithholdingEnded):
        return without(consents, [recorded.event], recorded.at)
    answer = answer_of(recorded, merge)
    return consents if answer is None else with_answer(consents, answer)


def with_answer(consents: Consents, answer: Answer) -> Consents:
    """Return the consents with this answer added.

    The answer is inserted and the others are not sorted again, so that a stream of thousands of answers is read in
    linear time.
    """
    answers = consents.answers
    place = bisect_left(answers, in_order(answer), key=in_order)
    rest = place + (place < len(answers) and answers[place].event == answer.event)
    return replace(consents, answers=(*answers[:place], answer, *answers[rest:]))


def in_order(answer: Answer) -> tuple[datetime, UUID]:
    return answer.at, answer.event


def with_answers(consents: Consents, answers: Iterable[Answer]) -> Consents:
    """Return the consents with these answers added; an event is one answer, however often it is recorded."""
    by_event = {answer.event: answer for answer in (*consents.answers, *answers)}
    return replace(consents, answers=tuple(sorted(by_event.values(), key=in_order)))


def without(consents: Consents, endings: Iterable[ConsentWithholdingEnded], at: datetime) -> Consents:
    """Return the consents after these withholdings have ended at that time."""
    ended = {ending.withheld for ending in endings}
    answers = (replace(answer, lifted=at) if answer.event in ended else answer for answer in consents.answers)
    return replace(consents, answers=tuple(answers))


def parted(consents: Consents, merge: Merge) -> Consents:
    """Return the consents after the merge is undone. No later unmerge of the two ends what it still withholds."""
    answers = (replace(answer, parted=True) if answer.merge == merge else answer for answer in consents.answers)
    return replace(consents, answers=tuple(answers))


def together(all_consents: Iterable[Consents]) -> Consents:
    """Return the answers of several records of one person, as if one record had received them all."""
    both = Consents()
    for consents in all_consents:
        both = replace(with_answers(both, consents.answers), ended=both.ended | consents.ended)
    return both


def apart(consents: Consents) -> Mapping[UUID | None, Consents]:
    """Return the answers of each record, without what merges withhold. An answer not recorded yet belongs to all."""
    own = [answer for answer in consents.answers if answer.merge is None]
    records: set[UUID | None] = {answer.record for answer in consents.answers if answer.record is not None}
    return {
        record: Consents(tuple(answer for answer in own if answer.record in (record, None)))
        for record in sorted(records or {None}, key=str)
    }


def after(consents: Consents, answered: Iterable[Event], at: datetime) -> Consents:
    """Return the consents as they will be after these events of that time are recorded."""
    answers = (answer_in(event, at, UUID(int=number)) for number, event in enumerate(answered))
    return with_answers(consents, (answer for answer in answers if answer is not None))


def answer_of(recorded: Recorded[Event], merge: Merge | None = None) -> Answer | None:
    """Return the answer that an event records; None for an event that records none."""
    answer = answer_in(recorded.event, recorded.at, recorded.id, merge)
    return None if answer is None else replace(answer, record=recorded.stream)


def records_in(texts: Iterable[str]) -> Iterator[UUID]:
    """Yield the records that the texts name; a text that is no id names none."""
    for text in texts:
        with suppress(ValueError):
            yield UUID(text)


def answer_in(event: Event, at: datetime, named: UUID, merge: Merge | None = None) -> Answer | None:
    """Return the answer in an event of that time, which has or will have the id `named`."""
    match event:
        case ConsentGiven():
            return Answer(at, named, ConsentGiven, event.purpose, event.channels, until=event.valid_until)
        case ConsentRefused():
            return Answer(at, named, ConsentRefused, event.purpose, event.channels)
        case ConsentWithdrawn():
            by = merge if event.method == MERGE else None
            return Answer(at, named, ConsentWithdrawn, event.purpose, event.channels, event.entirely, merge=by)
        case ConsentWithheld():
            by, denied_by = Merge(event.survivor, event.absorbed), frozenset(records_in(event.denied_by))
            return Answer(at, named, ConsentWithheld, event.purpose, event.channels, merge=by, denied_by=denied_by)
        case _:
            return None


def may(consents: Consents, purpose: str, channel: str, at: datetime) -> UUID | Refused:
    """Return the event that allows the channel for the purpose at that time, or the refusal.

    The newest answer by then decides; of several at the same moment every one must allow. What a merge withholds counts
    as a no of its moment until an unmerge ends it. Whatever is unknown, missing, refused, withdrawn, withheld, expired
    or not yet given is a refusal (returned, for the caller to raise or record).
    """
    if purpose not in PURPOSES:
        return unknown_purpose(purpose)
    if channel not in CONSENT_CHANNELS:
        return unknown_channel(channel)
    answers = [answer for answer in consents.answers if answer.is_about(purpose, channel) and answer.counts(at)]
    if not answers:
        return ConsentIsMissing(purpose=purpose, channel=channel, at=at.isoformat())
    for answer in sorted(
        (answer_then for answer_then in answers if answer_then.at == answers[-1].at), key=deciding_first
    ):
        denial = answer.denial(at)
        if denial is not None:
            return denial(purpose=purpose, channel=channel, at=at.isoformat(), partner=answer.partner)
    return answers[-1].event


def deciding_first(answer: Answer) -> tuple[bool, bool, UUID]:
    """Of answers of one moment: those of the person before what a merge withholds, which the survivor tells first."""
    return answer.merge is not None, answer.merge is not None and answer.record == answer.merge.absorbed, answer.event


def require_consent(consents: Consents, purpose: str, channel: str, at: datetime) -> UUID:
    """Return the event that allows the channel for the purpose. Raises the refusal that `may` returns."""
    allowed = may(consents, purpose, channel, at)
    if isinstance(allowed, Refused):
        raise allowed
    return allowed


def live_channels(consents: Consents, purpose: str, at: datetime) -> tuple[str, ...]:
    """Return the channels on which the purpose is allowed at that time."""
    return tuple(channel for channel in CONSENT_CHANNELS if isinstance(may(consents, purpose, channel, at), UUID))


def allowed_channels(consents: Consents, purpose: str, at: datetime) -> tuple[str, ...]:
    """Return the channels on which any of the records' persons allows the purpose at that time, withheld or not."""
    live = {channel for own in apart(consents).values() for channel in live_channels(own, purpose, at)}
    return tuple(channel for channel in CONSENT_CHANNELS if channel in live)


def anything_lives(consents: Consents, at: datetime) -> bool:
    """Return whether anything at all is allowed at that time."""
    return any(live_channels(consents, purpose, at) for purpose in purposes_of(consents))


def anything_is_allowed(consents: Consents, at: datetime) -> bool:
    """Return whether any of the records' persons allows anything at that time, withheld or not."""
    return any(anything_lives(own, at) for own in apart(consents).values())


def anything_is_denied(consents: Consents, at: datetime) -> bool:
    """Return whether any of the records' persons said no to anything, and the no is in effect at that time."""
    gates = ((own, purpose, channel) for own in apart(consents).values() for purpose in purposes_of(own)
             for channel in CONSENT_CHANNELS)  # fmt: skip
    return any(isinstance(may(own, purpose, channel, at), SAID_NO) for own, purpose, channel in gates)


def purposes_of(consents: Consents) -> list[str]:
    """Return the purposes that have an answer, in the order of PURPOSES."""
    answered = {answer.purpose for answer in consents.answers}
    return [purpose for purpose in PURPOSES if purpose in answered]


def require_some_channels(purpose: str, channels: Iterable[str]) -> tuple[str, ...]:
    """Return the same channels, each once and in the order of the list.

    Raises ChannelIsUnknown or ConsentNamesNoChannel.
    """
    named = require_channels(channels)
    if not named:
        raise ConsentNamesNoChannel(purpose=purpose)
    return named


def given_consent(consents: Consents, consent: UUID) -> Answer:
    """Return the yes that an event records. Raises ConsentDoesNotExist."""
    recorded = next((answer for answer in consents.answers if answer.event == consent), None)
    if recorded is None or recorded.answered is not ConsentGiven:
        raise ConsentDoesNotExist(consent=consent)
    return recorded


def channels_ended(consents: Consents, given: Answer) -> tuple[str, ...]:
    """Return the channels on which the yes was the newest answer when it ended; none where it does not end."""
    if given.until is None:
        return ()
    newer = [later for later in consents.answers if given.at < later.at < given.until and later.merge is None]
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
    """Return the withdrawal of a purpose on these channels, or on all channels where none is named.

    It is `entirely` when nothing is left. What a merge withholds is left: the person did not withdraw it.
    """
    taken = tuple(channels) or CONSENT_CHANNELS
    left = set(allowed_channels(consents, purpose, at)).difference(taken)
    return ConsentWithdrawn(purpose, taken, not left, method, because_of, reason)


def withdrawals_on(
    consents: Consents, channel: str, purpose: str | None, at: datetime, because_of: UUID, method: str
) -> list[ConsentWithdrawn]:
    """Return the withdrawals of a no on a channel: of the purpose that it names, else of every purpose.

    They include purposes without a known consent, because an older yes may still reach us. Where nothing was allowed, a
    withdrawal is not marked `entirely`.
    """
    if purpose is not None and purpose in PURPOSES:
        return [withdrawal(consents, purpose, (channel,), at, method=method, because_of=because_of)]
    taken = [withdrawal(consents, code, (channel,), at, method=method, because_of=because_of) for code in PURPOSES]
    return [
        withheld if allowed_channels(consents, withheld.purpose, at) else replace(withheld, entirely=False)
        for withheld in taken
    ]


def withheld_by(merge: Merge, consents: Consents, other: Consents, at: datetime) -> list[ConsentWithheld]:
    """Return what a merge of two persons withholds: what a record of one allows and a record of the other denied.

    A record that was never asked, or whose consent has run out, denies nothing. Where both persons allow a purpose on a
    channel, nothing is withheld there, whatever one of their records had denied before.
    """
    texts: dict[tuple[str, tuple[UUID, ...]], list[str]] = {}
    for purpose in purposes_of(together([consents, other])):
        for channel in CONSENT_CHANNELS:
            denied_by = sorted(
                {*denying(consents, other, purpose, channel, at), *denying(other, consents, purpose, channel, at)}
            )
            if denied_by:
                texts.setdefault((purpose, tuple(denied_by)), []).append(channel)
    return [
        ConsentWithheld(*merge, denied_by=tuple(map(str, denied_by)), purpose=purpose, channels=tuple(channels))
        for (purpose, denied_by), channels in texts.items()
    ]


def denying(shut: Consents, other: Consents, purpose: str, channel: str, at: datetime) -> list[UUID]:
    """Return the records of the person `shut` that denied what a record of the other allows."""
    if not isinstance(may(shut, purpose, channel, at), SHUT):
        return []
    if not any(isinstance(may(own, purpose, channel, at), UUID) for own in apart(other).values()):
        return []
    said_no = [record for record, own in apart(shut).items() if isinstance(may(own, purpose, channel, at), SAID_NO)]
    unexplained = (
        withheld.record
        for withheld in withholding(shut, at)
        if not withheld.denied_by and withheld.is_about(purpose, channel)
    )
    return [record for record in (*said_no, *unexplained) if record is not None]


def withholding(consents: Consents, at: datetime) -> list[Answer]:
    """Return what merges withhold at that time."""
    return [answer for answer in consents.answers if answer.merge is not None and answer.counts(at)]


def endings(consents: Consents, merge: Merge, left: Collection[UUID]) -> list[ConsentWithholdingEnded]:
    """Return the withholdings that end in a record when the merge is undone.

    Those of that merge end, and those that no record in `left` denied.

    left: the records that stay one person with this one.
    """
    return [
        ConsentWithholdingEnded(answer.event, *answer.merge, purpose=answer.purpose, channels=answer.channels)
        for answer in consents.answers
        if answer.merge is not None and answer.lifted is None and is_ended(answer, merge, left)
    ]


def is_ended(withheld: Answer, merge: Merge, left: Collection[UUID]) -> bool:
    if withheld.denied_by and withheld.denied_by.isdisjoint(left):
        return True
    return withheld.merge == merge and not withheld.parted
