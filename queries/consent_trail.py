"""What a person was asked and what they answered, line by line, and what was sent because of each answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from domain.candidate import CandidatesMerged
from domain.consent import (
    ConsentExpired,
    ConsentGiven,
    ConsentRefused,
    ConsentRequested,
    Consents,
    ConsentWithdrawn,
    ConsentWithheld,
    ConsentWithholdingEnded,
    Merge,
    evolve,
    may,
)
from domain.event import Erased, Event, Personal, Recorded
from domain.purposes import PURPOSES
from domain.touchpoint import TouchpointCorrected, TouchpointRecorded
from domain.touchpoint_kinds import KINDS

What = Literal[
    "requested", "given", "renewed", "refused", "withdrawn", "withheld", "withholding-ended", "expired", "erased"
]
Standing = Literal["given", "refused", "withdrawn", "withheld", "expired", "erased"]
ERASURE = "erasure"
"""The method of the withdrawals that an erasure brings."""

Answering = (
    ConsentRequested
    | ConsentGiven
    | ConsentRefused
    | ConsentWithdrawn
    | ConsentWithheld
    | ConsentWithholdingEnded
    | ConsentExpired
)
ANSWERING: tuple[type[Event], ...] = get_args(Answering)
"""The events that are a line of the trail."""
SENDS: tuple[type[Event], ...] = (TouchpointRecorded, TouchpointCorrected)


@dataclass(frozen=True, slots=True)
class Notice:
    """The wording that was shown: which one, in which version and language, and the hash of its text."""

    id: str
    version: str
    sha256: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that cites the answer, as we believe of it now: what it was and when, and the event that says so."""

    touchpoint: UUID
    kind: str
    at: datetime
    position: int
    event: UUID
    record: UUID


@dataclass(frozen=True, slots=True)
class Line:
    """One thing asked or answered. `renewed`: given while an earlier yes to the same was living; `erased`: taken back
    because the person was erased. `withheld` is no answer: since the merge with `merged_with`, one of the records
    allows it and the other denied it; `lifted_at`: when an un-merge ended that.

    `answered_by` is who answered and `recorded_by` who wrote it down. `everywhere`: a withdrawal that left nothing of
    the purpose. `because_of`: the touchpoint that a withdrawal came with; `consent`: the yes that expired.
    came_from, evidence and note are personal: null where there is none, or where `unreadable` says it was erased.
    """

    what: What
    event: UUID
    record: UUID
    position: int
    at: datetime
    occurred_at: datetime | None
    recorded_at: datetime
    purpose: str
    purpose_iri: str | None
    channels: tuple[str, ...]
    everywhere: bool
    basis: str | None
    jurisdiction: str | None
    notice: Notice | None
    method: str | None
    answered_by: str | None
    recorded_by: str
    because_of: UUID | None
    consent: UUID | None
    merged_with: UUID | None
    lifted_at: datetime | None
    valid_until: datetime | None
    came_from: Personal[str | None]
    evidence: Personal[str | None]
    note: Personal[str | None]
    unreadable: bool
    sent: tuple[Sent, ...]

    def is_about(self, purpose: str, channel: str) -> bool:
        return self.purpose == purpose and (self.everywhere or channel in self.channels)


@dataclass(frozen=True, slots=True)
class Stand:
    """How an answer stands on a channel, since when, and the event that decides it.

    `withheld` is no answer: since the merge with `merged_with`, one of the records allows it and the other denied it.
    """

    channel: str
    status: Standing
    since: datetime
    event: UUID
    merged_with: UUID | None


def trail(events: Iterable[Recorded[Event]], position: int, valid_at: datetime) -> tuple[Line, ...]:
    """Return the lines up to `valid_at` in the order of their times, as known at the position.

    `events`: those of ANSWERING, SENDS and MERGES of all records of the person, in any order; others are ignored.
    """
    history = sorted(
        (recorded for recorded in events if (recorded.position or 0) <= position),
        key=lambda recorded: recorded.position or 0,
    )
    answers, merges = Consents(), dict[UUID, Merge]()
    for each in history:
        if isinstance(each.event, CandidatesMerged):
            merges[each.stream] = Merge(each.event.survivor, each.event.absorbed)
        answers = evolve(answers, each, merges.get(each.stream))
    sent = sent_because_of(history, valid_at)
    reached = [(recording, recording.event) for recording in history if recording.at <= valid_at]
    lines = [
        line_of(recording, event, answers, sent[recording.id])
        for recording, event in reached
        if isinstance(event, Answering)
    ]
    return tuple(sorted(lines, key=lambda line: (line.at, line.position)))


def sent_because_of(history: Sequence[Recorded[Event]], valid_at: datetime) -> defaultdict[UUID, tuple[Sent, ...]]:
    """By the answer's event: the messages that cite it, but for those that turned out never to have been sent."""
    cited: dict[UUID, UUID] = {}
    believed: dict[UUID, Sent] = {}
    for each in history:
        event = each.event
        if isinstance(event, TouchpointRecorded) and event.consent is not None:
            cited[event.touchpoint] = event.consent
            believed[event.touchpoint] = Sent(
                event.touchpoint, event.kind, each.at, each.position or 0, each.id, each.stream
            )
        elif isinstance(event, TouchpointCorrected) and event.touchpoint in cited:
            at, kind = event.at or event.was_at, event.kind or ""
            believed[event.touchpoint] = Sent(event.touchpoint, kind, at, each.position or 0, each.id, each.stream)
    sends: defaultdict[UUID, tuple[Sent, ...]] = defaultdict(tuple)
    for sent in sorted(believed.values(), key=lambda sent: (sent.at, sent.position)):
        if sent.at <= valid_at and sent.kind in KINDS and KINDS[sent.kind].direction == "outbound":
            sends[cited[sent.touchpoint]] += (sent,)
    return sends


