"""A candidate takes a consent back, which is never refused."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.addresses import LOAD, WithAddresses, shut_out
from commands.verb import Events, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate, CandidateDoesNotExist, ProcessingIsRestricted
from domain.codes import UNKNOWN, Code
from domain.consent import RESERVED_METHODS, ConsentIsMissing, ConsentWithdrawn, WithdrawalMethodIsReserved, withdrawal
from domain.purposes import ChannelIsUnknown, PurposeIsUnknown, require_channels, require_purpose
from domain.suppression import Suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawConsent(WithAddresses):
    """Withdraw a consent, also one that is not recorded: an older consent may still arrive later. If no consent is left
    then, the candidate's addresses are suppressed, and only the candidate can release them.

    candidate: the candidate's stream. purpose: a purpose of the list. channels: channels of the list; empty: all,
    so that nothing of the purpose is left. method: how the candidate withdrew it.
    because_of: the touchpoint that withdrew it. reason: free text, personal, sealed.
    """

    candidate: UUID
    purpose: Code
    channels: tuple[Code, ...] = ()
    method: Code = UNKNOWN
    because_of: UUID | None = None
    reason: str | None = None

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
