"""What an import remembers of people between its blocks never stands against what others write meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.imports.importing import Order, Report
from adapters.intake.imports.ledger import Standing
from commands.handle import Occasion, handle
from commands.merge_candidates import MergeCandidates
from commands.verb import Command
from commands.withdraw_consent import WithdrawConsent
from domain.touchpoint import TouchpointRecorded
from tests.adapters.intake.imports.conftest import NOW, SYSTEM, House

PEOPLE = "id,at\n1,2024-01-05\n2,2024-01-05\n"
CONSENT = "candidate,answer,at,purpose,channels,evidence\n1,given,2024-06-06,talent_pool,email,form 7\n"
SENT = "candidate,kind,at\n" + "".join(f"1,email-sent,2026-05-0{day}T10:00:00Z\n" for day in range(1, 5))


def sending(house: House, meanwhile: Command) -> Report:
    """Import four messages in two blocks; between them another command is handled."""
    done: list[bool] = []

    def between(_: int, __: int, ___: Standing) -> None:
        if not done:
            done.append(True)
            handle(house.importer.log, VERB_OF, Occasion(uuid4(), "user:ana", NOW), lambda: (meanwhile,))

    return house.importer.import_file(
        Order(house.file("sent.csv", SENT), "touchpoints", SYSTEM, "csv"), {}, progress=between
    )


def authorised(house: House) -> list[bool | None]:
    events = (recorded.event for recorded in house.history("candidate", "1"))
    return [event.authorised for event in events if isinstance(event, TouchpointRecorded)]


def withdrawn(house: House) -> Command:
    return WithdrawConsent(candidate=house.stream("candidate", "1"), purpose="talent_pool", now=NOW)


def withdrawn_as_of_the_second(house: House) -> Command:
    at = NOW - timedelta(days=2, hours=3)
    candidate = house.stream("candidate", "1")
    return WithdrawConsent(candidate=candidate, purpose="talent_pool", now=NOW, occurred_at=at)


def merged(house: House) -> Command:
    absorbed, survivor = house.stream("candidate", "1"), house.stream("candidate", "2")
    return MergeCandidates(candidate=survivor, absorbed=absorbed, evidence=("email",), now=NOW)


@pytest.mark.parametrize(
    ("meanwhile", "expected"),
    [
        (withdrawn, [True, True, True, True]),
        (withdrawn_as_of_the_second, [True, True, True, False]),
        (merged, [True, True, True, True]),
    ],
)
def test_what_others_write_between_two_blocks_counts_for_the_second(
    house: House, meanwhile: Callable[[House], Command], expected: list[bool]
) -> None:
    house.taken("candidates", PEOPLE)
    house.taken("consents", CONSENT)
    assert sending(house, meanwhile(house)).standing.added == 4
    assert authorised(house) == expected
