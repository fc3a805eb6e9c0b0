"""A person recruiters keep a relationship with: how they came to us and what we believe about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain import consent, erasure_proposal, touchpoint
from domain.codes import UNKNOWN
from domain.consent import Consents, Merge
from domain.erasure_proposal import ErasureProposalDoesNotExist, Proposals
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.event import Aggregate, Clear, Erased, Event, Personal, Recorded, SealedFor
from domain.profile_facts import FactStatement
from domain.statements import Statements
from domain.temporal_property import TemporalProperty
from domain.touchpoint import Touchpoints


@dataclass(frozen=True, slots=True)
class CandidateSourced(Event):
    """We found this person, or they found us. Fixes the segments (source, role, location) that are known by then."""

    stored_name = "candidate-sourced.v1"

    source: Clear[str]
    role: Clear[str]
    location: Clear[str]
    outside_source: Clear[str | None]
    outside_id: Personal[str | None]
    name: Personal[str | None]
    emails: Personal[tuple[str, ...]]
    phones: Personal[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CandidateReferred(Event):
    """A person of the log referred this one. `referrer`: who; their words about the person are the referrer's data."""

    stored_name = "candidate-referred.v1"

    source: Clear[str]
    role: Clear[str]
    location: Clear[str]
    referrer: Clear[UUID]
    name: Personal[str | None]
    emails: Personal[tuple[str, ...]]
    phones: Personal[tuple[str, ...]]
    referrer_name: Annotated[Personal[str | None], SealedFor("referrer")]
    referrer_words: Annotated[Personal[str | None], SealedFor("referrer")]


@dataclass(frozen=True, slots=True)
class SegmentsCompleted(Event):
    """Segments that were unknown became known. 'unknown' stands for each segment that this event does not complete."""

    stored_name = "segments-completed.v1"

    source: Clear[str]
    role: Clear[str]
    location: Clear[str]


@dataclass(frozen=True, slots=True)
class ProfileFactLearned(Event):
    """One thing about the person, and where we learned it."""

    stored_name = "profile-fact-learned.v1"

    fact: Clear[str]
    learned_from: Clear[str]
    value: Personal[str]


@dataclass(frozen=True, slots=True)
class ProfileFactRetracted(Event):
    """A fact no longer holds, or never did: what this source told of it is taken back."""

    stored_name = "profile-fact-retracted.v1"

    fact: Clear[str]
    learned_from: Clear[str]
    value: Personal[str]


@dataclass(frozen=True, slots=True)
class CandidatesMerged(Event):
    """Two records are one person. Stands in both streams; each keeps its history, the survivor speaks for both."""

    stored_name = "candidates-merged.v1"

    survivor: Clear[UUID]
    absorbed: Clear[UUID]
    evidence: Clear[tuple[str, ...]]
    reason: Personal[str | None]


@dataclass(frozen=True, slots=True)
class CandidatesUnmerged(Event):
    """The two records are two people after all. Stands in both streams."""

    stored_name = "candidates-unmerged.v1"

    survivor: Clear[UUID]
    absorbed: Clear[UUID]
    reason: Personal[str | None]


@dataclass(frozen=True, slots=True)
class CommunityJoined(Event):
    """The candidate is of a talent community from then on. `by`: 'self', 'recruiter', 'import' or an integration."""

    stored_name = "community-joined.v1"

    community: Clear[UUID]
    by: Clear[str]


@dataclass(frozen=True, slots=True)
class CommunityLeft(Event):
    """The candidate left a talent community, or was taken out of it."""

    stored_name = "community-left.v1"

    community: Clear[UUID]
    by: Clear[str]
    reason: Personal[str | None]


