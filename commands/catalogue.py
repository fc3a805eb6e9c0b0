"""Every verb that Perennial understands, one line a verb."""

from __future__ import annotations

from commands import (
    accept_offer,
    add_prospect,
    cancel_opening,
    correct_touchpoint,
    enter_stage,
    give_consent,
    hire_candidate,
    learn_profile_fact,
    merge_candidates,
    open_opening,
    open_requisition,
    record_touchpoint,
    refer_candidate,
    refuse_consent,
    reject_application,
    request_send,
    retract_profile_fact,
    source_candidate,
    submit_application,
    unmerge_candidates,
    withdraw_application,
    withdraw_consent,
)
from commands.verb import Verb

VERBS: tuple[Verb, ...] = (
    source_candidate.VERB,
    refer_candidate.VERB,
    learn_profile_fact.VERB,
    retract_profile_fact.VERB,
    merge_candidates.VERB,
    unmerge_candidates.VERB,
    record_touchpoint.VERB,
    request_send.VERB,
    correct_touchpoint.VERB,
    give_consent.VERB,
    refuse_consent.VERB,
    withdraw_consent.VERB,
    open_requisition.VERB,
    open_opening.VERB,
    cancel_opening.VERB,
    submit_application.VERB,
    add_prospect.VERB,
    enter_stage.VERB,
    reject_application.VERB,
    withdraw_application.VERB,
    accept_offer.VERB,
    hire_candidate.VERB,
)
