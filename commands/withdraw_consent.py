"""A candidate takes a consent back, which is never refused."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commands.verb import Command, Events, Load, Verb
from domain.candidate import ANSWERS, CANDIDATE, ENTRIES, Candidate
from domain.codes import UNKNOWN, Code
from domain.consent import withdrawal
from domain.purposes import require_channels, require_purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawConsent(Command):
    """Withdraw a consent, also one that we never knew of: an older yes may still reach us later.

    candidate: the candidate's stream. purpose: a purpose of the list. channels: of the list; none named: all,
    so that nothing of the purpose is left. method: how the candidate told us.
    because_of: the touchpoint that said so. reason: free text, personal, sealed.
    """

    candidate: UUID
    purpose: Code
    channels: tuple[Code, ...] = ()
    method: Code = UNKNOWN
    because_of: UUID | None = None
    reason: str | None = None


def decide(candidate: Candidate, command: WithdrawConsent) -> Events:
    """Raises CandidateDoesNotExist, PurposeIsUnknown or ChannelIsUnknown."""
    candidate.require_known(command.candidate)
    require_purpose(command.purpose)
    withdrawn = withdrawal(
        candidate.consents,
        command.purpose,
        require_channels(command.channels),
        command.moment,
        method=command.method,
        because_of=command.because_of,
        reason=command.reason,
    )
    return {record: [withdrawn] for record in candidate.records_of(command.candidate)}


VERB = Verb(WithdrawConsent, (Load("candidate", CANDIDATE, (*ENTRIES, *ANSWERS)),), decide)