@dataclass(frozen=True, slots=True)
class LegalHoldSet(Event):
    """What we hold about the person must be kept for a legal matter: nothing may be erased until the hold is lifted."""

    stored_name = "legal-hold-set.v1"

    matter: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class LegalHoldLifted(Event):
    """One legal matter no longer needs what we hold; another one may."""

    stored_name = "legal-hold-lifted.v1"

    matter: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ProcessingRestricted(Event):
    """We may keep what we hold about the person, and do nothing else with it."""

    stored_name = "processing-restricted.v1"

    ground: Clear[str]
    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class RestrictionLifted(Event):
    """The person's data may be worked with again."""

    stored_name = "restriction-lifted.v1"

    note: Personal[str | None]


@dataclass(frozen=True, slots=True)
class ErasureRequested(Event):
    """The person is to be erased. `by`: 'self', 'recruiter', 'retention'. From here on nothing is sent or learned."""

    stored_name = "erasure-requested.v1"

    by: Clear[str]
    ground: Clear[str]


@dataclass(frozen=True, slots=True)
class CandidateErased(Event):
    """The key of this record is destroyed, and every eraser has removed what it held: `erasers` names them.

    `request` is the event that asked for it; after `effective_by` no copy of the wrapped key can be opened either.
    """

    stored_name = "candidate-erased.v1"

    request: Clear[UUID]
    erasers: Clear[tuple[str, ...]]
    effective_by: Clear[datetime]


class CandidateDoesNotExist(NotFound):
    """Unknown candidate

    There is no candidate {candidate}.

    Source or refer the candidate first.
    """

    where = "candidate"


class CandidateIsErased(Conflict):
    """Erased candidate

    The candidate {candidate} was erased, or is being erased: nothing may be recorded about this person or sent to them.

    If the person returned on their own initiative, source them as a new candidate with 'returning'.
    """

    where = "candidate"


class ErasureWasNotRequested(NotFound):
    """No erasure requested

    No erasure of the candidate {candidate} was requested.

    Request the erasure; its completion is recorded automatically.
    """

    where = "candidate"


ERASURES_ASKED_BY = ("self", "recruiter", "retention")
"""Who may request an erasure: the person, a recruiter, or the retention rule."""


class RequesterIsUnknown(Invalid):
    """Unknown requester of an erasure

    '{by}' is not a requester of erasures.

    Use one of: {known}.
    """

    stored_rule = "erasure-is-asked-by-nobody"

    where = "by"


class UnmergeCannotBeDatedBack(Invalid):
    """Backdated unmerge

    An unmerge takes effect when it is decided and cannot have an earlier date.

    Leave the time out.
    """

    where = "occurred_at"


class ErasureCannotBeDatedBack(Invalid):
    """Backdated erasure

    An erasure takes effect when it is requested and cannot have an earlier date.

    Leave the time out.
    """

    where = "occurred_at"


class LegalHoldStands(Conflict):
    """Legal hold

    The data of the candidate {candidate} must be kept for the legal matter '{matter}'.

    Lift the hold once the matter no longer needs it, then erase.
    """

    where = "candidate"


class LegalHoldIsNotSet(Conflict):
    """No such legal hold

    The candidate {candidate} has no legal hold for the matter '{matter}'.

    Name the matter as when the hold was set.
    """

    where = "matter"


class ProcessingIsRestricted(Conflict):
    """Processing restricted

    Processing is restricted for the candidate {candidate}: their data is kept, and nothing may be sent.

    Do not send. Lift the restriction first, once its ground no longer applies.
    """

    where = "candidate"


class ProcessingIsNotRestricted(Conflict):
    """No restriction to lift

    Processing is not restricted for the candidate {candidate}.

    Nothing needs to be lifted.
    """

    where = "candidate"


class CandidateWasMerged(Conflict):
    """Candidate merged into another

    The candidate {candidate} was merged into {survivor}, the record in use.

    Send the request for {survivor}, or undo the merge.
    """

    where = "candidate"


class CandidateCannotBeMergedWithItself(Invalid):
    """Merge of a candidate with itself

    The candidate {candidate} is named twice.

    Name the two records that are one person.
    """

    where = "absorbed"


