"""Every kind of history comes in as events that are dated as they were; what is known already is not told again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.intake.imports.columns import KINDS as COLUMNS
from adapters.intake.imports.kinds import KINDS
from domain.candidate import CandidateSourced, ProfileFactLearned
from domain.consent import ConsentGiven, ConsentRefused, ConsentWithdrawn
from domain.event import Event
from domain.touchpoint import TouchpointRecorded
from tests.adapters.intake.imports.conftest import NOW, SYSTEM, House

ANA = "id,at,source,role,name,emails,current_employer,skills\n1,2024-01-05,Fair,Gardener,Ana,a@x.org;b@x.org,Zoo,\n"
PEOPLE = "id,at\n1,2024-01-05\n2,2024-01-06\n"
JOB = "id,at,openings\nJ1,2024-01-01,1;2\n"


def first(house: House, kind: str, outside_id: str, event: type[Event]) -> Any:
    return next(recorded for recorded in house.history(kind, outside_id) if isinstance(recorded.event, event))


def test_the_columns_are_those_of_the_kinds() -> None:
    assert COLUMNS.keys() == KINDS.keys()


def test_an_unknown_person_is_sourced_and_the_rest_is_learned(house: House) -> None:
    report = house.taken("candidates", ANA)
    assert (report.standing.added, report.standing.events) == (1, 2)
    sourced, learned = house.history("candidate", "1")
    assert sourced.event == CandidateSourced(
        "fair", "gardener", "unknown", SYSTEM, "1", "Ana", ("a@x.org", "b@x.org"), ()
    )
    assert (sourced.at, sourced.occurred_how) == (datetime(2024, 1, 5, 11, tzinfo=UTC), "derived.at")
    assert sourced.actor == f"import:{SYSTEM}"
    assert learned.event == ProfileFactLearned("current-employer", SYSTEM, "Zoo")


def test_of_a_known_person_only_what_is_new_is_learned(house: House) -> None:
    house.taken("candidates", ANA)
    head = "id,updated_at,name,emails,current_employer,skills,learned_from\n"
    later = head + "1,2024-06-01,Ana,b@x.org;c@x.org,Farm,pruning,ats\n"
    assert house.taken("candidates", later).standing.events == 3
    learned = [("email", "c@x.org"), ("current-employer", "Farm"), ("skill", "pruning")]
    expected = [ProfileFactLearned(fact, "ats", value) for fact, value in learned]
    assert [recorded.event for recorded in house.history("candidate", "1")[2:]] == expected
    assert house.history("candidate", "1")[-1].at == datetime(2024, 6, 1, 10, tzinfo=UTC)


def test_a_person_who_stands_twice_in_a_file_is_one(house: House) -> None:
    report = house.taken("candidates", "id,name,skills\n1,Ana,\n2,Bo,\n1,,pruning\n1,,grafting\n2,,felling\n")
    assert report.standing.added == 5
    assert house.types("candidate", "1") == ["candidate-sourced", "profile-fact-learned", "profile-fact-learned"]


def test_a_webhook_and_a_line_make_one_person(house: House) -> None:
    house.taken("candidates", "id,name\n57683957,Hans\n", system="greenhouse")
    assert house.importer.log.history(house.key_file.stream_of("greenhouse", "candidate", "57683957"))


def test_touchpoints_keep_their_time_their_message_and_their_id(house: House) -> None:
    house.taken("candidates", PEOPLE)
    report = house.taken(
        "touchpoints",
        "id,candidate,kind,at,message,machine,note\n"
        "t1,1,email-sent,2024-02-01T08:00:00Z,m1,,hello\n"
        "t2,1,email-opened,2024-02-01T09:00:00Z,m1,true,\n"
        ",2,call-answered,2024-02-02T09:00:00Z,,,\n"
        ",2,call-answered,2024-02-02T09:00:00Z,,,\n",
    )
    assert (report.standing.added, report.standing.known) == (3, 1)
    sent, opened = (recorded.event for recorded in house.history("candidate", "1")[1:])
    assert isinstance(sent, TouchpointRecorded)
    assert isinstance(opened, TouchpointRecorded)
    assert sent.touchpoint == house.stream("touchpoint", "t1")
    assert sent.message == opened.message == house.stream("message", "m1")
    assert (sent.note, sent.authorised, sent.reported_by, opened.machine) == ("hello", False, SYSTEM, True)
    assert house.history("candidate", "1")[1].at == datetime(2024, 2, 1, 8, tzinfo=UTC)


def test_touchpoints_may_name_people_of_another_source(house: House) -> None:
    house.taken("candidates", PEOPLE)
    line = "id,candidate,candidate_source,kind,at\nt1,1,old-crm,email-replied,2024-02-01\n"
    house.taken("touchpoints", line, system="mailer")
    assert house.types("candidate", "1") == ["candidate-sourced", "touchpoint-recorded"]


def test_an_imported_consent_says_that_it_is_one(house: House) -> None:
    house.taken("candidates", PEOPLE)
    house.taken(
        "consents",
        '{"candidate": 1, "answer": "given", "at": "2024-02-01", "purpose": "talent_pool", "channels": ["email"], '
        '"evidence": "form 7", "valid_until": "2025-01-01", "notice": "privacy"}\n'
        '{"candidate": 1, "answer": "withdrawn", "at": "2024-03-01", "purpose": "talent_pool", "evidence": "a call"}\n'
        '{"candidate": 2, "answer": "refused", "at": "2024-02-01", "purpose": "newsletter"}\n',
    )
    given = first(house, "candidate", "1", ConsentGiven)
    assert (given.event.method, given.event.answered_by, given.event.evidence) == ("import", "import", "form 7")
    assert given.at == datetime(2024, 2, 1, 11, tzinfo=UTC)
    withdrawn = first(house, "candidate", "1", ConsentWithdrawn).event
    assert (withdrawn.method, withdrawn.entirely, withdrawn.reason) == ("import", True, "a call")
    assert first(house, "candidate", "2", ConsentRefused).event.method == "import"


def test_an_older_consent_does_not_revive_what_was_withdrawn_since(house: House) -> None:
    house.taken("candidates", PEOPLE)
    head = "candidate,answer,at,purpose,channels,evidence\n"
    house.taken("consents", head + "1,withdrawn,2024-03-01,talent_pool,,\n")
    house.taken("consents", head + "1,given,2024-02-01,talent_pool,email,form 7\n")
    line = "candidate,kind,at\n1,email-sent,2024-04-01\n1,email-sent,2024-02-15\n"
    house.taken("touchpoints", line)
    assert [recorded.event.authorised for recorded in house.history("candidate", "1")[3:]] == [False, True]  # type: ignore[attr-defined]  # a touchpoint has it


def test_a_job_with_its_openings_holds_and_people(house: House) -> None:
    line = (
        "id,at,title,role,openings,held_at,resumed_at,cancelled_openings,cancelled_at,reason,target_date,hiring_manager,"
        "recruiter\n"
        "J1,2024-01-01,Gardener,Gardener,1;2,2024-02-01;2024-04-01,2024-03-01,2,2024-05-01,Budget,2024-12-31,Kim,Lou\n"
    )
    house.taken("requisitions", line)
    assert house.types("requisition", "J1") == [
        "requisition-opened", "opening-opened", "opening-opened", "requisition-held", "requisition-resumed",
        "requisition-held", "target-date-set", "hiring-manager-assigned", "recruiter-assigned", "opening-cancelled",
    ]  # fmt: skip
    later = line.replace("1;2,", "1;2;3,").replace("2024-03-01,2,", "2024-03-01;2024-06-01,2,").replace("Lou", "Max")
    assert house.taken("requisitions", later).standing.events == 3
    assert house.types("requisition", "J1")[-3:] == ["opening-opened", "requisition-resumed", "recruiter-assigned"]


def test_a_job_that_names_no_opening_has_one(house: House) -> None:
    house.taken("requisitions", "id,at\nJ1,2024-01-01\n")
    assert house.types("requisition", "J1") == ["requisition-opened", "opening-opened"]


def test_an_application_from_its_beginning_to_its_end(house: House) -> None:
    house.taken("candidates", PEOPLE)
    house.taken("requisitions", JOB)
    line = (
        "id,candidate,requisition,at,source,stages,opening,offered_at,accepted_at,outcome,ended_at\n"
        "A1,1,J1,2024-02-01,Fair,onsite@2024-02-20;phone@2024-02-10,2,2024-03-01,2024-03-05,hired,2024-03-10\n"
    )
    house.taken("applications", line)
    assert house.types("application", "A1") == [
        "application-submitted", "stage-entered", "stage-entered", "offer-made", "offer-accepted", "candidate-hired",
    ]  # fmt: skip
    assert [recorded.at for recorded in house.history("application", "A1")] == sorted(
        recorded.at for recorded in house.history("application", "A1")
    )
    filled = house.history("requisition", "J1")[-1]
    assert filled.event.stored_name == "opening-filled.v1"
    assert filled.event.opening == house.stream("opening", "J1/2")  # type: ignore[attr-defined]  # that event has it


OFFER = (
    "id,candidate,requisition,at,opening,offered_at,accepted_at,declined_at,rescinded_at,rescinded_by,offer_reason\n"
)


@pytest.mark.parametrize(
    ("cells", "types", "ended"),
    [
        ("2024-03-01,,2024-03-03,,,Pay", ["offer-made", "offer-declined"], {"reason": "pay"}),
        ("2024-03-01,,,2024-03-04,,", ["offer-made", "offer-rescinded"], {"by": "us", "reason": "unknown"}),
        ("2024-03-01,2024-03-02,,2024-03-02,candidate,Other Job",
         ["offer-made", "offer-accepted", "offer-rescinded"], {"by": "candidate", "reason": "other-job"}),
    ],
)  # fmt: skip
def test_an_offer_may_be_declined_or_taken_back_and_is_recorded_once(
    house: House, cells: str, types: list[str], ended: dict[str, str]
) -> None:
    house.taken("candidates", PEOPLE)
    house.taken("requisitions", JOB)
    line = f"A1,1,J1,2024-02-01,2,{cells}\n"
    house.taken("applications", OFFER + line)
    assert house.types("application", "A1") == ["application-submitted", *types]
    last = house.history("application", "A1")[-1].event
    assert {name: getattr(last, name) for name in ended} == ended
    more = OFFER.replace("at,", "at,note,", 1) + line.replace("01,2,", "01,seen again,2,", 1)
    house.taken("applications", more)
    assert house.types("application", "A1") == ["application-submitted", *types], "what is known is not told again"


def test_an_offer_that_cannot_end_so_rejects_its_line(house: House) -> None:
    house.taken("candidates", PEOPLE)
    house.taken("requisitions", JOB)
    lines = (
        "A1,1,J1,2024-02-01,2,2024-03-01,2024-03-02,2024-03-03,,,\n"
        "A2,1,J1,2024-02-01,2,,,2024-03-03,,,\n"
        "A3,1,J1,2024-02-01,2,2024-03-01,,,2024-03-03,them,\n"
    )
    reasons = house.import_("applications", house.file("a.csv", OFFER + lines)).standing.reasons
    assert reasons == {"offer-was-accepted": 1, "offer-is-not-out": 1, "value-cannot-be-read": 1}


def test_a_later_line_continues_an_application(house: House) -> None:
    house.taken("candidates", PEOPLE)
    house.taken("requisitions", JOB)
    head = "id,candidate,requisition,at,prospect,stages,outcome,ended_at,reason,note\n"
    house.taken("applications", head + "A1,1,,2024-02-01,true,,,,,\n")
    house.taken("applications", head + "A1,1,J1,2024-02-05,,phone@2024-02-10,,,,\n")
    house.taken("applications", head + "A1,1,J1,2024-02-05,,phone@2024-02-10,rejected,2024-03-01,Skills,not yet\n")
    late = head + "A1,1,J1,2024-02-05,,sift@2024-02-07;phone@2024-02-10,rejected,2024-03-01,Skills,not yet\n"
    house.taken("applications", late)
    types = ["prospect-added", "application-submitted", "stage-entered", "application-rejected", "stage-entered"]
    assert house.types("application", "A1") == types


@pytest.mark.parametrize(
    ("kind", "line", "rule"),
    [
        ("candidates", "id,at\n,2024-01-01\n", "value-is-missing"),
        ("candidates", f"id,at\n9,{NOW.year + 1}-01-01\n", "time-is-in-the-future"),
        ("candidates", "id,learned_from,owner\n9,Our CRM,bo\n", "text-is-written-wrongly"),
        ("touchpoints", "candidate,kind,at\n9,call-answered,2024-01-01\n", "candidate-does-not-exist"),
        ("touchpoints", "candidate,kind,at\n1,pigeon-sent,2024-01-01\n", "touchpoint-kind-is-unknown"),
        ("touchpoints", "candidate,kind,at\n1,call-answered,\n", "value-is-missing"),
        ("touchpoints", "candidate,kind,at,machine\n1,email-opened,2024-01-01,maybe\n", "value-cannot-be-read"),
        (
            "consents",
            "candidate,answer,at,purpose,channels\n1,given,2024-01-01,talent_pool,email\n",
            "imported-consent-needs-its-evidence",
        ),
        ("consents", "candidate,answer,at,purpose\n1,maybe,2024-01-01,talent_pool\n", "value-cannot-be-read"),
        ("requisitions", "id,at,cancelled_openings\nJ9,2024-01-01,1\n", "step-has-no-time"),
        ("applications", "id,candidate,at\nA1,1,2024-01-01\n", "value-is-missing"),
        ("applications", "id,candidate,requisition,at\nA1,1,J9,2024-01-01\n", "requisition-does-not-exist"),
        ("applications", "id,candidate,requisition,at,outcome\nA1,1,J1,2024-01-01,hired\n", "step-has-no-time"),
        ("applications", "id,candidate,requisition,at,outcome\nA1,1,J1,2024-01-01,gone\n", "value-cannot-be-read"),
        (
            "applications",
            "id,candidate,requisition,at,accepted_at\nA1,1,J1,2024-01-01,2024-02-01\n",
            "value-is-missing",
        ),
    ],
)
def test_a_line_that_is_wrong_is_rejected_whole(house: House, kind: str, line: str, rule: str) -> None:
    house.taken("candidates", PEOPLE)
    house.taken("requisitions", JOB)
    before = house.length()
    report = house.import_(kind, house.file("wrong.csv", line))
    assert report.standing.reasons == {rule: 1}
    assert house.length() == before
