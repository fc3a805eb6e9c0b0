"""Every row of the touchpoint catalogue makes sense to the rules and to the metrics."""

from __future__ import annotations

import re

import pytest

from domain.codes import CODE
from domain.purposes import CONSENT_CHANNELS, PURPOSES
from domain.touchpoint_kinds import (
    CATALOGUE,
    KINDS,
    Kind,
    TouchpointKindIsNotSent,
    TouchpointKindIsUnknown,
    kind_named,
    sent_kind_named,
)


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.kind)
def test_a_row_is_well_formed(row: Kind) -> None:
    assert re.fullmatch(CODE.pattern, row.kind)
    assert re.fullmatch(CODE.pattern, row.channel)
    assert type(row.weight) is int
    assert row.weight >= 0
    assert row.purpose is None or row.purpose in PURPOSES
    assert (row.direction == "outbound") == (row.purpose is not None), "what we send needs a consent, nothing else does"
    assert row.purpose is None or row.channel in CONSENT_CHANNELS, "or consent to it would be impossible"
    assert not row.withdraws or (row.channel in CONSENT_CHANNELS and row.direction == "inbound")
    assert not (row.contact or row.engagement) or row.direction == "inbound", "only the candidate's doing counts"
    assert (row.weight > 0) == row.engagement
    assert row.outcome != "sent" or row.direction == "outbound"
    assert row.outcome not in ("opened", "clicked", "replied") or row.direction == "inbound"
    assert row.outcome not in ("delivered", "bounced") or row.direction == "internal"


def test_the_catalogue_has_no_kind_twice_and_at_least_the_promised_ones() -> None:
    assert len(CATALOGUE) == len(KINDS) >= 35
    mail = {"sent", "delivered", "opened", "clicked", "replied", "bounced", "unsubscribed", "complained"}
    assert {f"email-{fate}" for fate in mail} <= KINDS.keys()
    assert {"event-invited", "event-registered", "event-attended", "event-no-show"} <= KINDS.keys()
    assert {"referral-asked", "referral-made", "referral-accepted"} <= KINDS.keys()


def test_reading_a_mail_is_engagement_and_no_contact() -> None:
    assert (KINDS["email-opened"].engagement, KINDS["email-opened"].contact) == (True, False)
    assert (KINDS["email-replied"].engagement, KINDS["email-replied"].contact) == (True, True)


def test_unknown_and_unsendable_kinds_are_refused() -> None:
    with pytest.raises(TouchpointKindIsUnknown, match=r"carrier-pigeon.*: email-sent, "):
        kind_named("carrier-pigeon")
    with pytest.raises(TouchpointKindIsNotSent, match=r"inbound.*: email-sent, .*text-sent"):
        sent_kind_named("email-replied")