class CandidatesAreNotMerged(Conflict):
    """No such merge

    The candidate {absorbed} is not merged into {candidate}.

    Name the two records as in the merge.
    """

    where = "absorbed"


class MergeCannotBeDatedBack(Invalid):
    """Backdated merge

    A merge takes effect when it is decided and cannot have an earlier date.

    Leave the time out.
    """

    where = "occurred_at"


class CandidateExistsAlready(Conflict):
    """Candidate already exists

    The candidate {candidate} already exists.

    Record new information as a touchpoint (a further referral is 'referral-accepted') or as a profile fact.
    """

    where = "candidate"


class SegmentIsKnown(Conflict):
    """Segment already known

    The {field} of the candidate {candidate} is known: '{value}'. A segment that is known never changes.

    Leave {field} out.
    """


class NoSegmentIsStated(Invalid):
    """No segment stated

    The request states no segment: source, role and location are left out or 'unknown'.

    State at least one of them.
    """

    where = "source"


class ProfileFactWasNotTold(Conflict):
    """No such profile fact

    The source {learned_from} has not stated this value of {fact}.

    Look the profile up, and retract a value under the source that stated it.
    """

    where = "value"


class CandidateIsNotInCommunity(Conflict):
    """Not a member of the community

    The candidate was not in the community {community} at {at}.

    Name a community that the candidate had joined by then.
    """

    where = "community"


class NothingNamesTheCandidate(Invalid):
    """Candidate without a name or address

    The request has nothing that a search could find the candidate by.

    Send a name, an e-mail address, a telephone number, or outside_source with outside_id.
    """

    where = "name"


