"""The table of contents: every route of the API, one line each."""

from __future__ import annotations

from adapters.access.policy import Action
from adapters.web.endpoints.accesses import AccessEndpoints
from adapters.web.endpoints.addresses import AddressEndpoints
from adapters.web.endpoints.api_keys import ApiKeyEndpoints
from adapters.web.endpoints.belonging import BelongingEndpoints
from adapters.web.endpoints.bulk import BulkEndpoints
from adapters.web.endpoints.candidates import CandidateEndpoints
from adapters.web.endpoints.changes import ChangeEndpoints
from adapters.web.endpoints.consents import ConsentEndpoints
from adapters.web.endpoints.deliveries import DeliveryEndpoints
from adapters.web.endpoints.directory import DirectoryEndpoints
from adapters.web.endpoints.dispatches import DispatchEndpoints
from adapters.web.endpoints.erasures import ErasureEndpoints
from adapters.web.endpoints.imports import ImportEndpoints
from adapters.web.endpoints.inbound import InboundEndpoints
from adapters.web.endpoints.jobs import JobEndpoints
from adapters.web.endpoints.operations import OperationEndpoints
from adapters.web.endpoints.proofs import ProofEndpoints
from adapters.web.endpoints.receipts import ReceiptEndpoints
from adapters.web.endpoints.retention import RetentionEndpoints
from adapters.web.endpoints.subject_access import SubjectAccessEndpoints
from adapters.web.framework.command_service import CommandRoute
from adapters.web.framework.metric_routes import MetricRoute
from commands.accept_offer import AcceptOffer
from commands.accept_referral import AcceptReferral
from commands.add_prospect import AddProspect
from commands.ask_for_referral import AskForReferral
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.cancel_opening import CancelOpening
from commands.close_requisition import CloseRequisition
from commands.complete_segments import CompleteSegments
from commands.correct_opening_date import CorrectOpeningDate
from commands.correct_touchpoint import CorrectTouchpoint
from commands.credit_referral import CreditReferral
from commands.decline_erasure_proposal import DeclineErasureProposal
from commands.decline_offer import DeclineOffer
from commands.decline_referral import DeclineReferral
from commands.enter_stage import EnterStage
from commands.found_community import FoundCommunity
from commands.give_consent import GiveConsent
from commands.hire_candidate import HireCandidate
from commands.hold_requisition import HoldRequisition
from commands.join_community import JoinCommunity
from commands.learn_profile_fact import LearnProfileFact
from commands.leave_community import LeaveCommunity
from commands.lift_legal_hold import LiftLegalHold
from commands.lift_restriction import LiftRestriction
from commands.link_referral import LinkReferral
from commands.make_offer import MakeOffer
from commands.make_referral import MakeReferral
from commands.merge_candidates import MergeCandidates
from commands.move_back import MoveBack
from commands.open_opening import OpenOpening
from commands.open_requisition import OpenRequisition
from commands.record_touchpoint import RecordTouchpoint
from commands.refer_candidate import ReferCandidate
from commands.refuse_consent import RefuseConsent
from commands.reject_application import RejectApplication
from commands.rename_requisition import RenameRequisition
from commands.reopen_opening import ReopenOpening
from commands.reopen_requisition import ReopenRequisition
from commands.request_consent import RequestConsent
from commands.request_send import RequestSend
from commands.rescind_offer import RescindOffer
from commands.restrict_processing import RestrictProcessing
from commands.resume_requisition import ResumeRequisition
from commands.retract_profile_fact import RetractProfileFact
from commands.set_legal_hold import SetLegalHold
from commands.set_target_date import SetTargetDate
from commands.source_candidate import SourceCandidate
from commands.submit_application import SubmitApplication
from commands.transfer_application import TransferApplication
from commands.unhire_candidate import UnhireCandidate
from commands.unmerge_candidates import UnmergeCandidates
from commands.unreject_application import UnrejectApplication
from commands.withdraw_application import WithdrawApplication
from commands.withdraw_consent import WithdrawConsent
from projections.applications import APPLICATIONS
from projections.engagement import ENGAGEMENT
from projections.openings import OPENINGS
from projections.pipeline import PIPELINE
from projections.touchpoint_counts import TOUCHPOINT_COUNTS
from queries.counts import PeriodHasTooManyBuckets
from queries.engagement import WindowIsUnknown, engagement
from queries.pipeline_growth import pipeline_growth
from queries.source_of_hire import source_of_hire
from queries.stage_conversion import StagesCannotBeRead, stage_conversion
from queries.time_in_stage import time_in_stage
from queries.time_to_fill import BaselineIsNotApart, BaselineNeedsBothDays, DefinitionIsUnknown, time_to_fill
from queries.time_to_hire import time_to_hire
from queries.touchpoint_counts import touchpoint_counts

