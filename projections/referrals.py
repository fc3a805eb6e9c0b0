"""What became of every referral that was made: answered, turned into applications, and how far those went."""

from __future__ import annotations

from domain.application import (
    ApplicationMovedBack,
    ApplicationRejected,
    ApplicationTransferred,
    ApplicationUnrejected,
    ApplicationWithdrawn,
    CandidateHired,
    CandidateUnhired,
    OfferAccepted,
    OfferDeclined,
    OfferDeclineTakenBack,
    OfferMade,
    OfferRescinded,
    StageEntered,
)
from domain.event import Event
from domain.referral import (
    ReferralAccepted,
    ReferralCredited,
    ReferralDeclined,
    ReferralMade,
    ReferralTurnedIntoApplication,
)
from projections import linked_records
from projections.read_model import ReadModel

# The steps of every application are kept, as one may turn out later to have come of a referral.
TABLES = (
    linked_records.tables("referrals")
    + """
create table referrals.referral (
    referral uuid        primary key,
    referrer uuid        not null,
    position bigint      not null,
    at       timestamptz not null
);
create index on referrals.referral (referrer);
create table referrals.turn (
    referral    uuid   not null,
    position    bigint not null,
    turn        text   not null,
    application uuid
);
create index on referrals.turn (referral);
create table referrals.step (
    application uuid        not null,
    position    bigint      not null,
    at          timestamptz not null,
    step        text        not null,
    stage       text
);
create index on referrals.step (application);
"""
)

# Who made it first, made it.
MADE = """
select stream_id as referral, (clear ->> 'referrer')::uuid as referrer, position, at from batch where {this}
"""

_TURN = """
select stream_id as referral, position, '{turn}' as turn, (clear ->> 'application')::uuid as application
from batch where {{this}}
"""

_STEP = """
select stream_id as application, position, at, '{step}' as step, clear ->> 'stage' as stage from batch where {{this}}
"""

STEPS: tuple[tuple[type[Event], str], ...] = (
    (StageEntered, "stage"),
    (ApplicationMovedBack, "stage"),
    (ApplicationTransferred, "transferred"),
    (OfferMade, "offer-made"),
    (OfferAccepted, "offer-accepted"),
    (OfferDeclined, "offer-declined"),
    (OfferDeclineTakenBack, "offer-decline-taken-back"),
    (OfferRescinded, "offer-rescinded"),
    (ApplicationRejected, "rejected"),
    (ApplicationWithdrawn, "withdrawn"),
    (ApplicationUnrejected, "unrejected"),
    (CandidateHired, "hired"),
    (CandidateUnhired, "unhired"),
)

REFERRALS = ReadModel(
    name="referrals",
    version=3,
    tables=TABLES,
    working=linked_records.working("referrals"),
    facts={
        "link": linked_records.LINKS,
        "made": {ReferralMade: MADE},
        "turn": {
            ReferralAccepted: _TURN.format(turn="accepted"),
            ReferralDeclined: _TURN.format(turn="declined"),
            ReferralTurnedIntoApplication: _TURN.format(turn="applied"),
            ReferralCredited: _TURN.format(turn="credited"),
        },
        "step": {event: _STEP.format(step=step) for event, step in STEPS},
    },
    recompute=(
        linked_records.keep("referrals"),
        "insert into referrals.referral (referral, referrer, position, at) {made} on conflict do nothing",
        "insert into referrals.turn (referral, position, turn, application) {turn}",
        "insert into referrals.step (application, position, at, step, stage) {step}",
    ),
)