class CandidateCannotReferThemselves(Invalid):
    """Self-referral

    The candidate {candidate} is also named as the referrer.

    Name the person who made the referral, or source the candidate instead.
    """

    where = "referrer"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What decisions about a person need to know.

    `source`, `role` and `location` are the segments; `entry_source` is the source as of the entry, which states what is
    known of the person from there. `telling` has the events that tell of the profile, in the order in which we learned
    them; `communities` whether it was in each community. Whatever the command did not ask to read is empty.
    `merged_into` and `absorbed` are the records that this one was merged with; `speaker` is the record that speaks
    for the whole person, None where it is this one. `consents` are those of the whole person.
    `erasure` is the event that asked for this record to be erased, `erased` whether that is completed; `holds` are the
    legal matters that need it, and `restriction` is whether its processing was restricted. `proposals` are those to
    erase it. `others` are the other records of the person. `newest_merge` is the newest merge of this record that is
    known, undone or not.
    """

    id: UUID
    exists: bool = False
    source: str = UNKNOWN
    role: str = UNKNOWN
    location: str = UNKNOWN
    entry_source: str = UNKNOWN
    telling: Statements = field(default_factory=Statements)
    communities: Mapping[UUID, TemporalProperty[bool]] = field(default_factory=dict)
    consents: Consents = field(default_factory=Consents)
    touchpoints: Touchpoints = ()
    merged_into: UUID | None = None
    absorbed: frozenset[UUID] = frozenset()
    newest_merge: Merge | None = None
    speaker: UUID | None = None
    erasure: UUID | None = None
    erased: bool = False
    holds: frozenset[str] = frozenset()
    restriction: TemporalProperty[bool] = field(default_factory=TemporalProperty)
    proposals: Proposals = field(default_factory=dict)
    records: Mapping[UUID, Candidate] = field(default_factory=dict)

    def require_record(self) -> None:
        """Require that there is or was such a person. Raises CandidateDoesNotExist."""
        if not self.exists:
            raise CandidateDoesNotExist(candidate=self.id)

    def require_known(self) -> None:
        """Raises CandidateDoesNotExist, or CandidateIsErased from the request on."""
        self.require_record()
        if self.erasure is not None:
            raise CandidateIsErased(candidate=self.id)

    def require_free(self) -> None:
        """Raises LegalHoldStands where any record of the person is held."""
        matters = sorted(matter for record in (self, *self.records.values()) for matter in record.holds)
        if matters:
            raise LegalHoldStands(candidate=self.id, matter=matters[0])

    def proposed_on(self, proposal: UUID) -> UUID:
        """Return the record of the person on which an open proposal to erase them stands.

        Raises CandidateDoesNotExist, ErasureProposalDoesNotExist, CandidateIsErased or ErasureProposalIsDecided.
        """
        self.require_record()
        records = {record: self.records.get(record, self).proposals for record in self.all_records()}
        named = next((record for record, proposals in records.items() if proposal in proposals), None)
        if named is None:
            raise ErasureProposalDoesNotExist(candidate=self.id, proposal=proposal)
        self.require_known()
        records[named][proposal].require_open(self.id)
        return named

    def require_hold(self, matter: str) -> None:
        """Raises LegalHoldIsNotSet where no record of the person is held for it."""
        if all(matter not in record.holds for record in (self, *self.records.values())):
            raise LegalHoldIsNotSet(candidate=self.id, matter=matter)

    def is_restricted(self, at: datetime) -> bool:
        """Return whether the processing of the person's data was restricted at that time, in any of their records."""
        return any(record.restriction.at(at) for record in (self, *self.records.values()))

    def require_unrestricted(self, *moments: datetime) -> None:
        """Raises ProcessingIsRestricted, where it was so at any of these times."""
        if any(self.is_restricted(moment) for moment in moments):
            raise ProcessingIsRestricted(candidate=self.id)

    def may(self, purpose: str, channel: str, at: datetime) -> UUID | Refused:
        """Return the consent event that allows a send at that time, or the refusal. A restriction comes first."""
        if self.is_restricted(at):
            return ProcessingIsRestricted(candidate=self.id)
        return consent.may(self.consents, purpose, channel, at)

    def latest(self, now: datetime) -> datetime:
        """Now, or the time of the person's newest answer or restriction where that is later: what was recorded while
        a command was in progress counts, whenever the command began."""
        records = (self, *self.records.values())
        restricted = (turn.at for record in records for turn in record.restriction.turns[-1:])
        return max((now, *restricted, *(answer.at for answer in self.consents.answers[-1:])))

    def require_sendable(
        self, purpose: str | None, channel: str, now: datetime, by: datetime, stated: datetime | None
    ) -> UUID | None:
        """Return the consent event that allows a send at the time stated (None: now); None where none is needed.

        The send must be allowed at that time, now with all that is known by now, and until `by`, when it is recorded
        at the latest. So a backdated send neither precedes a no nor is recorded after the end of the consent.
        Raises the refusal at one of these times: ProcessingIsRestricted, or a refusal of `consent.may`.
        """
        latest = self.latest(now)
        moments = now, latest, by, stated or latest
        self.require_unrestricted(*moments)
        if purpose is None:
            return None
        return [consent.require_consent(self.consents, purpose, channel, moment) for moment in moments][-1]

    def all_records(self) -> tuple[UUID, ...]:
        """Return every record of the person, this one first. A no is in all of them, and so outlives their merges."""
        return (self.id, *sorted(self.records.keys() - {self.id}))

    def require_speaking(self) -> None:
        """Raises CandidateDoesNotExist, CandidateIsErased, or CandidateWasMerged."""
        self.require_known()
        if self.speaker is not None:
            raise CandidateWasMerged(candidate=self.id, survivor=self.speaker)

    def everything_told(self) -> tuple[FactStatement, ...]:
        """Return every statement about this record, in the form of the profile's rules."""
        return tuple(statement for recorded in self.telling for statement in told_by(recorded))

    def told(self, fact: str, learned_from: str, value: str, by: datetime) -> tuple[FactStatement, ...]:
        """Return the statements by that time that decide whether the source states this value."""
        return tuple(statement for statement in self.telling.of(fact, learned_from, value) if statement.at <= by)

    def membership(self, community: UUID) -> TemporalProperty[bool]:
        """Return whether the candidate was in the community, over time."""
        return self.communities.get(community, TemporalProperty())

    def segments(self) -> dict[str, str]:
        """Return the segments by name."""
        return {"source": self.source, "role": self.role, "location": self.location}

    def lacks(self, source: str, role: str, location: str) -> bool:
        """Return whether these values make a segment known that is unknown."""
        pairs = zip(self.segments().values(), (source, role, location), strict=True)
        return any(segment == UNKNOWN and stated != UNKNOWN for segment, stated in pairs)

    def require_new(self) -> None:
        """Raises CandidateExistsAlready, or CandidateIsErased."""
        if self.exists:
            self.require_known()
            raise CandidateExistsAlready(candidate=self.id)