COMMANDS = (
    CommandRoute("/v1/candidates", Action.WRITE_PEOPLE, SourceCandidate, makes="candidate"),
    CommandRoute("/v1/referrals", Action.WRITE_PEOPLE, ReferCandidate, makes="candidate"),
    CommandRoute("/v1/candidates/{candidate}/segments/complete", Action.WRITE_PEOPLE, CompleteSegments),
    CommandRoute("/v1/candidates/{candidate}/profile-facts", Action.WRITE_PEOPLE, LearnProfileFact),
    CommandRoute("/v1/candidates/{candidate}/profile-facts/retract", Action.WRITE_PEOPLE, RetractProfileFact),
    CommandRoute("/v1/communities", Action.WRITE_PEOPLE, FoundCommunity, makes="community"),
    CommandRoute("/v1/candidates/{candidate}/communities/{community}/join", Action.WRITE_PEOPLE, JoinCommunity),
    CommandRoute("/v1/candidates/{candidate}/communities/{community}/leave", Action.WRITE_PEOPLE, LeaveCommunity),
    CommandRoute("/v1/referral-requests", Action.WRITE_PEOPLE, AskForReferral, makes="referral"),
    CommandRoute("/v1/candidates/{candidate}/referrals", Action.WRITE_PEOPLE, MakeReferral, makes="referral"),
    CommandRoute("/v1/referrals/{referral}/accept", Action.WRITE_PEOPLE, AcceptReferral),
    CommandRoute("/v1/referrals/{referral}/decline", Action.WRITE_PEOPLE, DeclineReferral),
    CommandRoute("/v1/referrals/{referral}/link", Action.WRITE_PEOPLE, LinkReferral),
    CommandRoute("/v1/referrals/{referral}/credit", Action.WRITE_PEOPLE, CreditReferral),
    CommandRoute("/v1/candidates/{candidate}/merge", Action.WRITE_PEOPLE, MergeCandidates),
    CommandRoute("/v1/candidates/{candidate}/unmerge", Action.WRITE_PEOPLE, UnmergeCandidates),
    CommandRoute("/v1/candidates/{candidate}/touchpoints", Action.WRITE_PEOPLE, RecordTouchpoint, makes="touchpoint"),
    CommandRoute("/v1/candidates/{candidate}/touchpoints/{touchpoint}/correct", Action.WRITE_PEOPLE, CorrectTouchpoint),
    CommandRoute("/v1/candidates/{candidate}/sends", Action.WRITE_PEOPLE, RequestSend, makes="touchpoint"),
    CommandRoute("/v1/candidates/{candidate}/consents", Action.WRITE_CONSENTS, GiveConsent),
    CommandRoute("/v1/candidates/{candidate}/consents/{purpose}/request", Action.WRITE_CONSENTS, RequestConsent),
    CommandRoute("/v1/candidates/{candidate}/consents/{purpose}/refuse", Action.WRITE_CONSENTS, RefuseConsent),
    CommandRoute("/v1/candidates/{candidate}/consents/{purpose}/withdraw", Action.WRITE_CONSENTS, WithdrawConsent),
    CommandRoute(
        "/v1/candidates/{candidate}/erasure-proposals/{proposal}/decline", Action.ERASE, DeclineErasureProposal
    ),
    CommandRoute("/v1/candidates/{candidate}/legal-holds", Action.ERASE, SetLegalHold),
    CommandRoute("/v1/candidates/{candidate}/legal-holds/{matter}/lift", Action.ERASE, LiftLegalHold),
    CommandRoute("/v1/candidates/{candidate}/restrict", Action.ERASE, RestrictProcessing),
    CommandRoute("/v1/candidates/{candidate}/unrestrict", Action.ERASE, LiftRestriction),
    CommandRoute("/v1/requisitions", Action.WRITE_JOBS, OpenRequisition, makes="requisition"),
    CommandRoute("/v1/requisitions/{requisition}/openings", Action.WRITE_JOBS, OpenOpening, makes="opening"),
    CommandRoute("/v1/requisitions/{requisition}/openings/{opening}/cancel", Action.WRITE_JOBS, CancelOpening),
    CommandRoute("/v1/requisitions/{requisition}/openings/{opening}/reopen", Action.WRITE_JOBS, ReopenOpening),
    CommandRoute("/v1/requisitions/{requisition}/hold", Action.WRITE_JOBS, HoldRequisition),
    CommandRoute("/v1/requisitions/{requisition}/resume", Action.WRITE_JOBS, ResumeRequisition),
    CommandRoute("/v1/requisitions/{requisition}/close", Action.WRITE_JOBS, CloseRequisition),
    CommandRoute("/v1/requisitions/{requisition}/reopen", Action.WRITE_JOBS, ReopenRequisition),
    CommandRoute("/v1/requisitions/{requisition}/target-date", Action.WRITE_JOBS, SetTargetDate),
    CommandRoute("/v1/requisitions/{requisition}/hiring-manager", Action.WRITE_JOBS, AssignHiringManager),
    CommandRoute("/v1/requisitions/{requisition}/recruiter", Action.WRITE_JOBS, AssignRecruiter),
    CommandRoute("/v1/requisitions/{requisition}/title", Action.WRITE_JOBS, RenameRequisition),
    CommandRoute("/v1/requisitions/{requisition}/opening-date", Action.WRITE_JOBS, CorrectOpeningDate),
    CommandRoute("/v1/applications", Action.WRITE_JOBS, SubmitApplication, makes="application"),
    CommandRoute("/v1/prospects", Action.WRITE_JOBS, AddProspect, makes="application"),
    CommandRoute("/v1/applications/{application}/stage", Action.WRITE_JOBS, EnterStage),
    CommandRoute("/v1/applications/{application}/reject", Action.WRITE_JOBS, RejectApplication),
    CommandRoute("/v1/applications/{application}/withdraw", Action.WRITE_JOBS, WithdrawApplication),
    CommandRoute("/v1/applications/{application}/offer/accept", Action.WRITE_JOBS, AcceptOffer),
    CommandRoute("/v1/applications/{application}/hire", Action.WRITE_JOBS, HireCandidate),
    CommandRoute("/v1/applications/{application}/move-back", Action.WRITE_JOBS, MoveBack),
    CommandRoute("/v1/applications/{application}/unreject", Action.WRITE_JOBS, UnrejectApplication),
    CommandRoute("/v1/applications/{application}/unhire", Action.WRITE_JOBS, UnhireCandidate),
    CommandRoute("/v1/applications/{application}/offer", Action.WRITE_JOBS, MakeOffer),
    CommandRoute("/v1/applications/{application}/offer/decline", Action.WRITE_JOBS, DeclineOffer),
    CommandRoute("/v1/applications/{application}/offer/rescind", Action.WRITE_JOBS, RescindOffer),
    CommandRoute("/v1/applications/{application}/transfer", Action.WRITE_JOBS, TransferApplication),
)