def line_of(recorded: Recorded[Event], event: Answering, answers: Consents, sent: tuple[Sent, ...]) -> Line:
    """Return the line of an event; `answers`: all known answers of the person."""
    answer = next((given for given in answers.answers if given.event == recorded.id), None)
    merge = Merge(event.survivor, event.absorbed) if isinstance(event, ConsentWithholdingEnded) else None
    came_from, evidence = getattr(event, "came_from", None), getattr(event, "evidence", None)
    note = getattr(event, "note", None) or getattr(event, "reason", None)
    return Line(
        what=what_of(recorded, answers),
        event=recorded.id,
        record=recorded.stream,
        position=recorded.position or 0,
        at=recorded.at,
        occurred_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
        purpose=event.purpose,
        purpose_iri=PURPOSES[event.purpose].iri if event.purpose in PURPOSES else None,
        channels=event.channels,
        everywhere=isinstance(event, ConsentWithdrawn) and event.entirely,
        basis=getattr(event, "basis", None),
        jurisdiction=getattr(event, "jurisdiction", None),
        notice=notice_of(event),
        method=getattr(event, "method", None),
        answered_by=getattr(event, "answered_by", None),
        recorded_by=recorded.actor,
        because_of=getattr(event, "because_of", None),
        consent=getattr(event, "consent", None),
        merged_with=partner_in(recorded.stream, merge or (answer.merge if answer else None)),
        lifted_at=answer.lifted if answer else None,
        valid_until=getattr(event, "valid_until", None),
        came_from=came_from,
        evidence=evidence,
        note=note,
        unreadable=any(isinstance(value, Erased) for value in (came_from, evidence, note)),
        sent=sent,
    )


def partner_in(record: UUID, merge: Merge | None) -> UUID | None:
    """Return the other record of the merge."""
    if merge is None:
        return None
    return merge.survivor if record == merge.absorbed else merge.absorbed


def what_of(recorded: Recorded[Event], answers: Consents) -> What:
    if any(answer.event == recorded.id and answer.merge is not None for answer in answers.answers):
        return "withheld"
    match recorded.event:
        case ConsentWithholdingEnded():
            return "withholding-ended"
        case ConsentRequested():
            return "requested"
        case ConsentGiven() as given:
            return "renewed" if was_living(answers, given, recorded.at) else "given"
        case ConsentRefused():
            return "refused"
        case ConsentWithdrawn(method=method):
            return "erased" if method == ERASURE else "withdrawn"
        case _:
            return "expired"


def was_living(answers: Consents, given: ConsentGiven, at: datetime) -> bool:
    """Return whether earlier answers already allowed the yes's purpose on any of its channels."""
    before = Consents(tuple(answer for answer in answers.answers if answer.at < at and answer.merge is None))
    return any(isinstance(may(before, given.purpose, channel, at), UUID) for channel in given.channels)


def notice_of(event: Answering) -> Notice | None:
    if not isinstance(event, ConsentRequested | ConsentGiven | ConsentRefused):
        return None
    sha256, language = getattr(event, "notice_sha256", None), getattr(event, "language", None)
    return Notice(event.notice, event.notice_version, sha256, language)


def stand(lines: Iterable[Line], purpose: str, channel: str, at: datetime) -> Stand | None:
    """Return the status of the purpose on the channel at that time; None where there is no answer.

    The newest answer decides; of several at the same moment one that forbids wins over one that allows.
    """
    reached = [line for line in lines if line.is_about(purpose, channel) and line.at <= at]
    stands = [(line, status) for line in reached if (status := status_of(line, at))]
    newest = max((line.at for line, _ in stands), default=None)
    decisive = [(line, status) for line, status in stands if line.at == newest]
    if not decisive:
        return None
    line, status = min(decisive, key=decides)
    return Stand(channel, status, line.at, line.event, line.merged_with)


def decides(deciding: tuple[Line, Standing]) -> tuple[bool, float, UUID]:
    """Of several at the same moment: a no, then what is withheld, as the survivor's record says it, then a yes."""
    line, status = deciding
    withheld_last = 0 if status != "withheld" else 1 / line.position  # the survivor's stands behind the absorbed one's
    return status == "given", withheld_last, line.event


def status_of(line: Line, at: datetime) -> Standing | None:
    """Return the status that the line states at that time; None where it states none. A yes ends on its own date."""
    match line.what:
        case "given" | "renewed":
            return "expired" if line.valid_until is not None and line.valid_until <= at else "given"
        case "requested" | "expired" | "withholding-ended":
            return None
        case "withheld":
            return None if line.lifted_at is not None and line.lifted_at <= at else "withheld"
        case answered:
            return answered
