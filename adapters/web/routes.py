"""The table of contents: everything that can be asked of Perennial, one line a route."""

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
from adapters.web.framework.page import PageRoute
from adapters.web.framework.query_runner import MetricRoute
from commands.accept_offer import AcceptOffer
from commands.accept_referral import AcceptReferral
from commands.add_prospect import AddProspect
from commands.ask_for_referral import AskForReferral
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.cancel_opening import CancelOpening
from commands.close_requisition import CloseRequisition
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
from queries.engagement import engagement
from queries.pipeline_growth import pipeline_growth
from queries.source_of_hire import source_of_hire
from queries.stage_conversion import stage_conversion
from queries.time_in_stage import time_in_stage
from queries.time_to_fill import time_to_fill
from queries.time_to_hire import time_to_hire
from queries.touchpoint_counts import touchpoint_counts

COMMANDS = (
    CommandRoute("/v1/candidates", Action.WRITE_PEOPLE, SourceCandidate, makes="candidate"),
    CommandRoute("/v1/referrals", Action.WRITE_PEOPLE, ReferCandidate, makes="candidate"),
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
    MetricRoute("/v1/metrics/pipeline-growth", Action.READ_METRICS, pipeline_growth, PIPELINE),
    MetricRoute("/v1/metrics/engagement", Action.READ_METRICS, engagement, ENGAGEMENT),
    MetricRoute("/v1/metrics/time-to-fill", Action.READ_METRICS, time_to_fill, OPENINGS),
    MetricRoute("/v1/metrics/touchpoints", Action.READ_METRICS, touchpoint_counts, TOUCHPOINT_COUNTS),
    MetricRoute("/v1/metrics/stage-conversion", Action.READ_METRICS, stage_conversion, APPLICATIONS),
    MetricRoute("/v1/metrics/time-in-stage", Action.READ_METRICS, time_in_stage, APPLICATIONS),
    MetricRoute("/v1/metrics/time-to-hire", Action.READ_METRICS, time_to_hire, APPLICATIONS),
    MetricRoute("/v1/metrics/source-of-hire", Action.READ_METRICS, source_of_hire, APPLICATIONS),
)