METRICS = (
    MetricRoute(
        "/v1/metrics/pipeline-growth", Action.READ_METRICS, pipeline_growth, PIPELINE, raises=(PeriodHasTooManyBuckets,)
    ),
    MetricRoute("/v1/metrics/engagement", Action.READ_METRICS, engagement, ENGAGEMENT, raises=(WindowIsUnknown,)),
    MetricRoute(
        "/v1/metrics/time-to-fill",
        Action.READ_METRICS,
        time_to_fill,
        OPENINGS,
        raises=(DefinitionIsUnknown, BaselineIsNotApart, BaselineNeedsBothDays),
    ),
    MetricRoute(
        "/v1/metrics/touchpoints",
        Action.READ_METRICS,
        touchpoint_counts,
        TOUCHPOINT_COUNTS,
        raises=(PeriodHasTooManyBuckets,),
    ),
    MetricRoute(
        "/v1/metrics/stage-conversion",
        Action.READ_METRICS,
        stage_conversion,
        APPLICATIONS,
        raises=(StagesCannotBeRead,),
    ),
    MetricRoute("/v1/metrics/time-in-stage", Action.READ_METRICS, time_in_stage, APPLICATIONS),
    MetricRoute("/v1/metrics/time-to-hire", Action.READ_METRICS, time_to_hire, APPLICATIONS),
    MetricRoute("/v1/metrics/source-of-hire", Action.READ_METRICS, source_of_hire, APPLICATIONS),
)

ENDPOINT_CLASSES = (
    DirectoryEndpoints,
    CandidateEndpoints,
    ConsentEndpoints,
    ReceiptEndpoints,
    SubjectAccessEndpoints,
    RetentionEndpoints,
    DispatchEndpoints,
    ErasureEndpoints,
    AddressEndpoints,
    BelongingEndpoints,
    BulkEndpoints,
    ImportEndpoints,
    ChangeEndpoints,
    AccessEndpoints,
    ProofEndpoints,
    JobEndpoints,
    InboundEndpoints,
    DeliveryEndpoints,
    ApiKeyEndpoints,
    OperationEndpoints,
)
ENDPOINTS = tuple(endpoint for kind in ENDPOINT_CLASSES for endpoint in kind.ENDPOINTS)
