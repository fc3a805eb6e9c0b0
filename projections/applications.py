"""The steps of every application and their times, as recorded: the basis of every metric of applications."""

from __future__ import annotations

from domain.application import (
    ApplicationMovedBack,
    ApplicationReferred,
    ApplicationRejected,
    ApplicationSubmitted,
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
    ProspectAdded,
    StageEntered,
)
from domain.candidate import CandidateReferred, CandidateSourced
from domain.event import Event
from domain.referral import ReferralCredited
from projections import linked_records, reversals, segments
from projections.read_model import Facts, ReadModel

STEPS: dict[type[Event], str] = {
    ProspectAdded: "prospect",
    ApplicationSubmitted: "submitted",
    StageEntered: "stage",
    ApplicationMovedBack: "moved-back",
    ApplicationRejected: "rejected",
    ApplicationUnrejected: "unrejected",
    ApplicationWithdrawn: "withdrawn",
    OfferMade: "offer-made",
    OfferAccepted: "offer-accepted",
    OfferDeclined: "offer-declined",
    OfferRescinded: "offer-rescinded",
    CandidateHired: "hired",
    CandidateUnhired: "unhired",
    ApplicationReferred: "referred",
}
"""How the events are called here. A transfer is two steps: 'transferred' for the job it leaves, 'transferred-in'."""

REVERSALS: dict[type[Event], str] = {
    CandidateUnhired: "hired",
    ApplicationUnrejected: "rejected",
    OfferRescinded: "offer-accepted",
    OfferDeclineTakenBack: "offer-declined",
}
"""The events that take a step back, and which. A decline, or a rescission of what was not accepted, takes back an
offer, on whose standing no count depends. A decline that was taken back was none, and is not counted."""

# A step that a reversal takes back stands from `position` until `until`, the position of the reversal, and was so
# until `until_at`, the time of the reversal.
TABLES = (
    linked_records.tables("applications")
    + segments.table("applications")
    + """
create table applications.step (
    application uuid        not null,
    candidate   uuid        not null,
    requisition uuid,
    opening     uuid,
    position    bigint      not null,
    until       bigint,
    until_at    timestamptz,
    at          timestamptz not null,
    day         date        not null,
    step        text        not null,
    stage       text,
    source      text
);
create index on applications.step (day);
create index on applications.step (candidate);
create index on applications.step (application, step, position)
    where until is null and step in ('hired', 'rejected', 'offer-accepted', 'offer-declined');
create table applications.entry (
    record   uuid        primary key,
    position bigint      not null,
    at       timestamptz not null
);
create table applications.credit (
    application uuid   not null,
    position    bigint not null
);
create index on applications.credit (application);
"""
)

_STEP = """
select stream_id as application, (clear ->> 'candidate')::uuid as candidate,
       (clear ->> 'requisition')::uuid as requisition, (clear ->> 'opening')::uuid as opening, position, at,
       (at at time zone {{zone}})::date as day, '{step}' as step, clear ->> 'stage' as stage,
       clear ->> 'source' as source
from batch where {{this}}
"""

TRANSFERRED = """
select stream_id, (clear ->> 'candidate')::uuid, (clear ->> part.named)::uuid, null::uuid, position, at,
       (at at time zone {zone})::date, part.step, null, null
from batch cross join (values ('transferred', 'requisition'), ('transferred-in', 'to')) part (step, named)
where {this}
"""

ENTERED = """
select stream_id as record, position, at from batch where {this} and stream_version = 1
"""

_REVERSED = "select stream_id as application, '{step}' as step, position, at from batch where {{this}}"

CREDITED = "select (clear ->> 'application')::uuid as application, position from batch where {this}"

_OF_STEPS: Facts = {event: _STEP.format(step=step) for event, step in STEPS.items()}

APPLICATIONS = ReadModel(
    name="applications",
    version=4,
    tables=TABLES,
    working=linked_records.working("applications"),
    facts={
        "link": linked_records.LINKS,
        "segment": segments.ENTRIES,
        "completion": segments.COMPLETIONS,
        "entry": {CandidateSourced: ENTERED, CandidateReferred: ENTERED},
        "step": {**_OF_STEPS, ApplicationTransferred: TRANSFERRED},
        "reversal": {event: _REVERSED.format(step=step) for event, step in REVERSALS.items()},
        "credit": {ReferralCredited: CREDITED},
    },
    recompute=(
        linked_records.keep("applications"),
        segments.keep("applications"),
        segments.complete("applications"),
        "insert into applications.entry (record, position, at) {entry}",
        """
        insert into applications.step
            (application, candidate, requisition, opening, position, at, day, step, stage, source) {step}
        """,
        reversals.take_back(
            "applications.step",
            "application = reversal.application and step = reversal.step"
            " and step in ('hired', 'rejected', 'offer-accepted', 'offer-declined')",
            "{reversal}",
            more=", until_at = reversal.at",
        ),
        "insert into applications.credit (application, position) {credit}",
    ),
)