def evolve(candidate: Candidate, recorded: Recorded[Event]) -> Candidate:
    """Return the candidate after one more event. An event without a meaning for candidates changes nothing."""
    match recorded.event:
        case CandidateSourced() | CandidateReferred() as event if not candidate.exists:
            return replace(
                candidate,
                exists=True,
                source=event.source,
                role=event.role,
                location=event.location,
                entry_source=event.source,
                telling=candidate.telling.plus(recorded, told_by(recorded)),
            )
        case SegmentsCompleted(source=source, role=role, location=location):
            return replace(
                candidate,
                source=first_known(candidate.source, source),
                role=first_known(candidate.role, role),
                location=first_known(candidate.location, location),
            )
        case ProfileFactLearned() | ProfileFactRetracted():
            return replace(candidate, telling=candidate.telling.plus(recorded, told_by(recorded)))
        case CommunityJoined(community=community) | CommunityLeft(community=community) as event:
            turned = candidate.membership(community).turned(recorded.at, isinstance(event, CommunityJoined))
            return replace(candidate, communities={**candidate.communities, community: turned})
        case touchpoint.TouchpointRecorded() | touchpoint.TouchpointCorrected():
            return replace(candidate, touchpoints=touchpoint.evolve(candidate.touchpoints, recorded))
        case event if isinstance(event, consent.EVENTS):
            return replace(candidate, consents=consent.evolve(candidate.consents, recorded, candidate.newest_merge))
        case CandidatesMerged(absorbed=absorbed, survivor=survivor):
            candidate = replace(candidate, newest_merge=Merge(survivor, absorbed))
            if absorbed == recorded.stream:
                return replace(candidate, merged_into=survivor)
            return replace(candidate, absorbed=candidate.absorbed | {absorbed})
        case CandidatesUnmerged(absorbed=absorbed, survivor=survivor):
            consents = consent.parted(candidate.consents, Merge(survivor, absorbed))
            if absorbed == recorded.stream:
                return replace(candidate, consents=consents, merged_into=None)
            return replace(candidate, consents=consents, absorbed=candidate.absorbed - {absorbed})
        case LegalHoldSet(matter=matter):
            return replace(candidate, holds=candidate.holds | {matter})
        case LegalHoldLifted(matter=matter):
            return replace(candidate, holds=candidate.holds - {matter})
        case ProcessingRestricted() | RestrictionLifted() as event:
            turned = candidate.restriction.turned(recorded.at, isinstance(event, ProcessingRestricted))
            return replace(candidate, restriction=turned)
        case event if isinstance(event, erasure_proposal.EVENTS):
            return replace(candidate, proposals=erasure_proposal.evolve(candidate.proposals, recorded))
        case ErasureRequested() if candidate.erasure is None:
            return replace(candidate, erasure=recorded.id)
        case CandidateErased():
            return replace(candidate, erased=True)
        case _:
            return candidate


def first_known(segment: str, stated: str) -> str:
    """Return the segment after a value of it was stated."""
    return stated if segment == UNKNOWN else segment


