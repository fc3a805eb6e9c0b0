"""A delivery that brings somebody back who left is kept with that reason, and what it would have told is not."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from adapters.bootstrap import VERB_OF
from adapters.integrations.inbound import Inbox
from adapters.integrations.index import INTEGRATIONS
from adapters.postgres.application import Perennial
from adapters.postgres.keyfile import KeyFile
from commands.handle import Occasion, handle
from commands.source_candidate import SourceCandidate
from commands.withdraw_consent import WithdrawConsent
from domain.suppression import ArrivalStopped
from tests.integrations.bodies import NEW, ROSA, SECRET, signed

GREENHOUSE = INTEGRATIONS["greenhouse"]


def test_a_delivery_about_somebody_who_left_is_kept_and_recorded_once(log: Perennial, key_file: KeyFile) -> None:
    now, alice = datetime.now(UTC), uuid4()
    emails = tuple(one["value"] for one in ROSA["email_addresses"] if one["value"])
    assert emails
    left = [
        SourceCandidate(candidate=alice, emails=emails, now=now),
        WithdrawConsent(candidate=alice, purpose="talent_pool", now=now),
    ]
    for command in left:
        handle(log, VERB_OF, Occasion(uuid4(), "user:ana", now), lambda command=command: (command,))  # type: ignore[misc]  # mypy cannot tell its type
    inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("UTC"))
    received = inbox.receive(GREENHOUSE, [SECRET], signed(NEW), NEW, now)
    assert (received.outcome, received.reason, received.events) == ("kept", "address-is-suppressed", 0)
    rosa = key_file.stream_of("greenhouse", "candidate", str(ROSA["id"]))
    assert log.history(rosa) == []
    stops = [one.event for one in log.history(log.addresses.stream("email", emails[0]))]
    assert [one.candidate for one in stops if isinstance(one, ArrivalStopped)] == [rosa]
