"""What a list costs grows with the list, and a list without end is refused at every entrance."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.bootstrap import VERB_OF
from adapters.intake.imports.row import Manner, Row
from adapters.intake.integrations.inbound import Inbox, Received
from adapters.intake.integrations.index import INTEGRATIONS
from adapters.postgres.keys.key_file import KeyFile
from adapters.postgres.log.event_log import EventLog
from commands.source_candidate import SourceCandidate
from commands.verb import LONGEST_LIST, MOST_FACTS, ListIsTooLong
from domain.candidate import CANDIDATE, ProfileFactLearned, ProfileFactRetracted
from domain.event import Event, Recorded
from domain.statements import Statements
from tests.adapters.intake.integrations.bodies import JOB, ROSA, SECRET, application, delivery, signed
from tests.given import ALICE, DAY, NOW, START, event_id

GREENHOUSE = INTEGRATIONS["greenhouse"]
Receive = Callable[[bytes], Received]


@pytest.fixture
def receive(log: EventLog, key_file: KeyFile) -> Receive:
    inbox = Inbox(log, VERB_OF, key_file, log.seal_delivery, ZoneInfo("Europe/Stockholm"))
    return lambda body: inbox.receive(GREENHOUSE, [SECRET], signed(body), body, datetime.now(UTC))


def calls(work: Callable[[], object]) -> int:
    """How many functions the work calls: it says how much there is to do, however fast the machine is."""
    n = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal n
        n += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return n


def with_tags(number: int, n: int) -> bytes:
    tags = [f"tag {place}" for place in range(n)]
    person = ROSA | {"id": number, "email_addresses": [], "tags": tags}
    details = application(id=number, prospect=True, candidate=person, jobs=[])
    return delivery("new_prospect_application", application=details)


def with_openings(number: int, n: int) -> bytes:
    seats = [{"id": place, "opening_id": f"G-{place}"} for place in range(n)]
    return delivery("job_created", job=JOB | {"id": number, "openings": seats})


def with_tags_of_a_known_person(number: int, n: int) -> bytes:
    return with_tags(1, n).replace(b"tag ", b"tag of %d " % number)


@pytest.mark.parametrize("body_of", [with_tags, with_tags_of_a_known_person, with_openings])
def test_twice_as_many_values_cost_twice_as_much(receive: Receive, body_of: Callable[[int, int], bytes]) -> None:
    receive(body_of(1, 10))  # what the first delivery of all costs more is none of the list's
    few, many = (calls(partial(receive, body_of(n, n))) for n in (100, 400))
    assert many < 4.8 * few


def test_a_thousand_tags_are_learned_once(log: EventLog, receive: Receive, key_file: KeyFile) -> None:
    assert receive(with_tags(501, MOST_FACTS)).outcome == "applied"
    rosa = key_file.stream_of("greenhouse", "candidate", "501")
    tags = [
        recorded
        for recorded in log.history(rosa)
        if isinstance(recorded.event, ProfileFactLearned) and recorded.event.fact == "tag"
    ]
    assert len(tags) == MOST_FACTS
    assert receive(with_tags(501, MOST_FACTS) + b" ").events == 0


def test_a_long_history_is_folded_in_as_many_steps_as_it_has_events() -> None:
    def learned(number: int) -> Recorded[Event]:
        event = ProfileFactLearned("tag", "greenhouse", f"tag {number}")
        return Recorded(ALICE, number, event, event_id(number), NOW, START + number % 7 * DAY)

    few, many = (calls(partial(CANDIDATE.fold, ALICE, map(learned, range(1, n + 1)))) for n in (200, 800))
    assert many < 4.4 * few


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (with_tags(501, MOST_FACTS + 1), "tags-has-too-many-values"),
        (with_openings(77, MOST_FACTS + 1), "openings-has-too-many-values"),
        (
            delivery(
                "new_candidate_application",
                application=application(candidate=ROSA | {"email_addresses": [{"value": "a@x.example"}] * 101}),
            ),
            "email-addresses-has-too-many-values",
        ),
    ],
)
def test_a_delivery_with_a_list_without_end_is_kept_and_changes_nothing(
    log: EventLog, receive: Receive, body: bytes, reason: str
) -> None:
    before = log.recorder.max_notification_id()
    received = receive(body)
    assert (received.outcome, received.reason, received.events) == ("kept", reason, 0)
    assert log.recorder.max_notification_id() == before


@pytest.mark.parametrize(("field", "longest"), [("emails", LONGEST_LIST), ("phones", LONGEST_LIST)])
def test_a_command_takes_so_many_values_and_no_more(field: str, longest: int) -> None:
    values: dict[str, Any] = {field: tuple(f"{place}@x.example" for place in range(longest + 1))}
    with pytest.raises(ListIsTooLong, match=f"'{field}' has 101 values; the limit is 100"):
        SourceCandidate(candidate=ALICE, now=NOW, **values)
    SourceCandidate(candidate=ALICE, now=NOW, **{field: values[field][:longest]})


@pytest.mark.parametrize(
    ("column", "longest"), [("emails", LONGEST_LIST), ("tags", MOST_FACTS), ("skills", MOST_FACTS)]
)
def test_a_line_takes_so_many_values_and_no_more(column: str, longest: int) -> None:
    def row(n: int) -> Row:
        return Row("candidates", {column: ";".join(f"v{place}" for place in range(n))}, Manner(ZoneInfo("UTC")))

    assert len(row(longest).texts(column)) == longest
    with pytest.raises(ListIsTooLong):
        row(longest + 1).texts(column)


def test_tellings_that_grew_out_of_one_do_not_see_each_other() -> None:
    def event(number: int, kind: type[ProfileFactLearned | ProfileFactRetracted] = ProfileFactLearned) -> Any:
        return Recorded(ALICE, number, kind("tag", "self", "x"), event_id(number), START)

    state = CANDIDATE.fold(ALICE, [event(1)])
    left, right = CANDIDATE.evolve(state, event(2, ProfileFactRetracted)), CANDIDATE.evolve(state, event(3))
    assert [len(one_state.telling) for one_state in (CANDIDATE.start(ALICE), state, left, right)] == [0, 1, 2, 2]
    assert [statement.retracted for statement in left.told("tag", "self", "X", NOW)] == [False, True]
    assert [statement.retracted for statement in right.told("tag", "self", "X", NOW)] == [False, False]
    assert [statement.event for statement in state.told("tag", "self", "X", NOW)] == [event_id(1)]
    assert left != right
    assert left == CANDIDATE.fold(ALICE, [event(1), event(2, ProfileFactRetracted)])
    assert CANDIDATE.start(ALICE).telling == Statements()
