"""A person is to vanish: nothing is sent to them or learned of them any more, and what they allowed is withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, WithAddresses
from commands.verb import CLOCKS_DIFFER_BY, Events, Help, Load, Verb
from domain.candidate import (
    ANSWERS,
    CANDIDATE,
    ENTRIES,
    ERASURES_ASKED_BY,
    HOLDS,
    Candidate,
    CandidateDoesNotExist,
    ErasureCannotBeDatedBack,
    ErasureRequested,
    LegalHoldStands,
    ProcessingIsRestricted,
    RequesterIsUnknown,
)
from domain.codes import Code
from domain.consent import ERASURE, ConsentIsMissing, allowed_channels, withdrawal
from domain.event import Event
from domain.purposes import PURPOSES, ChannelIsUnknown, PurposeIsUnknown
from domain.suppression import ERASED, Suppressions, suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestErasure(WithAddresses):
    """Request the erasure of a person in all of their records.

    It withdraws their consents and suppresses their addresses, which only the person can release.
    """

    candidate: Annotated[UUID, Help("Any record of the person.")]
    by: Annotated[Code, Help("The requester: 'self', 'recruiter' or 'retention'.")] = "self"
    ground: Annotated[Code, Help("The ground, such as 'art-17', 'consent-withdrawn' or 'retention-period-over'.")] = (
        "art-17"
    )

    @property
    def takes_precedence(self) -> bool:
        return True

    def answering(self) -> tuple[UUID, ...]:
        return (self.candidate,)


def decide(candidate: Candidate, of_addresses: Suppressions, command: RequestErasure) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, LegalHoldStands, RequesterIsUnknown,
    ErasureCannotBeDatedBack.
    """
    if command.by not in ERASURES_ASKED_BY:
        raise RequesterIsUnknown(by=command.by, known=", ".join(ERASURES_ASKED_BY))
    candidate.require_known()
    candidate.require_free()
    if command.moment < command.now - CLOCKS_DIFFER_BY:
        raise ErasureCannotBeDatedBack
    living = [purpose for purpose in PURPOSES if allowed_channels(candidate.consents, purpose, command.moment)]
    taken_back = [withdrawal(candidate.consents, code, (), command.moment, method=ERASURE) for code in living]
    events: list[Event] = [ErasureRequested(command.by, command.ground), *taken_back]
    shut_out = suppressions(of_addresses, command.addresses, ERASED)
    return {**dict.fromkeys(candidate.all_records(), events), **shut_out}


VERB = Verb(
    RequestErasure,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS, *HOLDS)), LOAD),
    decide,
    writes=ErasureRequested,
    raises=(
        CandidateDoesNotExist,
        ChannelIsUnknown,
        ConsentIsMissing,
        ErasureCannotBeDatedBack,
        RequesterIsUnknown,
        LegalHoldStands,
        ProcessingIsRestricted,
        PurposeIsUnknown,
    ),
)
