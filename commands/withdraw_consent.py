"""A candidate takes a consent back, which is never refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from commands.addresses import LOAD, WithAddresses, shut_out
from commands.verb import Events, Help, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist, ProcessingIsRestricted
from domain.codes import UNKNOWN, Code
from domain.consent import RESERVED_METHODS, ConsentIsMissing, ConsentWithdrawn, WithdrawalMethodIsReserved, withdrawal
from domain.purposes import ChannelIsUnknown, PurposeIsUnknown, require_channels, require_purpose
from domain.suppression import Suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawConsent(WithAddresses):
    """Withdraw a consent, also one that is not recorded: an older consent may still arrive later. If no consent is left
    then, the candidate's addresses are suppressed, and only the candidate can release them.
    """

    candidate: Annotated[UUID, Help("The candidate's stream.")]
    purpose: Annotated[Code, Help("A purpose of the catalogue.")]
    channels: Annotated[
        tuple[Code, ...], Help("Channels of the catalogue. Default: all; nothing of the purpose is left.")
    ] = ()
    method: Annotated[Code, Help("How the candidate withdrew it.")] = UNKNOWN
    because_of: Annotated[UUID | None, Help("The touchpoint by which the candidate withdrew it.")] = None
    reason: Annotated[str | None, Help("Free text; personal, sealed.")] = None

    @property
    def takes_precedence(self) -> bool:
        return True

    def answering(self) -> tuple[UUID, ...]:
        return (self.candidate,)


def decide(candidate: Candidate, suppressions: Suppressions, command: WithdrawConsent) -> Events:
    """Raises CandidateDoesNotExist, CandidateIsErased, PurposeIsUnknown, ChannelIsUnknown or
    WithdrawalMethodIsReserved."""
    if command.method in RESERVED_METHODS:
        raise WithdrawalMethodIsReserved(method=command.method)
    candidate.require_known()
    require_purpose(command.purpose)
    withdrawn = withdrawal(
        candidate.consents,
        command.purpose,
        require_channels(command.channels),
        command.occurred_at or candidate.latest(command.now),
        method=command.method,
        because_of=command.because_of,
        reason=command.reason,
    )
    answers: Events = {record: [withdrawn] for record in candidate.all_records()}
    return answers | shut_out(candidate, suppressions, [withdrawn], command)


VERB = Verb(
    WithdrawConsent,
    (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)), LOAD),
    decide,
    writes=ConsentWithdrawn,
    raises=(
        CandidateDoesNotExist,
        ChannelIsUnknown,
        ConsentIsMissing,
        ProcessingIsRestricted,
        PurposeIsUnknown,
        WithdrawalMethodIsReserved,
    ),
)