PAGES = (
    PageRoute("/v1/candidates", Action.READ_PEOPLE, DirectoryEndpoints, DirectoryEndpoints.candidates),
    PageRoute(
        "/v1/candidates/find",
        Action.READ_PEOPLE,
        DirectoryEndpoints,
        DirectoryEndpoints.candidates_of_address,
        method="POST",
    ),
    PageRoute("/v1/duplicates", Action.READ_PEOPLE, DirectoryEndpoints, DirectoryEndpoints.duplicates),
    PageRoute("/v1/candidates/{candidate}", Action.READ_PEOPLE, CandidateEndpoints, CandidateEndpoints.profile),
    PageRoute(
        "/v1/candidates/{candidate}/summary", Action.READ_PSEUDONYMS, CandidateEndpoints, CandidateEndpoints.summary
    ),
    PageRoute(
        "/v1/candidates/{candidate}/timeline", Action.READ_PSEUDONYMS, CandidateEndpoints, CandidateEndpoints.timeline
    ),
    PageRoute("/v1/candidates/{candidate}/consents", Action.READ_CONSENTS, ConsentEndpoints, ConsentEndpoints.consents),
    PageRoute("/v1/expiring-consents", Action.READ_CONSENTS, ConsentEndpoints, ConsentEndpoints.consents_expiring),
    PageRoute("/v1/consents/{event}/receipt", Action.READ_CONSENTS, ReceiptEndpoints, ReceiptEndpoints.consent_receipt),
    PageRoute(
        "/v1/consents/{event}/receipt.html",
        Action.READ_CONSENTS,
        ReceiptEndpoints,
        ReceiptEndpoints.consent_receipt_page,
    ),
    PageRoute(
        "/v1/candidates/{candidate}/subject-access-report",
        Action.EXPORT_SUBJECT,
        SubjectAccessEndpoints,
        SubjectAccessEndpoints.subject_access,
        method="POST",
    ),
    PageRoute(
        "/v1/candidates/{candidate}/subject-access-report.html",
        Action.EXPORT_SUBJECT,
        SubjectAccessEndpoints,
        SubjectAccessEndpoints.subject_access_page,
        method="POST",
    ),
    PageRoute("/v1/due-erasures", Action.ERASE, RetentionEndpoints, RetentionEndpoints.retention),
    PageRoute("/v1/audit/dispatches", Action.AUDIT, DispatchEndpoints, DispatchEndpoints.audit_dispatches),
    PageRoute(
        "/v1/candidates/{candidate}/erase",
        Action.ERASE,
        ErasureEndpoints,
        ErasureEndpoints.erase_candidate,
        method="POST",
    ),
    PageRoute("/v1/erasures/{candidate}", Action.ERASE, ErasureEndpoints, ErasureEndpoints.erasure),
    PageRoute("/v1/erasure-proposals", Action.ERASE, ErasureEndpoints, ErasureEndpoints.erasure_proposals),
    PageRoute(
        "/v1/candidates/{candidate}/erasure-proposals/{proposal}/accept",
        Action.ERASE,
        ErasureEndpoints,
        ErasureEndpoints.accept_erasure_proposal,
        method="POST",
    ),
    PageRoute("/v1/addresses/release", Action.ERASE, AddressEndpoints, AddressEndpoints.release_address, method="POST"),
    PageRoute(
        "/v1/candidates/{candidate}/communities",
        Action.READ_PSEUDONYMS,
        BelongingEndpoints,
        BelongingEndpoints.candidate_communities,
    ),
    PageRoute(
        "/v1/communities/{community}/members",
        Action.READ_PSEUDONYMS,
        BelongingEndpoints,
        BelongingEndpoints.community_members,
    ),
    PageRoute(
        "/v1/referrers/{referrer}/referrals",
        Action.READ_PSEUDONYMS,
        BelongingEndpoints,
        BelongingEndpoints.referrals_made,
    ),
    PageRoute(
        "/v1/touchpoints/bulk", Action.WRITE_PEOPLE, BulkEndpoints, BulkEndpoints.record_touchpoints, method="POST"
    ),
    PageRoute("/v1/imports", Action.IMPORT, ImportEndpoints, ImportEndpoints.import_file, method="POST"),
    PageRoute("/v1/imports", Action.IMPORT, ImportEndpoints, ImportEndpoints.imports),
    PageRoute("/v1/imports/{import_id}", Action.IMPORT, ImportEndpoints, ImportEndpoints.imported),
    PageRoute(
        "/v1/imports/{import_id}", Action.IMPORT, ImportEndpoints, ImportEndpoints.remove_import, method="DELETE"
    ),
    PageRoute(
        "/v1/imports/{import_id}/rejected-lines",
        Action.IMPORT,
        ImportEndpoints,
        ImportEndpoints.rejected_lines,
        method="POST",
    ),
    PageRoute("/v1/changes", Action.FOLLOW, ChangeEndpoints, ChangeEndpoints.changes),
    PageRoute("/v1/audit/accesses", Action.AUDIT, AccessEndpoints, AccessEndpoints.accesses),
    PageRoute("/v1/audit/bundles", Action.AUDIT, ProofEndpoints, ProofEndpoints.audit_bundle, method="POST"),
    PageRoute("/v1/log/checkpoint", Action.READ_PROOFS, ProofEndpoints, ProofEndpoints.log_checkpoint),
    PageRoute("/v1/log/key", Action.READ_PROOFS, ProofEndpoints, ProofEndpoints.log_key),
    PageRoute("/v1/log/tile/{level}/{path:path}", Action.READ_PROOFS, ProofEndpoints, ProofEndpoints.log_tile),
    PageRoute("/v1/log/consistency", Action.READ_PROOFS, ProofEndpoints, ProofEndpoints.log_consistency),
    PageRoute("/v1/events/{event}/proof", Action.READ_PROOFS, ProofEndpoints, ProofEndpoints.event_proof),
    PageRoute("/v1/events/{event}/content", Action.READ_EVENTS, ProofEndpoints, ProofEndpoints.event_opening),
    PageRoute("/v1/requisitions/{requisition}", Action.READ_JOBS, JobEndpoints, JobEndpoints.requisition),
    PageRoute("/v1/applications/{application}", Action.READ_JOBS, JobEndpoints, JobEndpoints.application),
    PageRoute(
        "/v1/inbound/{source}", Action.DELIVER, InboundEndpoints, InboundEndpoints.receive_delivery, method="POST"
    ),
    PageRoute("/v1/deliveries", Action.READ_DELIVERIES, DeliveryEndpoints, DeliveryEndpoints.deliveries),
    PageRoute("/v1/api-keys", Action.MANAGE_KEYS, ApiKeyEndpoints, ApiKeyEndpoints.make_api_key, method="POST"),
    PageRoute("/v1/api-keys", Action.MANAGE_KEYS, ApiKeyEndpoints, ApiKeyEndpoints.api_keys),
    PageRoute(
        "/v1/api-keys/{api_key}", Action.MANAGE_KEYS, ApiKeyEndpoints, ApiKeyEndpoints.revoke_api_key, method="DELETE"
    ),
    PageRoute("/v1/projections", Action.OPERATE, OperationEndpoints, OperationEndpoints.projections),
    PageRoute("/problems", Action.PUBLIC, OperationEndpoints, OperationEndpoints.problems),
    PageRoute("/problems/{slug}", Action.PUBLIC, OperationEndpoints, OperationEndpoints.problem),
    PageRoute("/healthz", Action.PUBLIC, OperationEndpoints, OperationEndpoints.healthz),
    PageRoute("/readyz", Action.PUBLIC, OperationEndpoints, OperationEndpoints.readyz),
    PageRoute("/metrics", Action.OPERATE, OperationEndpoints, OperationEndpoints.metrics),
)
