"""A delivery that brings the address of a person who left is applied without the address, and is kept sealed."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from adapters.bootstrap import VERB_OF
from adapters.intake.integrations.inbound import Inbox
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.intake.integrations.reconciling import Sweep
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from adapters.postgres.tables.deliveries import Deliveries
from commands.handle import Occasion, handle
from commands.release_address import ReleaseAddress
from commands.source_candidate import SourceCandidate
from commands.verb import Command
from commands.withdraw_consent import WithdrawConsent
from domain.candidate import CANDIDATE, ENTRIES, FACTS, CandidateSourced
from domain.suppression import ArrivalStopped
from tests.adapters.intake.integrations.bodies import NEW, ROSA, SECRET, application, delivery, signed

GREENHOUSE = INTEGRATIONS["greenhouse"]


def test_a_delivery_with_a_suppressed_address_is_applied_without_it(log: EventLog, key_file: KeyFile) -> None:
    now, alice = datetime.now(UTC), uuid4()
    emails = tuple(entry["value"] for entry in ROSA["email_addresses"] if entry["value"])
    assert emails
    left = [
        SourceCandidate(candidate=alice, emails=emails, now=now),
        WithdrawConsent(candidate=alice, purpose="talent_pool", now=now),
    ]
    for command in left:
        handle(log, VERB_OF, Occasion(uuid4(), "user:ana", now), lambda command=command: (command,))  # type: ignore[misc]  # mypy cannot tell its type
    inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("UTC"))
    received = inbox.receive(GREENHOUSE, [SECRET], signed(NEW), NEW, now)
    assert (received.outcome, received.reason) == ("applied", "address-is-left-out")
    rosa = key_file.stream_of("greenhouse", "candidate", str(ROSA["id"]))
    (sourced,) = [recorded.event for recorded in log.history(rosa) if isinstance(recorded.event, CandidateSourced)]
    assert sourced.emails == ()
    assert sourced.phones == tuple(entry["value"] for entry in ROSA["phone_numbers"] if entry["value"])
    stops = [recorded.event for recorded in log.history(log.addresses.stream("email", emails[0]))]
    assert [stop.candidate for stop in stops if isinstance(stop, ArrivalStopped)] == [rosa]


def test_to_reconcile_brings_no_suppressed_address_in_and_learns_it_once_it_is_released(
    log: EventLog, key_file: KeyFile
) -> None:
    now, alice, address = datetime.now(UTC), uuid4(), "ana@x.example"

    def ask(command: Command) -> None:
        handle(log, VERB_OF, Occasion(uuid4(), "user:ana", now), lambda: (command,))

    ask(SourceCandidate(candidate=alice, name="Ana", emails=(address,), now=now))
    ask(WithdrawConsent(candidate=alice, purpose="talent_pool", now=now))
    inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("UTC"))
    emails = [{"value": value, "type": "x"} for value in (f"Ana <{address.upper()}>, bo@y.example", "n/a", "ana@")]
    person = ROSA | {"email_addresses": emails, "phone_numbers": []}
    body = delivery("new_candidate_application", application=application(candidate=person))
    assert inbox.receive(GREENHOUSE, [SECRET], signed(body), body, now).reason == "address-is-left-out"
    rosa = key_file.stream_of("greenhouse", "candidate", str(ROSA["id"]))
    sweep = Sweep(inbox, log, VERB_OF, Deliveries(log.recorder.datastore), log.open_delivery, lambda: now)

    def addresses() -> list[str]:
        (candidate,) = log.load_all({rosa: (CANDIDATE, frozenset((*ENTRIES, *FACTS)))}).values()
        addresses = (str(fact.value) for fact in candidate.state.everything_told() if fact.fact == "email")
        return list(dict.fromkeys(addresses))

    update = delivery("update_candidate", candidate=person)
    inbox.receive(GREENHOUSE, [SECRET], signed(update, event="e2"), update, now)
    assert [swept.outcome for swept in sweep.sweep(GREENHOUSE)] == ["complete", "complete"]
    assert addresses() == ["bo@y.example"]
    ask(ReleaseAddress(kind="email", address=address, now=now))
    assert [swept.outcome for swept in sweep.sweep(GREENHOUSE)] == ["mended", "complete"]
    assert addresses() == ["bo@y.example", f"{address.upper()}"]
    assert [swept.outcome for swept in sweep.sweep(GREENHOUSE)] == ["complete", "complete"]
