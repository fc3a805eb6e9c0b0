"""Every kind of contact we tell apart, one row a kind; a new kind is a new row and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from domain.errors import Invalid

Direction = Literal["inbound", "outbound", "internal"]
Outcome = Literal["sent", "delivered", "opened", "clicked", "replied", "bounced"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of touchpoint means to the rules and to the metrics.

    `direction`: inbound is the candidate's doing, outbound ours, internal a note or what a machine tells of a message.
    `purpose`: the consent that an outbound kind needs unless the command names another purpose; None: it needs none.
    `contact`: the candidate took part, so the time that we may keep them begins again (reading alone is no contact).
    `engagement`: keeps the candidate active in the pipeline, unless a machine did it.
    `weight`: points for the engagement score, a whole number.
    `outcome`: the fate of a message that it reports. `withdraws`: it takes back consent on its channel.
    """

    kind: str
    channel: str
    direction: Direction
    purpose: str | None = None
    contact: bool = False
    engagement: bool = False
    weight: int = 0
    outcome: Outcome | None = None
    withdraws: bool = False


class TouchpointKindIsUnknown(Invalid):
    """Unknown touchpoint kind

    '{kind}' is not a kind of touchpoint in the catalogue.

    Use a kind of the catalogue: {kinds}. Or add a row for it there.
    """

    where = "kind"


class TouchpointKindIsNotSent(Invalid):
    """Touchpoint kind not outbound

    '{kind}' is not outbound: its direction is {direction}.

    Record it as a touchpoint, or request one of the outbound kinds: {kinds}.
    """

    where = "kind"


CATALOGUE = (
    # e-mail
    Kind("email-sent", "email", "outbound", purpose="talent_pool", outcome="sent"),
    Kind("email-delivered", "email", "internal", outcome="delivered"),
    Kind("email-opened", "email", "inbound", engagement=True, weight=1, outcome="opened"),
    Kind("email-clicked", "email", "inbound", contact=True, engagement=True, weight=3, outcome="clicked"),
    Kind("email-replied", "email", "inbound", contact=True, engagement=True, weight=8, outcome="replied"),
    Kind("email-bounced", "email", "internal", outcome="bounced"),
    Kind("email-unsubscribed", "email", "inbound", withdraws=True),
    Kind("email-complained", "email", "inbound", withdraws=True),
    Kind("newsletter-sent", "email", "outbound", purpose="newsletter", outcome="sent"),
    Kind("job-alert-sent", "email", "outbound", purpose="job_alerts", outcome="sent"),
    # text messages
    Kind("text-sent", "text", "outbound", purpose="talent_pool", outcome="sent"),
    Kind("text-delivered", "text", "internal", outcome="delivered"),
    Kind("text-clicked", "text", "inbound", contact=True, engagement=True, weight=3, outcome="clicked"),
    Kind("text-replied", "text", "inbound", contact=True, engagement=True, weight=8, outcome="replied"),
    Kind("text-bounced", "text", "internal", outcome="bounced"),
    Kind("text-stopped", "text", "inbound", withdraws=True),
    Kind("whatsapp-sent", "whatsapp", "outbound", purpose="talent_pool", outcome="sent"),
    Kind("whatsapp-delivered", "whatsapp", "internal", outcome="delivered"),
    Kind("whatsapp-read", "whatsapp", "inbound", engagement=True, weight=1, outcome="opened"),
    Kind("whatsapp-replied", "whatsapp", "inbound", contact=True, engagement=True, weight=8, outcome="replied"),
    Kind("whatsapp-stopped", "whatsapp", "inbound", withdraws=True),
    # messages inside a professional network
    Kind("inmail-sent", "inmail", "outbound", purpose="talent_pool", outcome="sent"),
    Kind("inmail-opened", "inmail", "inbound", engagement=True, weight=1, outcome="opened"),
    Kind("inmail-replied", "inmail", "inbound", contact=True, engagement=True, weight=8, outcome="replied"),
    Kind("inmail-declined", "inmail", "inbound", contact=True),
    # letters
    Kind("letter-sent", "post", "outbound", purpose="talent_pool", outcome="sent"),
    Kind("letter-returned", "post", "internal", outcome="bounced"),
    # calls
    Kind("call-made", "phone", "outbound", purpose="talent_pool"),
    Kind("voicemail-left", "phone", "outbound", purpose="talent_pool"),
    Kind("call-answered", "phone", "inbound", contact=True, engagement=True, weight=8),
    Kind("call-received", "phone", "inbound", contact=True, engagement=True, weight=8),
    # meetings
    Kind("meeting-scheduled", "meeting", "internal"),
    Kind("meeting-held", "meeting", "inbound", contact=True, engagement=True, weight=10),
    Kind("meeting-missed", "meeting", "internal"),
    # recruiting events; the invitation goes by e-mail
    Kind("event-invited", "email", "outbound", purpose="events", outcome="sent"),
    Kind("event-registered", "event", "inbound", contact=True, engagement=True, weight=5),
    Kind("event-attended", "event", "inbound", contact=True, engagement=True, weight=8),
    Kind("event-no-show", "event", "internal"),
    # referrals: this person was asked for one, made one, or agreed to be one
    Kind("referral-asked", "email", "outbound", purpose="referral_contact", outcome="sent"),
    Kind("referral-made", "referral", "inbound", contact=True, engagement=True, weight=6),
    Kind("referral-accepted", "referral", "inbound", contact=True, engagement=True, weight=6),
    # job boards and career site
    Kind("job-board-viewed", "job-board", "inbound", engagement=True, weight=1),
    Kind("job-board-form-filled", "job-board", "inbound", contact=True, engagement=True, weight=6),
    Kind("career-site-viewed", "career-site", "inbound", engagement=True, weight=1),
    Kind("career-site-form-filled", "career-site", "inbound", contact=True, engagement=True, weight=6),
    Kind("career-site-alert-subscribed", "career-site", "inbound", contact=True, engagement=True, weight=4),
    Kind("career-site-chat", "career-site", "inbound", contact=True, engagement=True, weight=5),
    # assessments; the invitation goes by e-mail
    Kind("assessment-invited", "email", "outbound", purpose="assessment", outcome="sent"),
    Kind("assessment-started", "assessment", "inbound", contact=True, engagement=True, weight=4),
    Kind("assessment-completed", "assessment", "inbound", contact=True, engagement=True, weight=8),
    # notes and communities
    Kind("note-written", "note", "internal"),
    Kind("community-joined", "community", "inbound", contact=True, engagement=True, weight=5),
    Kind("community-posted", "community", "inbound", contact=True, engagement=True, weight=3),
)

KINDS: Mapping[str, Kind] = {row.kind: row for row in CATALOGUE}


def kind_named(kind: str) -> Kind:
    """Return the catalogue's row of the kind. Raises TouchpointKindIsUnknown."""
    if kind not in KINDS:
        raise TouchpointKindIsUnknown(kind=kind, kinds=", ".join(KINDS))
    return KINDS[kind]


def takes_back(kind: str | None) -> bool:
    """Return whether a touchpoint of the kind is a no of the candidate; False for a kind outside the catalogue."""
    return kind is not None and kind in KINDS and KINDS[kind].withdraws


def sent_kind_named(kind: str) -> Kind:
    """Return the row of a kind that we can send. Raises TouchpointKindIsUnknown or TouchpointKindIsNotSent."""
    row = kind_named(kind)
    if row.direction != "outbound":
        sent = ", ".join(single_kind.kind for single_kind in CATALOGUE if single_kind.direction == "outbound")
        raise TouchpointKindIsNotSent(kind=kind, direction=row.direction, kinds=sent)
    return row
