"""Names the columns of a refusal as the file does: a refusal names a field of a command, a sender knows columns."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.intake.imports.columns import columns_of
from adapters.intake.imports.mapping import Wording
from commands.accept_offer import AcceptOffer
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.cancel_opening import CancelOpening
from commands.complete_segments import CompleteSegments
from commands.decline_offer import DeclineOffer
from commands.enter_stage import EnterStage
from commands.hire_candidate import HireCandidate
from commands.hold_requisition import HoldRequisition
from commands.learn_profile_fact import LearnProfileFact
from commands.make_offer import MakeOffer
from commands.open_opening import OpenOpening
from commands.reject_application import RejectApplication
from commands.rescind_offer import RescindOffer
from commands.resume_requisition import ResumeRequisition
from commands.withdraw_application import WithdrawApplication
from commands.withdraw_consent import WithdrawConsent
from domain.errors import Refused

Columns = Mapping[str, str]
OF_EVERY_COMMAND: Columns = {"occurred_at": "at", "outside_id": "id"}
OF_COMMANDS: Mapping[type, Columns] = {
    AcceptOffer: {"occurred_at": "accepted_at"},
    AssignHiringManager: {"user": "hiring_manager"},
    AssignRecruiter: {"user": "recruiter"},
    CancelOpening: {"occurred_at": "cancelled_at", "opening": "cancelled_openings"},
    CompleteSegments: {"occurred_at": "updated_at"},
    DeclineOffer: {"occurred_at": "declined_at", "reason": "offer_reason"},
    EnterStage: {"occurred_at": "stages", "stage": "stages"},
    HireCandidate: {"occurred_at": "ended_at"},
    HoldRequisition: {"occurred_at": "held_at"},
    LearnProfileFact: {"occurred_at": "updated_at"},
    MakeOffer: {"occurred_at": "offered_at"},
    OpenOpening: {"opening": "openings", "outside_id": "openings"},
    RejectApplication: {"occurred_at": "ended_at"},
    RescindOffer: {"occurred_at": "rescinded_at", "by": "rescinded_by", "reason": "offer_reason"},
    ResumeRequisition: {"occurred_at": "resumed_at"},
    WithdrawApplication: {"occurred_at": "ended_at"},
    WithdrawConsent: {"reason": "evidence"},
}
"""By the command the column that a field of it is read from, where the two are called differently."""
OWN_ID: Mapping[str, str] = {
    "candidates": "candidate",
    "touchpoints": "touchpoint",
    "consents": "consent",
    "requisitions": "requisition",
    "applications": "application",
}
"""What commands call the record that stands in the column `id` of its kind."""
OF_REFUSALS: Mapping[str, str] = {"target": "target_date"}
NAMING = ("field", "time")
"""The values of a refusal that name a field or a column."""


def column_of(kind: str, refusal: Refused, field: str) -> str:
    """Return our column that the field of the refused command was read from; the field itself where none was."""
    command = refusal.command
    if isinstance(command, LearnProfileFact) and field in ("fact", "value"):
        return command.column
    own = OF_COMMANDS.get(type(command), {})
    named = own.get(field) or OF_REFUSALS.get(field) or OF_EVERY_COMMAND.get(field)
    if field in own or field not in columns_of(kind):
        return "id" if field == OWN_ID[kind] else named or field
    return field


def in_words(kind: str, wording: Wording, refusal: Refused) -> Refused:
    """Return the same refusal, which speaks of columns as the file calls them."""

    def theirs(field: str) -> str:
        column = column_of(kind, refusal, field)
        return " + ".join(wording.theirs(column)) or column

    named = {key: theirs(str(value)) if key in NAMING else value for key, value in refusal.named.items()}
    again = type(refusal)(**named).leaving(refusal.leaves)
    again.where = theirs(refusal.where) if refusal.where else ""
    return again
