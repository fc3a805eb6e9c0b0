"""The kinds of touchpoints that a synthetic history uses, all of them rows of the catalogue."""

from __future__ import annotations

import numpy as np

from adapters.lab.synthetic.shape import CHANNEL_SETS
from domain.purposes import CONSENT_CHANNELS
from domain.touchpoint_kinds import kind_named

MAILS = (
    "email-sent",
    "email-delivered",
    "email-opened",
    "email-clicked",
    "email-replied",
    "email-bounced",
    "email-unsubscribed",
    "email-complained",
    "inmail-sent",
    "inmail-opened",
    "inmail-replied",
    "inmail-declined",
)
OTHERS = (
    "career-site-viewed",
    "note-written",
    "call-made",
    "job-board-viewed",
    "meeting-scheduled",
    "meeting-held",
    "call-answered",
    "call-received",
    "event-registered",
    "event-attended",
    "community-posted",
    "career-site-chat",
    "career-site-form-filled",
    "event-no-show",
    "assessment-started",
    "assessment-completed",
    "voicemail-left",
    "meeting-missed",
    "career-site-alert-subscribed",
    "job-board-form-filled",
)
"""Kinds that belong to no message, from the most frequent to the rarest (Zipf)."""
FOLLOWING = ("community-joined", "referral-asked", "referral-made", "referral-accepted")
"""Kinds of touchpoints that something else, which happens at the same time, brings with it."""
KINDS = (*MAILS, *OTHERS, *FOLLOWING)
NUMBERS = {name: number for number, name in enumerate(KINDS)}
ORDINARY = np.array([NUMBERS[name] for name in OTHERS])
NEEDS_CONSENT = np.array([kind_named(name).direction == "outbound" for name in KINDS])
WITHDRAWS = np.array([kind_named(name).withdraws for name in KINDS])
CONSENT_COVERS = np.array([[kind_named(name).channel in channels for name in KINDS] for channels in CHANNEL_SETS])
"""By set of channels consented to, and by kind: whether a consent on that set is about the kind's channel."""
CHANNEL_BIT = np.array(
    [
        1 << CONSENT_CHANNELS.index(channel) if channel in CONSENT_CHANNELS else 0
        for channel in (kind_named(name).channel for name in KINDS)
    ]
)
"""By kind: the bit of its channel, 0 where no consent is given for the channel."""
BY_MAIL = np.array([kind_named(name).channel == "email" for name in KINDS])

SAME = {name: name for name in KINDS}
SWAPPED = {
    "event-attended": "event-no-show",
    "meeting-held": "meeting-missed",
    "call-made": "voicemail-left",
    "call-received": "call-answered",
    "career-site-viewed": "job-board-viewed",
}
CORRECTED_TO = np.array([NUMBERS[name] for name in (SAME | SWAPPED).values()])
"""What a kind turns out to have been, when it was recorded wrongly."""
MOVABLE = np.array([kind_named(name).outcome in (None, "sent") for name in KINDS])
"""Kinds whose time may be corrected to an earlier one without an effect coming before its cause."""


def kind(name: str) -> int:
    """Return the number of a kind in this list."""
    return NUMBERS[name]