def told_by(recorded: Recorded[Event]) -> Iterator[FactStatement]:
    """Yield what an event states of a profile: one fact, or the facts known at the entry, from its source."""
    event = recorded.event
    if isinstance(event, CandidateSourced | CandidateReferred):
        yield from entry_told(recorded, event)
    elif isinstance(event, ProfileFactLearned | ProfileFactRetracted):
        yield FactStatement(
            fact=event.fact,
            learned_from=event.learned_from,
            value=event.value,
            at=recorded.at,
            record=recorded.stream,
            event=recorded.id,
            position=recorded.position,
            retracted=isinstance(event, ProfileFactRetracted),
        )


def entry_told(recorded: Recorded[Event], event: CandidateSourced | CandidateReferred) -> Iterator[FactStatement]:
    named = () if event.name is None else (event.name,)
    for fact, values in (("name", named), ("email", event.emails), ("phone", event.phones)):
        for value in (values,) if isinstance(values, Erased) else values:
            yield FactStatement(fact, event.source, value, recorded.at, recorded.stream, recorded.id, recorded.position)


def linked_records(candidate: Candidate) -> frozenset[UUID]:
    """Return the records with which this one is merged directly."""
    return candidate.absorbed if candidate.merged_into is None else candidate.absorbed | {candidate.merged_into}


def person(candidate: Candidate, of: Callable[[UUID], Candidate]) -> Candidate:
    """Return the candidate as the whole person: the answers of all records, and the record that speaks for them.

    Everything else stays with each record, in `records`.
    """
    records: dict[UUID, Candidate] = {}
    waiting = list(linked_records(candidate))
    while waiting:
        record = waiting.pop()
        if record not in records:
            records[record] = of(record)
            waiting += linked_records(records[record])
    if not records:
        return candidate
    answers = [candidate.consents, *(record.consents for record in records.values())]
    return replace(candidate, consents=consent.together(answers), speaker=speaker(candidate, records), records=records)


def sides(records: Mapping[UUID, Candidate], merge: Merge) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Return the two persons that an undone merge leaves: first the survivor's records, then the absorbed one's.

    records: all records of the person, each on its own.
    """
    below, waiting = {merge.absorbed}, [merge.absorbed]
    while waiting:
        linked = linked_records(records[waiting.pop()]) - below - {merge.survivor}
        below |= linked
        waiting += linked
    return frozenset(records.keys() - below), frozenset(below)


def speaker(candidate: Candidate, records: Mapping[UUID, Candidate]) -> UUID | None:
    """Return the record that was merged into no other; None where it is the candidate's own."""
    root = candidate.merged_into
    while root is not None and (above := records[root].merged_into) is not None:
        root = above
    return root


CANDIDATE = Aggregate("candidate", Candidate, evolve, linked_records, person)

ENTRIES: tuple[type[Event], ...] = (CandidateSourced, CandidateReferred, ErasureRequested, CandidateErased)
"""The events that make a candidate, and that end one."""

SEGMENTS: tuple[type[Event], ...] = (*ENTRIES, SegmentsCompleted)
"""The events that tell the segments of a candidate."""

FACTS: tuple[type[Event], ...] = (ProfileFactLearned, ProfileFactRetracted)
"""The events that tell of a profile after the entry."""

MEMBERSHIPS: tuple[type[Event], ...] = (CommunityJoined, CommunityLeft)
"""The events of a candidate's communities."""

MERGES: tuple[type[Event], ...] = (CandidatesMerged, CandidatesUnmerged)
"""The events that tell which records are one person."""

HOLDS: tuple[type[Event], ...] = (LegalHoldSet, LegalHoldLifted)
"""The events that keep a candidate from being erased."""

ANSWERS: tuple[type[Event], ...] = (
    consent.ConsentGiven,
    consent.ConsentRefused,
    consent.ConsentWithdrawn,
    consent.ConsentWithheld,
    consent.ConsentWithholdingEnded,
    ProcessingRestricted,
    RestrictionLifted,
    *MERGES,
)
"""The events that the gate of a send reads: a person's answers and restrictions, in whichever of their records."""
