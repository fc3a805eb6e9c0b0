"""The table of contents: everything that can be asked of Perennial, one line a route."""

from __future__ import annotations

from adapters.access.policy import Action
from adapters.web.endpoints.accesses import AccessPages
from adapters.web.endpoints.addresses import AddressPages
from adapters.web.endpoints.api_keys import ApiKeyPages
from adapters.web.endpoints.belonging import BelongingPages
from adapters.web.endpoints.bulk import BulkPages
from adapters.web.endpoints.candidates import CandidatePages
from adapters.web.endpoints.changes import ChangePages
from adapters.web.endpoints.consents import ConsentPages
from adapters.web.endpoints.deliveries import DeliveryPages
from adapters.web.endpoints.directory import DirectoryPages
from adapters.web.endpoints.dispatches import DispatchPages
from adapters.web.endpoints.erasures import ErasurePages
from adapters.web.endpoints.imports import ImportPages
from adapters.web.endpoints.inbound import InboundPages
from adapters.web.endpoints.jobs import JobPages
from adapters.web.endpoints.operations import OperationPages
from adapters.web.endpoints.proofs import ProofPages
from adapters.web.endpoints.receipts import ReceiptPages
from adapters.web.endpoints.retention import RetentionPages
from adapters.web.endpoints.subject_access import SubjectAccessPages
from adapters.web.framework.asking import MetricRoute
from adapters.web.framework.commanding import CommandRoute
from adapters.web.framework.page import PageRoute
from commands.accept_offer import AcceptOffer
from commands.accept_referral import AcceptReferral
from commands.add_prospect import AddProspect
from commands.ask_for_referral import AskForReferral
from commands.assign_hiring_manager import AssignHiringManager
from commands.assign_recruiter import AssignRecruiter
from commands.cancel_opening import CancelOpening
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
    CommandRoute("/v1/candidates/{candidate}/profile-facts/retraction", Action.WRITE_PEOPLE, RetractProfileFact),
    CommandRoute("/v1/communities", Action.WRITE_PEOPLE, FoundCommunity, makes="community"),
    CommandRoute("/v1/candidates/{candidate}/communities/{community}/joining", Action.WRITE_PEOPLE, JoinCommunity),
    CommandRoute("/v1/candidates/{candidate}/communities/{community}/leaving", Action.WRITE_PEOPLE, LeaveCommunity),
    CommandRoute("/v1/referral-requests", Action.WRITE_PEOPLE, AskForReferral, makes="referral"),
    CommandRoute("/v1/candidates/{candidate}/referrals", Action.WRITE_PEOPLE, MakeReferral, makes="referral"),
    CommandRoute("/v1/referrals/{referral}/acceptance", Action.WRITE_PEOPLE, AcceptReferral),
    CommandRoute("/v1/referrals/{referral}/declination", Action.WRITE_PEOPLE, DeclineReferral),
    CommandRoute("/v1/referrals/{referral}/application", Action.WRITE_PEOPLE, LinkReferral),
    CommandRoute("/v1/referrals/{referral}/credit", Action.WRITE_PEOPLE, CreditReferral),
    CommandRoute("/v1/candidates/{candidate}/merges", Action.WRITE_PEOPLE, MergeCandidates),
    CommandRoute("/v1/candidates/{candidate}/merges/{absorbed}/undoing", Action.WRITE_PEOPLE, UnmergeCandidates),
    CommandRoute("/v1/candidates/{candidate}/touchpoints", Action.WRITE_PEOPLE, RecordTouchpoint, makes="touchpoint"),
    CommandRoute(
        "/v1/candidates/{candidate}/touchpoints/{touchpoint}/correction", Action.WRITE_PEOPLE, CorrectTouchpoint
    ),
    CommandRoute("/v1/candidates/{candidate}/sends", Action.WRITE_PEOPLE, RequestSend, makes="touchpoint"),
    CommandRoute("/v1/candidates/{candidate}/consents", Action.WRITE_CONSENTS, GiveConsent),
    CommandRoute("/v1/candidates/{candidate}/consents/{purpose}/request", Action.WRITE_CONSENTS, RequestConsent),
    CommandRoute("/v1/candidates/{candidate}/consents/{purpose}/refusal", Action.WRITE_CONSENTS, RefuseConsent),
    CommandRoute("/v1/candidates/{candidate}/consents/{purpose}/withdrawal", Action.WRITE_CONSENTS, WithdrawConsent),
    CommandRoute(
        "/v1/candidates/{candidate}/erasure-proposals/{proposal}/decline", Action.ERASE, DeclineErasureProposal
    ),
    CommandRoute("/v1/candidates/{candidate}/legal-holds", Action.ERASE, SetLegalHold),
    CommandRoute("/v1/candidates/{candidate}/legal-holds/{matter}/lifting", Action.ERASE, LiftLegalHold),
    CommandRoute("/v1/candidates/{candidate}/restriction", Action.ERASE, RestrictProcessing),
    CommandRoute("/v1/candidates/{candidate}/restriction/lifting", Action.ERASE, LiftRestriction),
    CommandRoute("/v1/requisitions", Action.WRITE_JOBS, OpenRequisition, makes="requisition"),
    CommandRoute("/v1/requisitions/{requisition}/openings", Action.WRITE_JOBS, OpenOpening, makes="opening"),
    CommandRoute("/v1/requisitions/{requisition}/openings/{opening}/cancellation", Action.WRITE_JOBS, CancelOpening),
    CommandRoute("/v1/requisitions/{requisition}/openings/{opening}/reopening", Action.WRITE_JOBS, ReopenOpening),
    CommandRoute("/v1/requisitions/{requisition}/hold", Action.WRITE_JOBS, HoldRequisition),
    CommandRoute("/v1/requisitions/{requisition}/resumption", Action.WRITE_JOBS, ResumeRequisition),
    CommandRoute("/v1/requisitions/{requisition}/target-date", Action.WRITE_JOBS, SetTargetDate),
    CommandRoute("/v1/requisitions/{requisition}/hiring-manager", Action.WRITE_JOBS, AssignHiringManager),
    CommandRoute("/v1/requisitions/{requisition}/recruiter", Action.WRITE_JOBS, AssignRecruiter),
    CommandRoute("/v1/requisitions/{requisition}/title", Action.WRITE_JOBS, RenameRequisition),
    CommandRoute("/v1/requisitions/{requisition}/opening-date", Action.WRITE_JOBS, CorrectOpeningDate),
    CommandRoute("/v1/applications", Action.WRITE_JOBS, SubmitApplication, makes="application"),
    CommandRoute("/v1/prospects", Action.WRITE_JOBS, AddProspect, makes="application"),
    CommandRoute("/v1/applications/{application}/stage", Action.WRITE_JOBS, EnterStage),
    CommandRoute("/v1/applications/{application}/rejection", Action.WRITE_JOBS, RejectApplication),
    CommandRoute("/v1/applications/{application}/withdrawal", Action.WRITE_JOBS, WithdrawApplication),
    CommandRoute("/v1/applications/{application}/offer-acceptance", Action.WRITE_JOBS, AcceptOffer),
    CommandRoute("/v1/applications/{application}/hire", Action.WRITE_JOBS, HireCandidate),
    CommandRoute("/v1/applications/{application}/stage-reversal", Action.WRITE_JOBS, MoveBack),
    CommandRoute("/v1/applications/{application}/unrejection", Action.WRITE_JOBS, UnrejectApplication),
    CommandRoute("/v1/applications/{application}/unhire", Action.WRITE_JOBS, UnhireCandidate),
    CommandRoute("/v1/applications/{application}/offer", Action.WRITE_JOBS, MakeOffer),
    CommandRoute("/v1/applications/{application}/offer-declination", Action.WRITE_JOBS, DeclineOffer),
    CommandRoute("/v1/applications/{application}/offer-rescission", Action.WRITE_JOBS, RescindOffer),
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
    PageRoute("/v1/candidates", Action.READ_PEOPLE, DirectoryPages, DirectoryPages.candidates),
    PageRoute(
        "/v1/candidate-lookups", Action.READ_PEOPLE, DirectoryPages, DirectoryPages.candidates_of_address, method="POST"
    ),
    PageRoute("/v1/duplicates", Action.READ_PEOPLE, DirectoryPages, DirectoryPages.duplicates),
    PageRoute("/v1/candidates/{candidate}", Action.READ_PEOPLE, CandidatePages, CandidatePages.profile),
    PageRoute("/v1/candidates/{candidate}/summary", Action.READ_PSEUDONYMS, CandidatePages, CandidatePages.summary),
    PageRoute("/v1/candidates/{candidate}/timeline", Action.READ_PSEUDONYMS, CandidatePages, CandidatePages.timeline),
    PageRoute("/v1/candidates/{candidate}/consents", Action.READ_CONSENTS, ConsentPages, ConsentPages.consents),
    PageRoute("/v1/consents/expiring", Action.READ_CONSENTS, ConsentPages, ConsentPages.consents_expiring),
    PageRoute("/v1/consents/{event}/receipt", Action.READ_CONSENTS, ReceiptPages, ReceiptPages.consent_receipt),
    PageRoute(
        "/v1/consents/{event}/receipt.html", Action.READ_CONSENTS, ReceiptPages, ReceiptPages.consent_receipt_page
    ),
    PageRoute(
        "/v1/candidates/{candidate}/subject-access",
        Action.EXPORT_SUBJECT,
        SubjectAccessPages,
        SubjectAccessPages.subject_access,
        method="POST",
    ),
    PageRoute(
        "/v1/candidates/{candidate}/subject-access.html",
        Action.EXPORT_SUBJECT,
        SubjectAccessPages,
        SubjectAccessPages.subject_access_page,
        method="POST",
    ),
    PageRoute("/v1/retention", Action.ERASE, RetentionPages, RetentionPages.retention),
    PageRoute("/v1/audit/dispatches", Action.AUDIT, DispatchPages, DispatchPages.audit_dispatches),
    PageRoute(
        "/v1/candidates/{candidate}/erasure",
        Action.ERASE,
        ErasurePages,
        ErasurePages.erase_candidate,
        method="POST",
    ),
    PageRoute("/v1/candidates/{candidate}/erasure", Action.ERASE, ErasurePages, ErasurePages.erasure),
    PageRoute("/v1/erasure-proposals", Action.ERASE, ErasurePages, ErasurePages.erasure_proposals),
    PageRoute(
        "/v1/candidates/{candidate}/erasure-proposals/{proposal}/accept",
        Action.ERASE,
        ErasurePages,
        ErasurePages.accept_erasure_proposal,
        method="POST",
    ),
    PageRoute("/v1/addresses/release", Action.ERASE, AddressPages, AddressPages.release_address, method="POST"),
    PageRoute(
        "/v1/candidates/{candidate}/communities",
        Action.READ_PSEUDONYMS,
        BelongingPages,
        BelongingPages.candidate_communities,
    ),
    PageRoute(
        "/v1/communities/{community}/members", Action.READ_PSEUDONYMS, BelongingPages, BelongingPages.community_members
    ),
    PageRoute(
        "/v1/referrers/{referrer}/referrals", Action.READ_PSEUDONYMS, BelongingPages, BelongingPages.referrals_made
    ),
    PageRoute("/v1/touchpoints/bulk", Action.WRITE_PEOPLE, BulkPages, BulkPages.record_touchpoints, method="POST"),
    PageRoute("/v1/imports", Action.IMPORT, ImportPages, ImportPages.import_file, method="POST"),
    PageRoute("/v1/imports", Action.IMPORT, ImportPages, ImportPages.imports),
    PageRoute("/v1/imports/{import_id}", Action.IMPORT, ImportPages, ImportPages.imported),
    PageRoute("/v1/imports/{import_id}", Action.IMPORT, ImportPages, ImportPages.remove_import, method="DELETE"),
    PageRoute(
        "/v1/imports/{import_id}/rejected", Action.IMPORT, ImportPages, ImportPages.rejected_lines, method="POST"
    ),
    PageRoute("/v1/changes", Action.FOLLOW, ChangePages, ChangePages.changes),
    PageRoute("/v1/audit/accesses", Action.AUDIT, AccessPages, AccessPages.accesses),
    PageRoute("/v1/audit/bundles", Action.AUDIT, ProofPages, ProofPages.audit_bundle, method="POST"),
    PageRoute("/v1/log/checkpoint", Action.READ_PROOFS, ProofPages, ProofPages.log_checkpoint),
    PageRoute("/v1/log/key", Action.READ_PROOFS, ProofPages, ProofPages.log_key),
    PageRoute("/v1/log/tile/{level}/{path:path}", Action.READ_PROOFS, ProofPages, ProofPages.log_tile),
    PageRoute("/v1/log/consistency", Action.READ_PROOFS, ProofPages, ProofPages.log_consistency),
    PageRoute("/v1/events/{event}/proof", Action.READ_PROOFS, ProofPages, ProofPages.event_proof),
    PageRoute("/v1/events/{event}/opening", Action.READ_EVENTS, ProofPages, ProofPages.event_opening),
    PageRoute("/v1/requisitions/{requisition}", Action.READ_JOBS, JobPages, JobPages.requisition),
    PageRoute("/v1/applications/{application}", Action.READ_JOBS, JobPages, JobPages.application),
    PageRoute("/v1/inbound/greenhouse", Action.DELIVER, InboundPages, InboundPages.greenhouse, method="POST"),
    PageRoute("/v1/deliveries", Action.READ_DELIVERIES, DeliveryPages, DeliveryPages.deliveries),
    PageRoute("/v1/api-keys", Action.MANAGE_KEYS, ApiKeyPages, ApiKeyPages.make_api_key, method="POST"),
    PageRoute("/v1/api-keys", Action.MANAGE_KEYS, ApiKeyPages, ApiKeyPages.api_keys),
    PageRoute("/v1/api-keys/{api_key}", Action.MANAGE_KEYS, ApiKeyPages, ApiKeyPages.revoke_api_key, method="DELETE"),
    PageRoute("/v1/projections", Action.OPERATE, OperationPages, OperationPages.projections),
    PageRoute("/problems", Action.PUBLIC, OperationPages, OperationPages.problems),
    PageRoute("/problems/{slug}", Action.PUBLIC, OperationPages, OperationPages.problem),
    PageRoute("/healthz", Action.PUBLIC, OperationPages, OperationPages.healthz),
    PageRoute("/readyz", Action.PUBLIC, OperationPages, OperationPages.readyz),
    PageRoute("/metrics", Action.OPERATE, OperationPages, OperationPages.metrics),
)
