"""Reports are always taken, sends only with consent, and mistakes are corrected by events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from commands.correct_touchpoint import CorrectTouchpoint
from commands.give_consent import GiveConsent
from commands.record_touchpoint import RecordTouchpoint
from commands.request_send import RequestSend
from commands.verb import TimeIsInTheFuture
from domain.candidate import CandidateDoesNotExist
from domain.consent import (
    ConsentHasExpired,
    ConsentIsMissing,
    ConsentRefused,
    ConsentWasRefused,
    ConsentWasWithdrawn,
    ConsentWithdrawn,
)
from domain.purposes import PURPOSES, PurposeIsUnknown
from domain.touchpoint import TouchpointCorrected, TouchpointDoesNotExist, TouchpointRecorded, TouchpointWasRetracted
from domain.touchpoint_kinds import KINDS, TouchpointKindIsNotSent, TouchpointKindIsUnknown
from tests.given import (
    ALICE,
    DAY,
    MESSAGE,
    NOW,
    SOURCED,
    START,
    TOUCHPOINT,
    When,
    consented,
    event_id,
    given,
    withdrawn,
)

YES = event_id(2)


def report(kind: str, purpose: str | None = None, occurred_at: datetime | None = None) -> RecordTouchpoint:
    return RecordTouchpoint(
        candidate=ALICE, touchpoint=TOUCHPOINT, kind=kind, message=MESSAGE, purpose=purpose,
        reported_by="mailer", occurred_at=occurred_at, now=NOW,
    )  # fmt: skip


def recorded(
    kind: str, purpose: str | None = None, authorised: bool | None = None, consent: UUID | None = None
) -> TouchpointRecorded:
    return TouchpointRecorded(TOUCHPOINT, kind, MESSAGE, False, purpose, authorised, consent, "mailer", None)


def taken_back(purpose: str, channel: str, because: str, *, entirely: bool) -> ConsentWithdrawn:
    return ConsentWithdrawn(purpose, (channel,), entirely, because, TOUCHPOINT, None)


def test_what_the_candidate_did_needs_no_consent() -> None:
    given({ALICE: [SOURCED]}).when(report("email-replied")).then({ALICE: [recorded("email-replied")]})
    given({}).when(report("email-replied")).refused(CandidateDoesNotExist)
    given({ALICE: [SOURCED]}).when(report("carrier-pigeon")).refused(TouchpointKindIsUnknown)


def test_a_reported_send_cites_the_consent_that_covered_it() -> None:
    allowed = given({ALICE: [SOURCED, consented()]})
    allowed.when(report("email-sent")).then({ALICE: [recorded("email-sent", "talent_pool", True, YES)]})


def test_a_reported_send_that_no_consent_covered_is_taken_and_marked() -> None:
    allowed = given({ALICE: [SOURCED, consented()]})
    allowed.when(report("text-sent")).then({ALICE: [recorded("text-sent", "talent_pool", False)]})
    allowed.when(report("email-sent", "newsletter")).then({ALICE: [recorded("email-sent", "newsletter", False)]})
    allowed.when(report("email-sent", "nonsense")).then({ALICE: [recorded("email-sent", "nonsense", False)]})
    before = report("email-sent", occurred_at=START)
    allowed.when(before).then({ALICE: [recorded("email-sent", "talent_pool", False)]})


def test_an_unsubscribe_withdraws_the_purpose_it_names() -> None:
    both = given({ALICE: [SOURCED, consented("talent_pool", "email", "text"), consented("newsletter")]})
    gone = taken_back("newsletter", "email", "email-unsubscribed", entirely=True)
    unsubscribed = recorded("email-unsubscribed", "newsletter")
    both.when(report("email-unsubscribed", "newsletter")).then({ALICE: [unsubscribed, gone]})


def test_an_unsubscribe_that_names_no_purpose_withdraws_every_purpose_on_the_channel() -> None:
    live = given({ALICE: [SOURCED, consented("talent_pool", "email", "text"), consented("events", "email")]})
    left = [taken_back(purpose, "email", "email-complained", entirely=purpose == "events") for purpose in PURPOSES]
    live.when(report("email-complained")).then({ALICE: [recorded("email-complained"), *left]})
    none = [taken_back(purpose, "text", "text-stopped", entirely=False) for purpose in PURPOSES]
    given({ALICE: [SOURCED]}).when(report("text-stopped")).then({ALICE: [recorded("text-stopped"), *none]})


@pytest.mark.parametrize("purpose", PURPOSES)
def test_an_older_consent_that_is_imported_later_does_not_open_what_an_unsubscribe_shut(purpose: str) -> None:
    history = given({ALICE: [SOURCED]}).history
    history.take(report("email-unsubscribed"))
    history.take(
        GiveConsent(
            candidate=ALICE, purpose=purpose, channels=("email", "text"), method="import", evidence="list of 2025",
            occurred_at=START, now=NOW + DAY,
        )
    )  # fmt: skip
    gone = replace(send(purpose=purpose), now=NOW + DAY)
    When(history, gone).refused(ConsentWasWithdrawn)
    assert history.decide(replace(gone, kind="text-sent")), "the text message was never refused"


def test_a_withdrawal_is_entire_when_nothing_of_the_purpose_is_left() -> None:
    stopped = taken_back("talent_pool", "text", "text-stopped", entirely=True)
    given({ALICE: [SOURCED, consented("talent_pool", "text", "email"), withdrawn("talent_pool", "email")]}).when(
        report("text-stopped", "talent_pool")
    ).then({ALICE: [recorded("text-stopped", "talent_pool"), stopped]})


def send(kind: str = "email-sent", **more: object) -> RequestSend:
    command = RequestSend(candidate=ALICE, touchpoint=TOUCHPOINT, kind=kind, now=NOW)
    return replace(command, **more)  # type: ignore[arg-type]  # what a test changes is of any type


def sent(consent: UUID, kind: str = "email-sent", purpose: str = "talent_pool") -> dict[UUID, list[TouchpointRecorded]]:
    return {ALICE: [TouchpointRecorded(TOUCHPOINT, kind, None, False, purpose, True, consent, "perennial", None)]}


def test_a_send_with_consent_cites_it() -> None:
    given({ALICE: [SOURCED, consented()]}).when(send()).then(sent(YES))
    renewed = given({ALICE: [SOURCED, consented(), consented("newsletter"), consented()]})
    renewed.when(send()).then(sent(event_id(4)))
    renewed.when(send(purpose="newsletter")).then(sent(event_id(3), purpose="newsletter"))


def test_a_send_without_consent_is_refused() -> None:
    given({}).when(send()).refused(CandidateDoesNotExist)
    given({ALICE: [SOURCED]}).when(send()).refused(ConsentIsMissing)
    given({ALICE: [SOURCED, consented()]}).when(send("text-sent")).refused(ConsentIsMissing)
    given({ALICE: [SOURCED, consented()]}).when(send(purpose="nonsense")).refused(PurposeIsUnknown)
    given({ALICE: [SOURCED, consented(), withdrawn()]}).when(send()).refused(ConsentWasWithdrawn)
    given({ALICE: [SOURCED, consented(until=NOW)]}).when(send()).refused(ConsentHasExpired)
    no = ConsentRefused("talent_pool", ("email",), "n", "1", "web-form", "self", None)
    given({ALICE: [SOURCED, no]}).when(send()).refused(ConsentWasRefused)


def test_a_send_dated_back_does_not_slip_in_before_a_withdrawal() -> None:
    gone = given({ALICE: [SOURCED, consented(), withdrawn()]})
    gone.when(send(occurred_at=START + 1.5 * DAY)).refused(ConsentWasWithdrawn)
    given({ALICE: [SOURCED, consented()]}).when(send(occurred_at=START)).refused(ConsentIsMissing)


@pytest.mark.parametrize("kind", [kind for kind, row in KINDS.items() if row.direction != "outbound"])
def test_only_what_goes_out_can_be_sent(kind: str) -> None:
    given({ALICE: [SOURCED, consented()]}).when(send(kind)).refused(TouchpointKindIsNotSent)


def correct(kind: str | None, at: datetime | None = None, message: UUID | None = MESSAGE) -> CorrectTouchpoint:
    return CorrectTouchpoint(candidate=ALICE, touchpoint=TOUCHPOINT, kind=kind, at=at, message=message, now=NOW)


WRONG = (SOURCED, recorded("email-opened"))
WAS_AT = START + DAY


def corrected(kind: str | None, at: datetime | None, was_kind: str = "email-opened") -> TouchpointCorrected:
    message = None if kind is None else MESSAGE
    return TouchpointCorrected(TOUCHPOINT, was_kind, WAS_AT, MESSAGE, False, kind, at, message, False, None)


def test_a_touchpoint_that_never_happened_is_retracted() -> None:
    given({ALICE: WRONG}).when(correct(None)).then({ALICE: [corrected(None, None)]})


def test_a_touchpoint_is_replaced_and_keeps_its_time_unless_another_is_given() -> None:
    given({ALICE: WRONG}).when(correct("email-replied")).then({ALICE: [corrected("email-replied", WAS_AT)]})
    given({ALICE: WRONG}).when(correct("email-opened", START)).then({ALICE: [corrected("email-opened", START)]})


def test_a_correction_of_a_correction_takes_back_the_latter() -> None:
    twice = given({ALICE: [*WRONG, corrected("email-replied", WAS_AT)]})
    twice.when(correct("email-clicked")).then({ALICE: [corrected("email-clicked", WAS_AT, "email-replied")]})
    twice.when(correct("email-replied")).then({})


def test_a_correction_needs_something_to_correct() -> None:
    given({}).when(correct(None)).refused(CandidateDoesNotExist)
    given({ALICE: [SOURCED]}).when(correct(None)).refused(TouchpointDoesNotExist)
    given({ALICE: [*WRONG, corrected(None, None)]}).when(correct("email-opened")).refused(TouchpointWasRetracted)
    given({ALICE: WRONG}).when(correct("carrier-pigeon")).refused(TouchpointKindIsUnknown)
    given({ALICE: WRONG}).when(correct("email-opened", NOW + timedelta(hours=1))).refused(TimeIsInTheFuture)


def test_a_touchpoint_that_turns_out_to_be_an_unsubscribe_withdraws() -> None:
    gone = taken_back("talent_pool", "email", "email-unsubscribed", entirely=True)
    also = [taken_back(code, "email", "email-unsubscribed", entirely=False) for code in PURPOSES][1:]
    given({ALICE: [*WRONG, consented()]}).when(correct("email-unsubscribed")).then(
        {ALICE: [corrected("email-unsubscribed", WAS_AT), gone, *also]}
    )
